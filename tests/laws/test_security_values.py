"""Values that keep people, tokens and certificates apart, in every region: each is said once more by hand.

What a chart's own default already says is not repeated here: `tests/golden/` holds the charts, and Pod Security
(`monitoring/blueprint/values/manifests.py`) each rendered pod.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from monitoring.blueprint.releases import releases
from monitoring.fleet import Fleet, Region, load_fleet

ROOT = Path(__file__).parents[2]
FLEETS = {folder: load_fleet(ROOT / folder) for folder in ("regions", "tests/fleet/regions")}
REGIONS = [(fleet, region) for fleet in FLEETS.values() for region in fleet.regions]
ABSENT = "absent"


def values(fleet: Fleet, region: Region) -> dict[str, Mapping[str, Any]]:
    """The final values of each release of the region."""
    return {release.name: release.values for release in releases(region, fleet.peers_of(region))}


def at(found: Any, path: str) -> Any:
    """`a.b.0.c`; ABSENT where there is none. A key with a dot stands as `grafana/ini`."""
    for part in path.split("."):
        key = int(part) if isinstance(found, list) else part.replace("/", ".")
        try:
            found = found[key]
        except (KeyError, IndexError, TypeError):
            return ABSENT
    return found


RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
TRUST = "/etc/oversight/trust"
KUBE = "prometheus.prometheusSpec"

EXPECTED: dict[str, dict[str, Any]] = {
    "kube-prometheus-stack": {
        # tokens of Kubernetes where nobody asks Kubernetes
        "alertmanager.alertmanagerSpec.automountServiceAccountToken": False,
        "prometheusOperator.admissionWebhooks.deployment.automountServiceAccountToken": False,
        "alertmanager.serviceAccount": {"create": False, "name": "prometheus-alertmanager"},
        "prometheus.serviceAccount": {"create": False, "name": "prometheus-prometheus"},
        # roles of ConfigMaps, not of Secrets; nothing of the host's processes
        "grafana.rbac": {"namespaced": True, "useExistingRole": "grafana"},
        "grafana.extraObjects.0.rules": [
            {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "watch", "list"]}
        ],
        "grafana.containerSecurityContext.readOnlyRootFilesystem": True,
        "grafana.sidecar.securityContext.readOnlyRootFilesystem": True,
        "kube-state-metrics.collectorsExclude": ["configmaps", "secrets"],
        "prometheus-node-exporter.hostPID": False,
        "prometheus-node-exporter.containerSecurityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "prometheus-node-exporter.securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "grafana.initChownData.enabled": False,
        # quits and reloads by signal, not by whoever reaches the port
        f"{KUBE}.reloadStrategy": "ProcessSignal",
        f"{KUBE}.enableAdminAPI": ABSENT,
        f"{KUBE}.enableServiceLinks": False,
        # web servers, and gossip with certificates on both sides
        f"{KUBE}.web.tlsConfig.minVersion": "TLS13",
        f"{KUBE}.web.tlsConfig.cert.secret.key": "tls.crt",
        f"{KUBE}.web.tlsConfig.keySecret.key": "tls.key",
        "alertmanager.alertmanagerSpec.web.tlsConfig.minVersion": "TLS13",
        "alertmanager.alertmanagerSpec.clusterTLS.server.minVersion": "TLS13",
        "alertmanager.alertmanagerSpec.clusterTLS.server.clientAuthType": "RequireAndVerifyClientCert",
        "alertmanager.alertmanagerSpec.clusterTLS.server.client_ca": {
            "configMap": {"name": "trust-bundle", "key": "roots.pem"}
        },
        "alertmanager.alertmanagerSpec.scheme": "https",
        "prometheus.serviceMonitor.scheme": "https",
        "alertmanager.serviceMonitor.scheme": "https",
        # the sidecar before /federate
        f"{KUBE}.containers.0.name": "kube-rbac-proxy",
        f"{KUBE}.containers.0.securityContext": RESTRICTED,
        f"{KUBE}.containers.0.args": [
            "--secure-listen-address=0.0.0.0:9443",
            "--upstream=https://localhost:9090",
            f"--upstream-ca-file={TRUST}/roots.pem",
            f"--client-ca-file={TRUST}/roots.pem",
            "--tls-cert-file=/etc/oversight/tls/tls.crt",
            "--tls-private-key-file=/etc/oversight/tls/tls.key",
            "--tls-min-version=VersionTLS13",
            "--allow-paths=/federate",
            "--config-file=/etc/oversight/federation/config.yaml",
        ],
        f"{KUBE}.containers.0.resources": {
            "requests": {"cpu": "10m", "memory": "32Mi"},
            "limits": {"cpu": "200m", "memory": "128Mi"},
        },
        # a bad rule is refused, by two webhooks with a certificate of cert-manager
        "prometheusOperator.admissionWebhooks.failurePolicy": "IgnoreOnInstallOnly",
        "prometheusOperator.admissionWebhooks.deployment.enabled": True,
        "prometheusOperator.admissionWebhooks.deployment.replicas": 2,
        "prometheusOperator.admissionWebhooks.patch.enabled": False,
        "prometheusOperator.admissionWebhooks.certManager.enabled": True,
        "prometheusOperator.admissionWebhooks.certManager.admissionCert.duration": "2160h",
        **{
            f"prometheusOperator.admissionWebhooks.{kind}WebhookConfiguration.annotations": {
                "admissions.enforcer/disabled": "true"
            }
            for kind in ("mutating", "validating")
        },
        # who comes to Grafana has signed in at oauth2-proxy, and is a viewer unless it says more
        "grafana.grafana/ini.users.auto_assign_org_role": "Viewer",
        "grafana.grafana/ini.users.allow_sign_up": False,
        "grafana.grafana/ini.auth.disable_login_form": True,
        "grafana.grafana/ini.auth/basic.enabled": False,
        "grafana.grafana/ini.auth/anonymous": ABSENT,
        "grafana.grafana/ini.auth/proxy.enabled": True,
        "grafana.grafana/ini.auth/proxy.header_name": "X-Oversight-User",
        "grafana.grafana/ini.auth/proxy.header_property": "email",
        "grafana.grafana/ini.auth/proxy.headers": "Role:X-Oversight-Role",
        "grafana.grafana/ini.auth/proxy.auto_sign_up": True,
        "grafana.grafana/ini.auth/proxy.enable_login_token": False,
        "grafana.grafana/ini.auth/proxy.sync_ttl": 5,
        "grafana.grafana/ini.analytics": {
            "check_for_updates": False,
            "check_for_plugin_updates": False,
            "reporting_enabled": False,
        },
        "grafana.grafana/ini.plugins": {"preinstall_disabled": True, "plugin_admin_enabled": False},
        "grafana.grafana/ini.snapshots.external_enabled": False,
        "grafana.env": {"GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION": "true", "SSL_CERT_DIR": TRUST},
        "grafana.sidecar.dashboards.resource": "configmap",
        "grafana.sidecar.dashboards.searchNamespace": "monitoring",
        "grafana.sidecar.datasources.resource": "configmap",
        "grafana.sidecar.datasources.searchNamespace": "monitoring",
    },
    "oauth2-proxy": {
        "proxyVarsAsSecrets": False,
        "config.requiredSecretKeys": [],
        "serviceAccount": {"enabled": False, "name": "oauth2-proxy", "automountServiceAccountToken": False},
        "podLabels": {"azure.workload.identity/use": "true"},
        "podSecurityContext": {"runAsNonRoot": True, "fsGroup": 2000, "seccompProfile": {"type": "RuntimeDefault"}},
        "enableServiceLinks": False,
        "alphaConfig.enabled": True,
        "alphaConfig.configData.providers.0.provider": "entra-id",
        "alphaConfig.configData.providers.0.scope": "openid profile email",
        "alphaConfig.configData.providers.0.code_challenge_method": "S256",
        "alphaConfig.configData.providers.0.oidcConfig.insecureSkipNonce": False,
        "alphaConfig.configData.providers.0.oidcConfig.audienceClaims": ["aud"],
        "alphaConfig.configData.providers.0.oidcConfig.emailClaim": "email",
        "alphaConfig.configData.providers.0.oidcConfig.groupsClaim": "groups",
        "alphaConfig.configData.providers.0.additionalClaims": ["roles"],
        "alphaConfig.configData.providers.0.microsoftEntraIDConfig": {"federatedTokenAuth": True},
        "extraEnv": [{"name": "SSL_CERT_DIR", "value": TRUST}],
    },
    "prometheus-postgres-exporter": {
        "rbac.create": False,
        "config.datasource.sslmode": "verify-full",
        "config.datasource.extraParams": "connect_timeout=5&application_name=postgres_exporter",
    },
    "prometheus-redis-exporter": {
        "rbac.create": False,
        "serviceAccount": {"create": False, "name": "redis-exporter"},
        "extraManifests.2.automountServiceAccountToken": False,
        "podSecurityContext": {
            "runAsNonRoot": True,
            "runAsUser": 59000,
            "runAsGroup": 59000,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "securityContext": RESTRICTED,
        "extraArgs.disable-scrape-endpoint": "true",
        "extraArgs.config-command": "-",
        "extraArgs.connection-timeout": "5s",
        "extraArgs.log-format": "json",
    },
    "thanos": {
        "objstoreConfig.create": False,
        **{
            f"{part}.serviceAccount": {"create": False, "name": account}
            for part, account in (
                ("receive.ingestor", "thanos-receive-ingestor"),
                ("storeGateway", "thanos-store-gateway"),
                ("compact", "thanos-compact"),
            )
        },
        **{
            f"{part}.podLabels": {"azure.workload.identity/use": "true"}
            for part in ("receive.ingestor", "storeGateway", "compact")
        },
    },
    "thanos-global": {"objstoreConfig.create": False},
}


@pytest.mark.parametrize(("fleet", "region"), REGIONS, ids=lambda one: getattr(one, "name", ""))
def test_isolation_values_are_as_stated(fleet: Fleet, region: Region) -> None:
    for name, found in values(fleet, region).items():
        wanted = EXPECTED.get(name, {})
        assert {path: at(found, path) for path in wanted} == wanted, name


@pytest.mark.parametrize(("fleet", "region"), REGIONS, ids=lambda one: getattr(one, "name", ""))
def test_the_sign_in_is_of_the_regions_tenant_group_and_host(fleet: Fleet, region: Region) -> None:
    found = values(fleet, region)["oauth2-proxy"]
    provider = at(found, "alphaConfig.configData.providers.0")
    assert provider["allowedGroups"] == [region.access.allowed_group]
    assert provider["clientID"] == region.access.client_id
    assert provider["oidcConfig"]["issuerURL"] == f"https://login.microsoftonline.com/{region.tenant_id}/v2.0"
    assert found["config"]["emailDomains"] == [region.access.email_domain]
    assert found["extraArgs"] == [
        "--cookie-secret-file=/mnt/key-vault/oauth2-proxy-cookie-secret",
        "--cookie-name=__Host-oversight",
        "--cookie-secure=true",
        "--cookie-samesite=lax",
        "--cookie-expire=8h",
        "--session-cookie-minimal=true",
        f"--redirect-url=https://{region.access.host}/oauth2/callback",
        "--reverse-proxy=true",
        *(f"--trusted-proxy-ip={network}" for network in region.access.trusted_proxies),
        "--api-route=^(|/alertmanager|/grafana|/thanos|/thanos/global)/apis?/",
        "--skip-provider-button=true",
        "--htpasswd-file=/mnt/key-vault/oauth2-proxy-htpasswd",
        f"--htpasswd-user-group={region.access.allowed_group}",
        "--display-htpasswd-form=false",
    ]
    assert at(found, "gatewayApi.hostnames") == [region.access.host]


@pytest.mark.parametrize(("fleet", "region"), REGIONS, ids=lambda one: getattr(one, "name", ""))
def test_grafana_trusts_auth_headers_only_from_the_pod_network(fleet: Fleet, region: Region) -> None:
    """From the pods' network: a port-forward comes from 127.0.0.1."""
    found = values(fleet, region)["kube-prometheus-stack"]
    assert at(found, "grafana.grafana/ini.auth/proxy.whitelist") == str(region.network.pod_network)


@pytest.mark.parametrize(("fleet", "region"), REGIONS, ids=lambda one: getattr(one, "name", ""))
def test_thanos_listens_with_certificates_on_both_sides_to_whom_is_not_of_its_region(
    fleet: Fleet, region: Region
) -> None:
    found = values(fleet, region)["thanos"]
    shown = ["cert=/etc/oversight/tls/tls.crt", "key=/etc/oversight/tls/tls.key", f"client-ca={TRUST}/roots.pem"]
    for path, listener in (("receive.router", "remote-write.server"), ("query", "grpc-server")):
        flags = at(found, f"{path}.extraArgs")
        assert [flag for flag in flags if "-tls-" in flag] == [f"--{listener}-tls-{one}" for one in shown]
        assert [mount["mountPath"] for mount in at(found, f"{path}.extraVolumeMounts")] == ["/etc/oversight/tls", TRUST]
        assert all(mount["readOnly"] for mount in at(found, f"{path}.extraVolumeMounts"))


SAFE: dict[str, Any] = {
    "runAsNonRoot": True,
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "privileged": False,
    "hostNetwork": False,
    "hostPID": False,
    "insecureSkipVerify": False,
    "insecure_skip_verify": False,
}


def unsafe(found: Any, path: str = "") -> list[str]:
    """Where values say one of `SAFE` otherwise."""
    if isinstance(found, Mapping):
        here = [f"{path}.{key}" for key, value in found.items() if key in SAFE and value is not SAFE[key]]
        return here + [fault for key, value in found.items() for fault in unsafe(value, f"{path}.{key}")]
    below = enumerate(found) if isinstance(found, list) else ()
    return [fault for index, value in below for fault in unsafe(value, f"{path}[{index}]")]


@pytest.mark.parametrize(("fleet", "region"), REGIONS, ids=lambda one: getattr(one, "name", ""))
def test_no_container_asks_for_more_than_it_needs_of_the_host(fleet: Fleet, region: Region) -> None:
    assert {name: unsafe(found) for name, found in values(fleet, region).items() if unsafe(found)} == {}


def test_container_with_extra_host_access_is_reported() -> None:
    assert unsafe({"a": [{"securityContext": {"runAsNonRoot": False, "privileged": False}}], "hostPID": True}) == [
        ".hostPID",
        ".a[0].securityContext.runAsNonRoot",
    ]
