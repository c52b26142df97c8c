"""Grafana's data sources that pages may ask, by the names that the choice at their top shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DataSource:
    """A source of type `prometheus`; `kind` is what Grafana calls what stands behind it."""

    name: str
    kind: str

    @property
    def uid(self) -> str:
        """By which pages hold it."""
        return self.name.lower().replace(" ", "-")


THANOS = DataSource(name="Thanos", kind="Thanos")
PROMETHEUS = DataSource(name="Prometheus", kind="Prometheus")
THANOS_GLOBAL = DataSource(name="Thanos global", kind="Thanos")
"""Only in a region with the global view."""

KNOWS_REGIONS = "/^Thanos/"
"""Names of the sources whose series carry `cluster`: Prometheus adds it only on the way out."""
