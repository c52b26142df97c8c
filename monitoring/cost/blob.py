"""What Blob stores and is asked, at a load, once retention is full.

Thanos 0.42.4, read at its source: blocks of 2 h become 8 h, 2 d, 14 d (cmd/thanos/compact.go, `compactions`); a block
that has gone into a larger one is deleted 48 h later (`--delete-delay`), and Azure keeps it for the account's soft
delete, at the same price (Microsoft Learn, "Soft delete for blobs"). What is really asked is counted by
`thanos_objstore_bucket_operations_total`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from monitoring.blueprint.capacity.long_term import DAY
from monitoring.blueprint.capacity.needs import GIB, Load, blob_per_day
from monitoring.cost import meters
from monitoring.cost.line import DAYS, HOURS, Line
from monitoring.fleet.model import Region

MODEL = "monitoring/blueprint/capacity/needs.py"
ESTIMATE = "estimate: docs/cost.md"

UPLOADS_PER_DAY = 12
"""Blocks of an ingestor: one every 2 h."""
DELETE_DELAY = 2
"""Days that a block waits for its deletion."""
LARGEST_BLOCK = 14
"""Days."""
FILES = 3
"""Of a block: meta.json, index, and a segment of chunks for each 512 MB."""
UPLOAD_PART = 3 * 2**20
"""Bytes of one Put Block (objstore, providers/azure/azure.go)."""

COMPACTOR_VIEWS_PER_HOUR = 60
"""Times that the compactor lists all blocks for its page, each minute: it reads no markers (cmd/thanos/compact.go)."""
COMPACTOR_SYNCS_PER_HOUR = 60
"""Times that it looks through them for its work, at the flags' defaults: every 5 minutes for compaction, two passes of
downsampling, retention and progress."""
STORE_SYNCS_PER_HOUR = 4
"""Of each store gateway: every 15 minutes."""
COMPACTOR_MARKS, STORE_MARKS = 3, 1
"""Markers that are read of each block at each of these times: deletion-mark, no-compact-mark, no-downsample-mark."""

QUESTIONS_PER_DAY = 1_000
READS_PER_QUESTION = 100
"""Questions that reach back behind what ingestors hold, and range requests that each takes: assumed, not measured."""


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Bytes a day: of samples by resolution, uploaded, and downloaded by the compactor; and how many blocks there are.

    `copies` are the blocks of the ingestors, before they are merged.
    """

    per_day: Mapping[str, float]
    copies: float
    uploaded: float
    downloaded: float
    blocks: float
    uploads: float


def flow(region: Region, load: Load) -> Flow:
    """What a day moves.

    A sample is uploaded by each ingestor that has it, then at three sizes of blocks; 5-minute samples at two, 1-hour
    samples at one.
    """
    per_day, receive = blob_per_day(region, load), region.thanos.receive
    raw, five, one = per_day["raw"], per_day["five_minutes"], per_day["one_hour"]
    copies = raw * receive.replication_factor
    days = {name: kept.seconds / DAY for name, kept in region.thanos.retention.by_resolution.items()}
    fresh = receive.replicas * UPLOADS_PER_DAY
    middle = {"8h": 3.0, "2d": 0.5}  # of raw samples, a day
    return Flow(
        per_day=per_day,
        copies=copies,
        uploaded=copies + 3 * raw + 2 * five + one,
        downloaded=copies + 3 * raw + 2 * five,
        uploads=fresh + sum(middle.values()) + middle["2d"] + 3 / LARGEST_BLOCK,
        blocks=fresh * (DELETE_DELAY + 1 / 3)
        + middle["8h"] * (DELETE_DELAY + 2)
        + 2 * middle["2d"] * (DELETE_DELAY + LARGEST_BLOCK)
        + sum(days.values()) / LARGEST_BLOCK,
    )


def stored(region: Region, load: Load) -> Iterator[Line]:
    """Each resolution for its retention, what waits for its deletion, and what is deleted but kept."""
    found, kept = flow(region, load), region.thanos.retention.by_resolution
    names = {"raw": "raw", "five_minutes": "5-minute", "one_hour": "1-hour"}
    sizes = [
        (
            f"Blob: {names[name]} samples",
            f"{kept[name]} of {a_day / GIB:.2f} GiB a day",
            a_day * kept[name].seconds / DAY,
        )
        for name, a_day in found.per_day.items()
    ]
    passing = (found.uploaded - sum(found.per_day.values())) * DELETE_DELAY
    sizes.append(("Blob: merged blocks", f"{DELETE_DELAY} d until they are deleted", passing))
    soft = region.object_store.soft_delete
    sizes.append(("Blob: soft-deleted", f"{soft} of {found.uploaded / GIB:.2f} GiB a day", found.uploaded * soft.days))
    for part, detail, size in sizes:
        yield Line(
            part=part,
            detail=f"{detail}, {region.object_store.replication}",
            quantity=size / GIB,
            meter=meters.blob(region.object_store.replication, meters.STORED, region.location),
            source=MODEL if part.endswith("samples") else ESTIMATE,
        )


def operations(region: Region, load: Load) -> Iterator[Line]:
    """Requests by the class that Azure bills: by ingestors and compactor (writes), compactor and store gateways."""
    found, stores = flow(region, load), region.thanos.store_gateway.replicas
    syncs = (COMPACTOR_VIEWS_PER_HOUR + COMPACTOR_SYNCS_PER_HOUR + STORE_SYNCS_PER_HOUR * stores) * HOURS
    marks = (COMPACTOR_SYNCS_PER_HOUR * COMPACTOR_MARKS + STORE_SYNCS_PER_HOUR * stores * STORE_MARKS) * HOURS
    writes = DAYS * (found.uploads * FILES + found.uploaded / UPLOAD_PART)
    reads = marks * found.blocks + DAYS * (found.uploads * FILES + QUESTIONS_PER_DAY * READS_PER_QUESTION)
    for what, count, detail in (
        (meters.WRITE, writes, f"uploads of {found.uploads:.0f} blocks a day"),
        (meters.LIST, syncs, "a list of the blocks at each look"),
        (meters.READ, reads, f"marks of {found.blocks:.0f} blocks at each look, compaction, questions"),
        (meters.OTHER, syncs * found.blocks, f"meta.json of {found.blocks:.0f} blocks at each look"),
    ):
        yield Line(
            part=f"Blob: {what.partition(' ')[0].lower()} operations",
            detail=detail,
            quantity=count,
            meter=meters.blob(region.object_store.replication, what, region.location),
            source=ESTIMATE,
        )
