"""The federation scrape job of a region with the global view.

The aggregates of the rules alone, under names of their own: an alert or a sum of this region never meets them, and they
go no further. docs/federation.md has the way of a sample, and the reasons.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from monitoring.blueprint.components.names import federation_host
from monitoring.blueprint.components.workloads import PROMETHEUS
from monitoring.blueprint.objects.federation import PATH
from monitoring.blueprint.rules.loader import ARRIVED, rules
from monitoring.blueprint.scraping import limits
from monitoring.fleet.model import Peer, Region

JOB = "federate"
INTERVAL = "30s"
"""Rules of aggregates are evaluated every 30 or 60 seconds."""

BODY = "10MB"
"""A page of the limit's 10,000 series has about 3 MB."""


def targets(peers: Sequence[Peer], *, zone: str) -> Iterator[str]:
    """Every replica of every other region, by the name that its certificate shows."""
    port = PROMETHEUS.port("federate").number
    for peer in peers:
        for replica, _ in enumerate(peer.federation_addresses):
            yield f"{federation_host(peer.name, replica, zone)}:{port}"


def scrape_jobs(region: Region, peers: Sequence[Peer], *, trust: str, tls: str) -> list[dict[str, Any]]:
    """The job `federate` as Prometheus reads it; none where the region has no global view, or nobody to fetch from.

    `trust` is the file of the roots, `tls` the folder of the certificate that Prometheus shows. The target's name, of
    which the other's certificate is, is the one in its address.
    """
    if not region.global_view or not peers:
        return []
    job = {
        "job_name": JOB,
        "scheme": "https",
        "metrics_path": PATH,
        "scrape_interval": INTERVAL,
        "honor_labels": True,  # cluster, job and namespace are the other region's
        **limits.of_job(),
        "body_size_limit": BODY,
        "params": {"match[]": sorted(rules().federated)},
        "tls_config": {"ca_file": trust, "cert_file": f"{tls}/tls.crt", "key_file": f"{tls}/tls.key"},
        "static_configs": [{"targets": list(targets(peers, zone=region.fleet.private_dns_zone))}],
        "metric_relabel_configs": [
            {"source_labels": ["__name__"], "target_label": "__name__", "replacement": f"{ARRIVED}$1"}
        ],
    }
    return [job]


def kept_here(region: Region) -> list[dict[str, Any]]:
    """Relabelling of remote write: each region writes its own aggregates, and no other's."""
    if not region.global_view:
        return []
    return [{"sourceLabels": ["__name__"], "regex": f"{ARRIVED}.*", "action": "drop"}]
