"""Which ingestor of the ring is in which zone, as series: the quorum's alerts count the copies that a series may miss.

No metric says it: the routers show how many ingestors they know, an ingestor that is Pending has no node.
"""

from __future__ import annotations

from typing import Any

from monitoring.blueprint.components.workloads import RECEIVE_INGESTOR, ingestor_pod, ingestor_zone
from monitoring.fleet.model import Region

OBJECT = "thanos-ring"
"""The PrometheusRule, and the group."""

RING = "namespace_pod_zone:thanos_receive_ring:info"
"""1 for each ingestor that the routers write to. Without zones each is a zone of its own, since a host may fail."""


def ring_rules(region: Region) -> dict[str, Any]:
    """A rule file of the region."""
    members = {
        ingestor_pod(number): ingestor_zone(region, number) or ingestor_pod(number)
        for number in range(region.thanos.receive.ring)
    }
    rules = [
        {
            "record": RING,
            "expr": "vector(1)",
            "labels": {"namespace": RECEIVE_INGESTOR.namespace, "pod": pod, "zone": zone},
        }
        for pod, zone in members.items()
    ]
    return {"groups": [{"name": OBJECT, "rules": rules}]}
