"""The values of oauth2-proxy: sign-in with Entra before every other component."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitoring.blueprint.access.oauth2_proxy import ROLE_CLAIM, api_route, request_headers, upstreams
from monitoring.blueprint.components.workloads import COOKIE_SECRET, HTPASSWD_SECRET, SIGN_IN, SIGN_IN_SECRETS
from monitoring.blueprint.objects import key_vault
from monitoring.blueprint.releases import tls
from monitoring.blueprint.releases.pod_settings import image, of_component, scheduling, spread
from monitoring.blueprint.values.layers import nested
from monitoring.fleet.model import Region

KNOWN_AFTER_APPLY = {f"extraObjects[0].{key_vault.CLIENT_ID}": SIGN_IN.name}


def computed(region: Region) -> Mapping[str, Any]:
    """All that depends on the region, or that other modules know (places, images, accounts)."""
    access = region.access
    return nested(
        {
            **scheduling(""),
            "image": image("oauth2-proxy"),
            "topologySpreadConstraints": spread(region, hard=False, selector=of_component(SIGN_IN)),
            "serviceAccount": {"enabled": False, "name": SIGN_IN.service_account},
            "config.emailDomains": [access.email_domain],
            "extraArgs": _flags(region),
            "alphaConfig.configData": {
                "providers": [_provider(region)],
                "injectRequestHeaders": request_headers(),
                "upstreamConfig": {"upstreams": upstreams(region)},
            },
            "extraVolumes": [key_vault.volume(SIGN_IN_SECRETS), tls.trust_volume()],
            "extraVolumeMounts": [key_vault.mount(), tls.trust_mount()],
            "extraEnv": [tls.WITH_SYSTEM_ROOTS],  # of the upstreams, and of Entra
            "podAnnotations": tls.restart_with_trust(region),
            "extraObjects": [key_vault.secret_provider_class(SIGN_IN_SECRETS, region, SIGN_IN.secrets(region))],
            "gatewayApi.gatewayRef": {
                "name": access.gateway.name,
                "namespace": access.gateway.namespace,
                "sectionName": access.gateway.listener,
            },
            "gatewayApi.hostnames": [access.host],
        }
    )


def _flags(region: Region) -> list[str]:
    return [
        f"--cookie-secret-file={key_vault.FOLDER}/{COOKIE_SECRET}",
        "--cookie-name=__Host-oversight",  # the prefix ties the cookie to this host and to TLS
        "--cookie-secure=true",
        "--cookie-samesite=lax",
        "--cookie-expire=8h",  # the default is a week; the minimal session cannot be refreshed
        "--session-cookie-minimal=true",
        f"--redirect-url=https://{region.access.host}/oauth2/callback",
        "--reverse-proxy=true",
        # by default every source may set X-Forwarded-*
        *(f"--trusted-proxy-ip={network}" for network in region.access.trusted_proxies),
        f"--api-route={api_route()}",
        "--skip-provider-button=true",
        f"--htpasswd-file={key_vault.FOLDER}/{HTPASSWD_SECRET}",
        # allowedGroups is asked of machines too; a group of their own could be a person's as well
        f"--htpasswd-user-group={region.access.allowed_group}",
        "--display-htpasswd-form=false",
    ]


def _provider(region: Region) -> dict[str, Any]:
    return {
        "id": "entra",
        "provider": "entra-id",
        "clientID": region.access.client_id,
        "scope": "openid profile email",
        "code_challenge_method": "S256",
        "allowedGroups": [region.access.allowed_group],
        "oidcConfig": {
            "issuerURL": f"https://login.microsoftonline.com/{region.tenant_id}/v2.0",
            "audienceClaims": ["aud"],
            "emailClaim": "email",
            "groupsClaim": "groups",
            "insecureSkipNonce": False,  # skipped by default: a token of another sign-in would do
        },
        "additionalClaims": [ROLE_CLAIM],
        # the pod's own token stands in for a client secret
        "microsoftEntraIDConfig": {"federatedTokenAuth": True},
    }
