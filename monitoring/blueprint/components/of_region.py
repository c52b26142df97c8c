"""The workloads of one region: exporters, the cache and the global view only where they are configured."""

from __future__ import annotations

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.workloads import (
    COMPONENTS,
    POSTGRES_RELEASE,
    REDIS_RELEASE,
    THANOS_CACHE,
    THANOS_GLOBAL,
)
from monitoring.fleet.model import Region


def has_release(region: Region, release: str) -> bool:
    """Whether the region has the release: an exporter's needs its database, the others stand in its file."""
    databases = region.databases
    if release == POSTGRES_RELEASE:
        return databases is not None and databases.postgresql is not None
    if release == REDIS_RELEASE:
        return databases is not None and databases.redis is not None
    if release == THANOS_CACHE:
        return region.thanos.cache is not None
    return region.global_view if release == THANOS_GLOBAL else True


def components_of(region: Region) -> tuple[Component, ...]:
    """The workloads of a region."""
    return tuple(component for component in COMPONENTS if has_release(region, component.release))
