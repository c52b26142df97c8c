"""Capacity formulas per component, and the errors where the configured resources are too small.

S active series in a Prometheus, i its scrape interval, H replicas, RF copies in Receive: r = S/i samples per second.
Sources of the figures, unless a line says otherwise: docs/capacity.md. Bytes and seconds throughout; a need already
holds its headroom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from monitoring.blueprint.capacity.long_term import (
    DAY,
    GB,
    MB,
    blocks_kept,
    compactor_cores,
    compactor_memory,
    index_headers,
    store_memory,
)
from monitoring.blueprint.capacity.node_pools import (
    SYSTEM_BYTES,
    WrongValue,
    mapping,
    nodes_left,
    nodes_needed,
    requested,
)
from monitoring.blueprint.components.workloads import THANOS
from monitoring.blueprint.releases import static_values
from monitoring.blueprint.releases.final_values import effective
from monitoring.blueprint.releases.release import Release
from monitoring.blueprint.releases.store_shards import shards
from monitoring.errors import InvalidInput, Problem
from monitoring.fleet.loader import Fleet, RegionFile
from monitoring.fleet.model import MOST_INGESTORS, Region
from monitoring.fleet.quantities import Cpu, Duration, Size
from monitoring.fleet.vm_sizes import vm_size
from monitoring.fleet.yaml_file import ValuePath, dotted

GIB = 2**30

BYTES_PER_SAMPLE = 2.5
"""On disk after compression, counters that rise at every scrape; measured: 2.5 to 2.7 (docs/performance.md).

Prometheus' documentation ("Storage") says 1 to 2, of series that mostly stand still.
"""
BLOCK_OVERHEAD = 1.2
"""Index, tombstones, and the blocks that a compaction has not deleted yet."""
WAL_BYTES_PER_SAMPLE = 6.5
"""Compressed; measured: 5.1 to 7.0 (docs/capacity.md)."""
WAL_SPAN = Duration.parse("3h")
"""The head holds up to three hours until it becomes a block."""

PROMETHEUS_MEMORY = 105 * MB
PROMETHEUS_BYTES_PER_SERIES = 1800
"""Measured on 20,000 to 200,000 series that are scraped and sent on (docs/capacity.md)."""
PROMETHEUS_SERIES_MARGIN = 3
"""Twice the series while every pod is rolled out, and half again while the head is compacted or the WAL replayed."""
BYTES_PER_QUERIED_SAMPLE = 16
"""A float sample in a query: two words."""
PROMETHEUS_SAMPLES_PER_CORE = 250_000
"""Scraped, written to the WAL and sent on, per second; measured: 220,000 to 380,000."""
PROMETHEUS_CPU_MARGIN = 4
"""Rules, queries and compactions beside it."""

INGESTOR_MEMORY = 85 * MB
INGESTOR_BYTES_PER_SERIES = 3100
"""Measured on 100,000 series (docs/performance.md). With the margin 2.9 GB for 300,000: a production ring takes 2.5."""
INGESTOR_SERIES_MARGIN = 3
"""As of Prometheus: the head is the same."""
INGESTOR_SERIES_PER_CORE = 300_000
ROUTER_SAMPLES_PER_CORE = 25_000
ROUTER_BYTES_PER_SAMPLE_RATE = GB / 25_000
HEADROOM = 1.5
"""On what Receive needs: a lost router's share arrives at once, a backlog faster than it came."""
UNEVEN = 1.12
"""The fullest ingestor's share of the ring to the mean; computed for the addresses of 6 to 30: 1.05 to 1.11."""
COMPACTOR_DISK_FLOOR = 100 * GB
COMPACTION_SPAN = Duration.parse("14d")
"""The largest block; the compactor holds its sources and the result."""

DOWNSAMPLED_SHARE = {"five_minutes": 115 / 146, "one_hour": 22 / 146}
"""Bytes per day of a resolution to those of raw samples, as measured elsewhere (146, 115, 22 GB a day)."""

CAUSES: tuple[tuple[ValuePath, ...], ...] = (
    tuple(("load", key) for key in ("active_series", "concurrent_queries", "samples_per_query")),
    tuple(("prometheus", key) for key in ("replicas", "scrape_interval", "retention")),
    (("thanos", "receive", "ring"), ("node_pools", "vm_size"), ("helm_values",), ("zones",)),
)
"""What a region's own file may say that makes a size too small which it does not give itself: the likelier first."""

LARGER_NODES = (
    "take larger nodes, or divide the load over two regions or clusters; "
    "one Prometheus is not divided (docs/capacity.md, Limits)"
)
NO_MORE_COMPACTORS = (
    "divide the load over two regions or clusters, each with its own bucket; "
    "a second compactor would halt on the first one's blocks (docs/capacity.md, Limits)"
)
"""Where a part cannot be given more, nor a second one of it."""

HORIZON = 60
"""Months that are looked ahead for the one in which a part runs out."""

MOST_SERIES = 10**9
"""More than any Prometheus has."""


class Unit(StrEnum):
    """How a number is said."""

    BYTES = "bytes"
    MILLICORES = "millicores"
    COUNT = "count"

    def text(self, amount: float) -> str:
        """`3.8Gi`, `1.20 cores`, `42`."""
        if self is Unit.BYTES:
            return f"{amount / GIB:.1f}Gi"
        if self is Unit.MILLICORES:
            return f"{amount / 1000:.2f} cores"
        return f"{amount:.0f}"


@dataclass(frozen=True, kw_only=True)
class Load:
    """Of one Prometheus replica: `series` active, `interval` seconds; `queried` samples are in memory at the worst."""

    series: float
    interval: int
    queried: int

    @property
    def rate(self) -> float:
        """Samples per second."""
        return self.series / self.interval

    def after(self, months: int, *, growth: float) -> Load:
        """The load that many months on; `growth` is a month's share (0.03)."""
        return Load(series=self.series * (1 + growth) ** months, interval=self.interval, queried=self.queried)


@dataclass(frozen=True, kw_only=True)
class Need:
    """What one pod of a part needs of a resource, and what it has.

    `path` is the value to change, in the region's file or, with `release`, in helm-values/<release>.yaml. `advice` is
    what to do where that does not go on for ever.
    """

    part: str
    resource: str
    unit: Unit
    need: float
    configured: float
    path: ValuePath
    release: str | None = None
    advice: str = ""

    @property
    def enough(self) -> bool:
        """Whether the part can carry the load."""
        return self.configured >= self.need

    @property
    def headroom(self) -> float:
        """Share of the configured amount that is left; negative where it does not suffice."""
        return 1 - self.need / self.configured if self.configured else float("-inf")

    @property
    def message(self) -> str:
        """What must be and what was given."""
        return (
            f"must be at least {self.unit.text(self.need)} for the region's load, "
            f"got {self.unit.text(self.configured)} ({self.part}, {self.resource})"
            f"{f': {self.advice}' if self.advice else ''}"
        )


def load(region: Region, *, series: int | None = None) -> Load:
    """The load that the region's file states, or another number of series."""
    stated = region.load
    return Load(
        series=stated.active_series if series is None else series,
        interval=region.prometheus.scrape_interval.seconds,
        queried=stated.concurrent_queries * stated.samples_per_query,
    )


def needs(region: Region, load: Load, *, releases: tuple[Release, ...]) -> tuple[Need, ...]:
    """Every need of the region under a load; `ValueError` for a VM size that is not known."""
    parts = (_prometheus, _on_one_node, _ingestor, _store_gateway, _compactor)
    return (
        *(need for part in parts for need in part(region, load)),
        *_router(region, load, releases=releases),
        *_nodes(region, releases),
    )


def blocks(rate: float, span: Duration) -> float:
    """Bytes of the blocks of `span` at `rate` samples per second."""
    return rate * span.seconds * BYTES_PER_SAMPLE * BLOCK_OVERHEAD


def wal(rate: float) -> float:
    """Bytes of the write-ahead log."""
    return rate * WAL_SPAN.seconds * WAL_BYTES_PER_SAMPLE


def prometheus_memory(series: float) -> float:
    """Bytes that a Prometheus takes for as many series in its head, without queries."""
    return PROMETHEUS_MEMORY + series * PROMETHEUS_BYTES_PER_SERIES


def ingestor_memory(series: float) -> float:
    """Bytes that an ingestor takes for as many series in its head, without queries."""
    return INGESTOR_MEMORY + series * INGESTOR_BYTES_PER_SERIES


def _prometheus(region: Region, load: Load) -> Iterator[Need]:
    own = region.prometheus
    steady = prometheus_memory(load.series * PROMETHEUS_SERIES_MARGIN)
    cpu = load.rate / PROMETHEUS_SAMPLES_PER_CORE * 1000 * PROMETHEUS_CPU_MARGIN
    kept = blocks(load.rate, own.retention)
    need = _part("Prometheus", ("prometheus",))
    yield need("memory, steady", own.resources.requests.memory, steady, "resources", "requests", "memory")
    at_worst = steady + load.queried * BYTES_PER_QUERIED_SAMPLE
    yield need("memory, with queries", own.resources.limits.memory, at_worst, "resources", "limits", "memory")
    yield need("CPU", own.resources.requests.cpu, cpu, "resources", "requests", "cpu")
    yield need(f"blocks of {own.retention}", own.retention_size, kept, "retention_size")
    yield need("blocks and WAL", own.volume_size, kept + wal(load.rate), "volume_size")


def _ingestor(region: Region, load: Load) -> Iterator[Need]:
    """Sized for the ring as it is: who is lost is still in it, so nobody takes over his copies (docs/capacity.md)."""
    needed = [*_of_ring(region, load, ring=region.thanos.receive.ring)]
    larger = "" if all(need.enough for need in needed) else _larger_ring(region, load)
    yield from (replace(need, advice=larger) for need in needed)


def _larger_ring(region: Region, load: Load) -> str:
    """How many ingestors of this size would do; empty where no number of them does."""
    receive, zones = region.thanos.receive, max(1, len(region.zones))
    for ring in range(receive.ring + 1, MOST_INGESTORS + 1):
        if ring % zones == 0 and all(need.enough for need in _of_ring(region, load, ring=ring)):
            return f"or more of them: thanos.receive.replicas and ring {ring}"
    return ""


def _of_ring(region: Region, load: Load, *, ring: int) -> Iterator[Need]:
    receive = region.thanos.receive
    share = min(1.0, receive.replication_factor / ring * UNEVEN) * region.prometheus.replicas
    series, rate = load.series * share, load.rate * share
    memory = ingestor_memory(series * INGESTOR_SERIES_MARGIN)
    cpu = series / INGESTOR_SERIES_PER_CORE * 1000 * HEADROOM
    need = _part("Receive ingestor", ("thanos", "receive"))
    yield need("memory", receive.resources.limits.memory, memory, "resources", "limits", "memory")
    yield need("CPU", receive.resources.limits.cpu, cpu, "resources", "limits", "cpu")
    yield need("blocks and WAL", receive.volume_size, blocks(rate, receive.retention) + wal(rate), "volume_size")


def _on_one_node(region: Region, load: Load) -> Iterator[Need]:
    """A Prometheus is one pod, on one node: what no size of its own can give it."""
    node = vm_size(region.node_pools.vm_size)
    there = node.memory_for_pods(max_pods=region.node_pools.max_pods) - SYSTEM_BYTES
    steady = prometheus_memory(load.series * PROMETHEUS_SERIES_MARGIN)
    yield Need(
        part="Prometheus, on one node",
        resource="memory",
        unit=Unit.BYTES,
        need=steady + load.queried * BYTES_PER_QUERIED_SAMPLE,
        configured=there,
        path=("node_pools", "vm_size"),
        advice=LARGER_NODES,
    )


def _store_gateway(region: Region, load: Load) -> Iterator[Need]:
    """Calls at once, each for as many series as one may read; index headers of the pod's share of the blocks."""
    thanos = region.thanos
    store, receive = thanos.store_gateway, thanos.receive
    memory = store_memory(load.series, calls=region.load.concurrent_queries)
    blocks_here = blocks_kept(thanos.retention, copies=receive.replication_factor) / shards(store.replicas)
    of_block = load.series * region.prometheus.replicas * PROMETHEUS_SERIES_MARGIN
    need = _part("Store Gateway", ("thanos", "store_gateway"))
    yield need("memory", store.resources.limits.memory, memory, "resources", "limits", "memory")
    yield need("index headers", store.volume_size, index_headers(of_block, blocks=blocks_here), "volume_size")


def _compactor(region: Region, load: Load) -> Iterator[Need]:
    """One for the bucket, and one core: the blocks of a region are one stream, compacted one after another."""
    compactor = region.thanos.compactor
    rate, series = (one * region.prometheus.replicas for one in (load.rate, load.series))
    need = _part("Compactor", ("thanos", "compactor"))
    largest = 2 * blocks(rate, COMPACTION_SPAN)
    yield need("disk", compactor.volume_size, max(COMPACTOR_DISK_FLOOR, largest), "volume_size")
    memory = compactor_memory(series * PROMETHEUS_SERIES_MARGIN)
    yield need("memory", compactor.resources.limits.memory, memory, "resources", "limits", "memory")
    cores = compactor_cores(rate, copies=region.thanos.receive.replication_factor)
    yield need("CPU", compactor.resources.limits.cpu, cores * 1000, "resources", "limits", "cpu")
    yield Need(
        part="Compactor, one stream",
        resource="CPU",
        unit=Unit.MILLICORES,
        need=cores * 1000,
        configured=1000,
        path=("load", "active_series"),
        advice=NO_MORE_COMPACTORS,
    )


def _router(region: Region, load: Load, *, releases: tuple[Release, ...]) -> Iterator[Need]:
    """Each router sized for the loss of one; their resources are the same in every region."""
    values: Mapping[str, Any] = next(release.values for release in releases if release.name == THANOS)
    place: ValuePath = ("receive", "router")
    router = mapping(mapping(values.get("receive")).get("router"))
    rate = load.rate * region.prometheus.replicas / (region.thanos.receive.routers - 1) * HEADROOM
    need = _part(
        "Receive router",
        (*place, "resources", "limits"),
        release=THANOS,
        advice="or more of them: thanos.receive.routers",
    )
    memory = Size(requested(THANOS, router, place, kind=Size, of="limits"))
    cpu = Cpu(requested(THANOS, router, place, kind=Cpu, of="limits"))
    yield need("memory", memory, rate * ROUTER_BYTES_PER_SAMPLE_RATE, "memory")
    yield need("CPU", cpu, rate / ROUTER_SAMPLES_PER_CORE * 1000, "cpu")


def _nodes(region: Region, releases: tuple[Release, ...]) -> Iterator[Need]:
    left = nodes_left(region)
    for what, count in nodes_needed(region, releases).items():
        yield Need(
            part="Nodes, one zone or host lost",
            resource=what,
            unit=Unit.COUNT,
            need=count,
            configured=left,
            path=("node_pools", "max_count"),
        )


def _part(part: str, block: ValuePath, *, release: str | None = None, advice: str = "") -> Callable[..., Need]:
    def need(resource: str, configured: Size | Cpu, amount: float, *path: str) -> Need:
        return Need(
            part=part,
            resource=resource,
            unit=Unit.BYTES if isinstance(configured, Size) else Unit.MILLICORES,
            need=amount,
            configured=configured.amount,
            path=(*block, *path),
            release=release,
            advice=advice,
        )

    return need


@dataclass(frozen=True, kw_only=True)
class BlobGrowth:
    """Bytes in Blob: what a day writes and keeps, and what is there after a month, a year, and for good."""

    written_per_day: float
    month: float
    year: float
    full: float


def blob_per_day(region: Region, load: Load) -> dict[str, float]:
    """Bytes a day of each resolution, as the compactor leaves them.

    Copies of Receive go when it deduplicates; Prometheus' replicas stay apart, since each is a series.
    """
    raw = load.rate * DAY * BYTES_PER_SAMPLE * region.prometheus.replicas
    return {"raw": raw, **{name: raw * share for name, share in DOWNSAMPLED_SHARE.items()}}


def blob(region: Region, load: Load) -> BlobGrowth:
    """What Blob holds as time goes on, if the load stays as it is."""
    receive, kept = region.thanos.receive, region.thanos.retention.by_resolution
    per_day = blob_per_day(region, load)

    def after(days: float) -> float:
        return sum(size * min(days, kept[name].seconds / DAY) for name, size in per_day.items())

    longest = max(kept.values()).seconds / DAY
    return BlobGrowth(
        written_per_day=per_day["raw"] * receive.replication_factor,
        month=after(30),
        year=after(365),
        full=after(longest),
    )


def runs_out(region: Region, need: Need, *, load: Load, releases: tuple[Release, ...]) -> int | None:
    """The first month from now (0: now) in which the part no longer suffices; None within `HORIZON`."""
    for month in range(HORIZON + 1):
        later = needs(region, load.after(month, growth=region.load.growth_per_month), releases=releases)
        if not next(one for one in later if (one.part, one.resource) == (need.part, need.resource)).enough:
            return month
    return None


def carries(region: Region, need: Need, *, load: Load, releases: tuple[Release, ...]) -> int | None:
    """The most series that the part suffices for, to three digits; None where no number of series matters."""
    if _suffices(region, need, MOST_SERIES, load=load, releases=releases):
        return None
    enough, short = 0, MOST_SERIES
    while short - enough > max(1, enough // 1000):
        between = (enough + short) // 2
        if _suffices(region, need, between, load=load, releases=releases):
            enough = between
        else:
            short = between
    return enough


def _suffices(region: Region, need: Need, series: int, *, load: Load, releases: tuple[Release, ...]) -> bool:
    wanted = needs(region, replace(load, series=series), releases=releases)
    return next(one for one in wanted if (one.part, one.resource) == (need.part, need.resource)).enough


def check_capacity(fleet: Fleet, releases: Mapping[str, tuple[Release, ...]]) -> None:
    """`InvalidInput` with every configured size of every region that is below its need."""
    problems = [problem for file in fleet.files for problem in _problems(file, releases[file.region.name])]
    if problems:
        raise InvalidInput(problems)


def _problems(file: RegionFile, releases: tuple[Release, ...]) -> Iterator[Problem]:
    file = effective(file, releases)
    region = file.region
    try:
        wanted = needs(region, load(region), releases=releases)
    except WrongValue as wrong:
        yield _of_release(file, wrong.release, wrong.path, wrong.message)
        return
    for need in wanted:
        if need.enough:
            continue
        if need.release is None:
            yield file.problem(need.path, need.message, beside=_causes(file))
        else:
            yield _of_release(file, need.release, need.path, need.message)


def _causes(file: RegionFile) -> list[ValuePath]:
    given = [[path for path in paths if path in file.own.lines] for paths in CAUSES]
    return next((paths for paths in given if paths), [])


def _of_release(file: RegionFile, release: str, path: ValuePath, message: str) -> Problem:
    """At the region's override, else in the file of the release's values, which names the region."""
    places: list[ValuePath] = [("helm_values", release, *path[:length]) for length in range(1, len(path) + 1)]
    if any(place in file.own.lines or place in file.common.lines for place in places):
        return file.problem(places[-1], message)
    source = static_values(release)
    causes = [f"{dotted(one)} in {file.own.name}:{file.own.lines[one]}" for one in _causes(file)]
    because = f"; because of {', '.join(causes)}" if causes else ""
    return Problem(file=source.name, line=source.line(path), path=dotted(path), message=f"{message}{because}")
