"""Nodes and disks of a region, as Terraform and the charts make them.

The operating system lives on the node's own disk (`os_disk_type` Ephemeral, constructs/node_pools.py), which is not
billed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from monitoring.blueprint.capacity.needs import GIB, Load, Need, blocks, needs, wal
from monitoring.blueprint.capacity.node_pools import nodes_needed
from monitoring.blueprint.releases.release import Release
from monitoring.cost import meters
from monitoring.cost.line import HOURS, Line
from monitoring.cost.meters import Meter
from monitoring.fleet.model import Region
from monitoring.fleet.quantities import Duration, Size

DYNAMIC_DISK = "Premium_LRS"
"""The type of every volume but Prometheus' (constructs/storage_classes.py)."""

REWRITES = 2
"""Times that a sample's block is written anew on Prometheus' disk within its retention, about: 2 h into 6 h into 18 h.
Estimated from the TSDB's ranges (tsdb/db.go), not measured; it decides how fast snapshots grow."""

OWN_FILE = "the region's file"


@dataclass(frozen=True, kw_only=True)
class _Volumes:
    """Equal volumes: `need` names the part of the capacity model that says when they are too small."""

    part: str
    count: int
    size: Size
    disk_type: str
    need: str | None


@dataclass(frozen=True, kw_only=True)
class Disk:
    """How one disk is billed: by its tier, or by as many GiB-hours a month where its type has none."""

    gib: int
    tier: str | None
    meter: Meter
    quantity: float


def billed_disk(disk_type: str, size: float, location: str) -> Disk:
    """A disk of so many bytes; `ValueError` where it is larger than any."""
    gib = math.ceil(size / GIB)
    tier = meters.disk_tier(disk_type, gib)
    meter = meters.disk(disk_type, gib, location)
    return Disk(gib=gib, tier=tier, meter=meter, quantity=1 if tier else gib * HOURS)


def nodes(region: Region, releases: tuple[Release, ...]) -> Iterator[Line]:
    """The pools' least number of nodes, or as many as the pods' requests take; a pool in each zone has equally many."""
    pools = len(region.zones) or 1
    least = pools * region.node_pools.min_count
    needed = max(nodes_needed(region, releases).values())
    count = max(least, pools * math.ceil(needed / pools))
    yield Line(
        part="nodes",
        detail=f"{count} x {region.node_pools.vm_size} (least {least}, the pods' requests take {needed})",
        quantity=count * HOURS,
        meter=meters.virtual_machine(region.node_pools.vm_size, region.location),
        source=f"{OWN_FILE}; monitoring capacity",
    )


def disks(region: Region, load: Load, releases: tuple[Release, ...]) -> Iterator[Line]:
    """Every volume, of the size that it has, or that the load needs where that is more."""
    found = needs(region, load, releases=releases)
    for volumes in _volumes(region):
        size = max(volumes.size.bytes, _needed(volumes, found))
        disk = billed_disk(volumes.disk_type, size, region.location)
        yield Line(
            part=f"disks: {volumes.part}",
            detail=f"{volumes.count} x {disk.gib} GiB {volumes.disk_type}" + (f" ({disk.tier})" if disk.tier else ""),
            quantity=volumes.count * disk.quantity,
            meter=disk.meter,
            source=OWN_FILE if size == volumes.size.bytes else f"{OWN_FILE}, and grown as monitoring capacity says",
        )


def snapshots(region: Region, load: Load) -> Iterator[Line]:
    """What the disks hold, once, and what each day writes anew, for as many days as they are kept."""
    wanted = region.disk_snapshots
    if wanted is None:
        return
    full = blocks(load.rate, region.prometheus.retention) + wal(load.rate)
    a_day = blocks(load.rate, Duration.parse("1d")) * (1 + REWRITES)
    size = region.prometheus.replicas * (full + a_day * wanted.retention.days)
    yield Line(
        part="snapshots",
        detail=f"{region.prometheus.replicas} disks, {wanted.retention.days} days",
        quantity=size / GIB,
        meter=meters.snapshot(region.location),
        source="estimate: docs/cost.md",
    )


def _volumes(region: Region) -> Iterator[_Volumes]:
    prometheus, thanos, alertmanager = region.prometheus, region.thanos, region.alertmanager
    yield _Volumes(
        part="Prometheus",
        count=prometheus.replicas,
        size=prometheus.volume_size,
        disk_type=prometheus.disk_type,
        need="Prometheus",
    )
    dynamic = (
        ("Receive ingestors", thanos.receive.replicas, thanos.receive.volume_size, "Receive ingestor"),
        ("Store Gateways", thanos.store_gateway.replicas, thanos.store_gateway.volume_size, None),
        ("Compactor", 1, thanos.compactor.volume_size, "Compactor"),
        ("Alertmanagers", alertmanager.replicas, alertmanager.volume_size, None),
    )
    for part, count, size, need in dynamic:
        yield _Volumes(part=part, count=count, size=size, disk_type=DYNAMIC_DISK, need=need)


def _needed(volumes: _Volumes, found: tuple[Need, ...]) -> float:
    of_part = (need.need for need in found if need.part == volumes.need and need.path[-1] == "volume_size")
    return next(of_part, 0.0)
