"""The door: people sign in with Entra, before anything else is reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from monitoring.blueprint.charts import versions
from monitoring.blueprint.components import PROMETHEUS, SIGN_IN, SIGN_IN_SECRETS
from monitoring.blueprint.layers import nested
from monitoring.blueprint.releases._parts import of_component, place, spread
from monitoring.fleet.model import Region

SECRETS_FOLDER = "/mnt/key-vault"
CLOSED_PATHS = ("/api/v1/admin/", "/api/v1/status/config", "/api/v1/status/flags", "/debug/", "/federate", "/-/")
"""Paths of Prometheus that nobody needs at the door: 403, whoever asks."""

KNOWN_AFTER_APPLY = {"extraObjects[0].spec.parameters.clientID": SIGN_IN.name}
"""The driver takes the identity's client id from the SecretProviderClass, not from the pod's account."""


def computed(region: Region) -> Mapping[str, Any]:
    """All that depends on the region, or that other modules know (places, images, accounts)."""
    oauth2_proxy = versions().images["oauth2-proxy"]
    access = region.access
    return nested(
        {
            **place(""),
            "image.registry": oauth2_proxy.registry,
            "image.repository": oauth2_proxy.repository,
            "image.tag": oauth2_proxy.tag,
            "topologySpreadConstraints": spread(region, hard=False, selector=of_component(SIGN_IN)),
            "serviceAccount": {"enabled": False, "name": SIGN_IN.service_account},
            "config.emailDomains": [access.email_domain],
            "extraArgs": _flags(region),
            "alphaConfig.configData": {
                "providers": [_provider(region)],
                "upstreamConfig": {"upstreams": _upstreams()},
            },
            "extraVolumes": [
                {
                    "name": "key-vault",
                    "csi": {
                        "driver": "secrets-store.csi.k8s.io",
                        "readOnly": True,
                        "volumeAttributes": {"secretProviderClass": SIGN_IN_SECRETS},
                    },
                }
            ],
            "extraVolumeMounts": [{"name": "key-vault", "mountPath": SECRETS_FOLDER, "readOnly": True}],
            "extraObjects": [_secrets(region)],
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
        f"--cookie-secret-file={SECRETS_FOLDER}/{SIGN_IN.secrets[0]}",
        "--cookie-name=__Host-oversight",  # the prefix ties the cookie to this host and to TLS
        "--cookie-secure=true",
        "--cookie-samesite=lax",
        "--cookie-expire=8h",  # the default is a week; the minimal session cannot be refreshed
        "--session-cookie-minimal=true",
        f"--redirect-url=https://{region.access.host}/oauth2/callback",
        "--reverse-proxy=true",
        # by default every source may set X-Forwarded-*
        *(f"--trusted-proxy-ip={network}" for network in region.access.trusted_proxies),
        "--skip-provider-button=true",
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
        },
        # the pod's own token stands in for a client secret
        "microsoftEntraIDConfig": {"federatedTokenAuth": True},
    }


def _upstreams() -> list[dict[str, Any]]:
    closed = [{"id": f"closed{path}", "path": path, "static": True, "staticCode": 403} for path in CLOSED_PATHS]
    return [*closed, {"id": "prometheus", "path": "/", "uri": f"http://{PROMETHEUS.address('http-web')}"}]


def _secrets(region: Region) -> dict[str, Any]:
    objects = [yaml.safe_dump({"objectName": name, "objectType": "secret"}, sort_keys=True) for name in SIGN_IN.secrets]
    return {
        "apiVersion": "secrets-store.csi.x-k8s.io/v1",
        "kind": "SecretProviderClass",
        "metadata": {"name": SIGN_IN_SECRETS, "namespace": SIGN_IN.namespace},
        "spec": {
            "provider": "azure",
            "parameters": {
                "clientID": "set-by-terraform",
                "keyvaultName": region.key_vault.name,
                "tenantId": region.tenant_id,
                "objects": yaml.safe_dump({"array": objects}, default_style="|"),
            },
        },
    }
