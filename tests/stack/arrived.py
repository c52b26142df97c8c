"""Another region's aggregates as they arrive in the region with the global view, of each of its replicas."""

from __future__ import annotations

from collections.abc import Iterator

from monitoring.blueprint.rules.loader import ARRIVED, level_labels, rules
from tests.stack.known_metrics import Series

OF_THE_OTHER = {"cluster": "trial-gamma", "environment": "trial"}
REPLICAS = ("prometheus-prometheus-0", "prometheus-prometheus-1")


def level_values(name: str) -> dict[str, str]:
    """A text for each label that the name of an aggregate says."""
    labels = level_labels(name.partition(":")[0])
    assert labels is not None
    return {label: "0.5" if label == "le" else "a" for label in labels}


def arrived() -> Iterator[Series]:
    """Every aggregate, once for each replica; the second says twice as much."""
    for name in rules().federated:
        for value, replica in enumerate(REPLICAS, start=1):
            labels = {**OF_THE_OTHER, **level_values(name), "prometheus_replica": replica}
            yield Series(name=f"{ARRIVED}{name}", labels=labels, value=value, rising=False)
