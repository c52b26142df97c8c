"""TLS between components, in the forms that the charts accept.

A server shows its component's certificate; a client holds it against the bundle of roots, under the name of the
Service, whatever the address. What reads the bundle once, at its start, restarts with it (`restart_with_trust`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.workloads import ALERTMANAGER, PROMETHEUS
from monitoring.blueprint.objects.certificates import issuer
from monitoring.blueprint.objects.trust import TRUST_BUNDLE, TRUST_KEY
from monitoring.blueprint.releases.pod_settings import checksum
from monitoring.fleet.model import Region

TRUST_FOLDER = "/etc/oversight/trust"
TLS_FOLDER = "/etc/oversight/tls"
"""Where pods find the bundle of roots and their own certificate."""

WITH_SYSTEM_ROOTS = {"name": "SSL_CERT_DIR", "value": TRUST_FOLDER}
"""Go reads this folder besides the system's file of roots (crypto/x509, root_unix.go), once."""


def restart_with_trust(region: Region) -> dict[str, str]:
    """A pod annotation that changes with the roots, and so makes a workload roll."""
    return {"oversight.com/trust": checksum(root.pem for root in region.trust)}


def _of_secret(component: Component, key: str) -> dict[str, str]:
    return {"name": component.certificate_secret, "key": key}


def _shown(component: Component) -> dict[str, Any]:
    return {
        "cert": {"secret": _of_secret(component, "tls.crt")},
        "keySecret": _of_secret(component, "tls.key"),
    }


def _roots() -> dict[str, Any]:
    return {"configMap": {"name": TRUST_BUNDLE, "key": TRUST_KEY}}


def server(component: Component) -> dict[str, Any]:
    """The operator's `web.tlsConfig`. It asks for no client certificate: the kubelet's probes have none."""
    return {**_shown(component), "minVersion": "TLS13"}


def client(component: Component, *, own: Component | None = None) -> dict[str, Any]:
    """The operator's `tlsConfig` of whoever calls `component`, with the certificate of `own` where it shows one."""
    return {"ca": _roots(), "serverName": component.host, **(_shown(own) if own else {})}


def stack(region: Region) -> dict[str, Any]:
    """Paths of kube-prometheus-stack: both web servers, who scrapes and calls them, gossip, the webhook."""
    alertmanager = "alertmanager.alertmanagerSpec"
    return {
        "prometheus.prometheusSpec.web.tlsConfig": server(PROMETHEUS),
        "prometheus.serviceMonitor": {"scheme": "https", "tlsConfig": client(PROMETHEUS)},
        f"{alertmanager}.web.tlsConfig": server(ALERTMANAGER),
        "alertmanager.serviceMonitor": {"scheme": "https", "tlsConfig": client(ALERTMANAGER)},
        # the chart writes these two into Prometheus' alerting
        f"{alertmanager}.scheme": "https",
        f"{alertmanager}.tlsConfig": client(ALERTMANAGER),
        f"{alertmanager}.clusterTLS": _gossip(),
        f"{alertmanager}.podMetadata.annotations": restart_with_trust(region),
        "prometheusOperator.admissionWebhooks.certManager.issuerRef": dict(issuer(region)),
        "grafana.podAnnotations": restart_with_trust(region),
        "grafana.env.SSL_CERT_DIR": TRUST_FOLDER,
        "grafana.extraConfigmapMounts": [
            {"name": "trust", "configMap": TRUST_BUNDLE, "mountPath": TRUST_FOLDER, "readOnly": True}
        ],
    }


def _gossip() -> dict[str, Any]:
    """Between Alertmanagers, certificates on both sides; without `clientAuthType` any client would do."""
    return {
        "server": {
            **_shown(ALERTMANAGER),
            "client_ca": _roots(),
            "clientAuthType": "RequireAndVerifyClientCert",
            "minVersion": "TLS13",
        },
        "client": client(ALERTMANAGER, own=ALERTMANAGER),
    }


def trust_volume() -> dict[str, Any]:
    """The volume of the roots."""
    return {"name": "trust", "configMap": {"name": TRUST_BUNDLE}}


def trust_mount() -> dict[str, Any]:
    """Where it is in a container."""
    return {"name": "trust", "mountPath": TRUST_FOLDER, "readOnly": True}


def mounted(component: Component, *, prefix: str) -> dict[str, Any]:
    """Paths of the Thanos chart that mount a part's certificate and the roots.

    Folders, not `subPath`: a renewed certificate must arrive in a running pod.
    """
    return {
        f"{prefix}.extraVolumes": [
            {"name": "tls", "secret": {"secretName": component.certificate_secret}},
            trust_volume(),
        ],
        f"{prefix}.extraVolumeMounts": [
            {"name": "tls", "mountPath": TLS_FOLDER, "readOnly": True},
            trust_mount(),
        ],
    }


def served(listener: str) -> list[str]:
    """Thanos' flags for a listener (`grpc-server`, `remote-write.server`) that lets in only clients of the roots."""
    flags: Mapping[str, str] = {
        "cert": f"{TLS_FOLDER}/tls.crt",
        "key": f"{TLS_FOLDER}/tls.key",
        "client-ca": f"{TRUST_FOLDER}/{TRUST_KEY}",
    }
    return [f"--{listener}-tls-{name}={file}" for name, file in flags.items()]


def client_files() -> dict[str, str]:
    """Thanos' `tls_config` of a client that shows its own certificate, mounted by `mounted`."""
    return {
        "ca_file": f"{TRUST_FOLDER}/{TRUST_KEY}",
        "cert_file": f"{TLS_FOLDER}/tls.crt",
        "key_file": f"{TLS_FOLDER}/tls.key",
    }
