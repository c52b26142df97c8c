"""Federation in the chart values: the sidecar before /federate, the scrape job, and their files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitoring.blueprint.components.workloads import PROMETHEUS
from monitoring.blueprint.objects.federation import CONFIG_KEY, CONFIG_MAP, PATH, authorization
from monitoring.blueprint.objects.trust import TRUST_KEY
from monitoring.blueprint.releases import tls
from monitoring.blueprint.releases.pod_settings import checksum
from monitoring.blueprint.scraping import federation
from monitoring.blueprint.values.charts import versions
from monitoring.blueprint.values.confinement import confined
from monitoring.fleet.model import Peer, Region

FOLDER = "/etc/oversight/federation"
"""Where the sidecar has its configuration."""

TRUST_FILE = f"{tls.TRUST_FOLDER}/{TRUST_KEY}"
MOUNTS = [{"name": "tls", "mountPath": tls.TLS_FOLDER, "readOnly": True}, tls.trust_mount()]


def federated(region: Region, peers: Sequence[Peer]) -> dict[str, Any]:
    """Paths of the Prometheus resource."""
    return {
        "containers": [sidecar()],
        "volumes": [
            {"name": "tls", "secret": {"secretName": PROMETHEUS.certificate_secret}},
            tls.trust_volume(),
            {"name": "federation", "configMap": {"name": CONFIG_MAP}},
        ],
        # kube-rbac-proxy reads the roots of its upstream, and whom it lets in, once
        "podMetadata.annotations": {
            **tls.restart_with_trust(region),
            "oversight.com/federation": checksum([authorization(peers)]),
        },
        **({"volumeMounts": MOUNTS} if jobs(region, peers) else {}),
    }


def jobs(region: Region, peers: Sequence[Peer]) -> list[dict[str, Any]]:
    """For `additionalScrapeConfigs`."""
    return federation.scrape_jobs(region, peers, trust=TRUST_FILE, tls=tls.TLS_FOLDER)


def sidecar() -> dict[str, Any]:
    """kube-rbac-proxy: one path of its neighbour Prometheus, for clients that it knows by their certificate.

    Without a probe: a sidecar that is not ready would take its Prometheus out of the Service.
    """
    port = PROMETHEUS.port("federate")
    web = PROMETHEUS.port("http-web").number
    return {
        "name": "kube-rbac-proxy",
        "image": versions().reference("kube-rbac-proxy"),
        "args": [
            f"--secure-listen-address=0.0.0.0:{port.number}",
            f"--upstream=https://localhost:{web}",
            f"--upstream-ca-file={TRUST_FILE}",
            f"--client-ca-file={TRUST_FILE}",
            f"--tls-cert-file={tls.TLS_FOLDER}/tls.crt",
            f"--tls-private-key-file={tls.TLS_FOLDER}/tls.key",
            "--tls-min-version=VersionTLS13",
            f"--allow-paths={PATH}",
            f"--config-file={FOLDER}/{CONFIG_KEY}",
        ],
        "ports": [{"name": port.name, "containerPort": port.number}],
        "volumeMounts": [*MOUNTS, {"name": "federation", "mountPath": FOLDER, "readOnly": True}],
        "resources": {
            "requests": {"cpu": "10m", "memory": "32Mi"},
            "limits": {"cpu": "200m", "memory": "128Mi"},
        },
        "securityContext": confined(),
    }
