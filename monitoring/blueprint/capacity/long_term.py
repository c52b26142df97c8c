"""What the parts over Blob need of a load: blocks, index headers, calls, compaction.

Plain numbers in, plain numbers out; bytes, seconds and samples. docs/capacity.md says how the figures were measured.
"""

from __future__ import annotations

import math

from monitoring.fleet.model import Retention
from monitoring.fleet.quantities import Duration

MB = 10**6
GB = 10**9
DAY = 86400

OWN_INDEX_CACHE = 250 * MB
STORE_MEMORY = OWN_INDEX_CACHE + 2 * GB
"""Index cache and chunk pool, at the flags' defaults."""
INDEX_BYTES_PER_SERIES = 100
"""Of a block's index; measured: docs/performance.md, Panels."""
STORE_BYTES_PER_SERIES = 1200
"""Of each series of a block that a call reads, until the call ends; measured: 1,000 to 1,400."""
INDEX_HEADER_BYTES_PER_SERIES = 90
"""On disk, where every series has a label value of its own; measured: 82, and 0.2 where series share theirs."""

COMPACTED_SAMPLES_PER_CORE = 5_000_000
"""That the compactor reads, per second; measured from a local disk: 28 million, 14 million to downsample.

A third of the lesser: Blob is slower, and copies that differ are merged sample by sample.
"""
COMPACTOR_MEMORY = 150 * MB
COMPACTOR_BYTES_PER_SERIES = 1000
"""Of the block that it makes; measured: 900."""
READ_AFTER_DEDUPLICATION = 2 + 1 + 0.8
"""How often a sample is read once its copies are one: into 2 days, 14 days, 5 minutes, and these into hours."""
COMPACTOR_SHARE = 0.5
"""Of a day: after a day in which nothing was compacted, the next one suffices for both."""

_LONGEST, _MIDDLE = Duration.parse("14d"), Duration.parse("2d")
_NEWEST = 4 + 4
"""Blocks of two hours and of eight that wait to be compacted, of each copy."""


def blocks_of(retention: Duration) -> int:
    """How many blocks of a resolution there are in as many days, compacted as far as they can be."""
    return math.ceil(retention.seconds / _LONGEST.seconds) + _LONGEST.seconds // _MIDDLE.seconds


def blocks_kept(keep: Retention, *, copies: int) -> int:
    """Blocks of all resolutions in Blob, once retention is full."""
    return sum(map(blocks_of, keep.by_resolution.values())) + _NEWEST * copies


def store_memory(series: float, *, calls: int) -> float:
    """Bytes of a store gateway for as many calls at once, each for as many series of blocks as it may read."""
    return STORE_MEMORY + calls * series * STORE_BYTES_PER_SERIES


def index_headers(series: float, *, blocks: float) -> float:
    """Bytes of the index headers of blocks with as many series each."""
    return series * blocks * INDEX_HEADER_BYTES_PER_SERIES


def asked_index(series: float) -> float:
    """Bytes of the index of two weeks' blocks with as many series each: what most queries of Blob read."""
    return series * (_LONGEST.seconds // _MIDDLE.seconds + _NEWEST) * INDEX_BYTES_PER_SERIES


def compactor_cores(rate: float, *, copies: int) -> float:
    """Cores that compaction takes at `rate` samples per second that are kept, written `copies` times."""
    return rate * (copies + READ_AFTER_DEDUPLICATION) / COMPACTED_SAMPLES_PER_CORE / COMPACTOR_SHARE


def compactor_memory(series: float) -> float:
    """Bytes of a compactor that makes a block of as many series."""
    return COMPACTOR_MEMORY + series * COMPACTOR_BYTES_PER_SERIES
