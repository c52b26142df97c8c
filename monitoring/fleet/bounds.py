"""What a size or a duration of a region may be, at least and at most: Azure's bounds, and those of what runs there."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from monitoring.fleet.model import Region
from monitoring.fleet.quantities import Duration, Size
from monitoring.fleet.yaml_file import ValuePath

_DISK = (Size, "1Gi", "32767Gi", "a managed disk")
BOUNDS: dict[str, tuple[type[Size | Duration], str, str, str]] = {
    # Microsoft Learn, "Azure managed disk types"
    "prometheus.volume_size": _DISK,
    "alertmanager.volume_size": _DISK,
    "thanos.receive.volume_size": _DISK,
    "thanos.store_gateway.volume_size": _DISK,
    "thanos.compactor.volume_size": _DISK,
    # memcached: below 64 MB its slabs hold too few items of 1 MiB; a node's memory is above
    "thanos.cache.memory": (Size, "64Mi", "256Gi", "the memory of one memcached"),
    # Azure REST API, Agent Pools: osDiskSizeGB, drainTimeoutInMinutes, nodeSoakDurationInMinutes
    "node_pools.os_disk_size": (Size, "30Gi", "2048Gi", "a node's disk in AKS"),
    "node_pools.drain_timeout": (Duration, "1m", "1d", "a drain in AKS"),
    "node_pools.node_soak": (Duration, "1m", "30m", "a soak in AKS"),
    # Microsoft Learn, "Soft delete for blobs"
    "object_store.soft_delete": (Duration, "1d", "365d", "Blob's soft delete"),
    # Microsoft Learn, "Support matrix for Azure disk backup": 450 snapshots of a disk, here one a day
    "disk_snapshots.retention": (Duration, "1d", "450d", "daily snapshots of a disk"),
    # a query looks back for five minutes: two scrapes may fail
    "prometheus.scrape_interval": (Duration, "1s", "2m", "a query that looks back for five minutes"),
    # the head becomes a block after two hours; what is younger than a block cannot be deleted
    "prometheus.retention": (Duration, "2h", "100y", "blocks of two hours"),
    "thanos.receive.retention": (Duration, "2h", "100y", "blocks of two hours"),
    "azure_vms.refresh": (Duration, "1s", "1h", "machines that come and go"),
    "alerting.dead_mans_switch.interval": (Duration, "5s", "1h", "calls that are repeated in whole seconds"),
    "alerting.routes.critical.group_wait": (Duration, "1s", "1h", "a first notification"),
    "alerting.routes.warning.group_wait": (Duration, "1s", "1h", "a first notification"),
    "alerting.routes.info.group_wait": (Duration, "1s", "1h", "a first notification"),
}
"""By field: the least and the most, and of what."""


def bound_faults(region: Region) -> Iterator[tuple[ValuePath, str]]:
    """Every field that is out of its bounds."""
    for field, (kind, least, most, what) in BOUNDS.items():
        value = _value(region, field)
        if value is not None and not kind.parse(least) <= value <= kind.parse(most):
            yield tuple(field.split(".")), f"must be from {least} to {most} ({what}), got {value}"


def _value(region: Region, field: str) -> Any:
    """None where a mapping above it is null."""
    above, _, last = field.rpartition(".")
    parent = attrgetter(above)(region)
    return None if parent is None else getattr(parent, last)
