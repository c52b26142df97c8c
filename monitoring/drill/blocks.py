"""The blocks of a bucket, by their meta.json and the files beside it; and what is wrong with them.

Times are seconds since 1970. What Thanos does with blocks is read in its 0.42.4: `pkg/block/metadata/meta.go` (the
form of meta.json), `pkg/compact/downsample` (a block of 40 hours gets 5m, of 10 days 1h).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from string import ascii_uppercase, digits

from monitoring.drill.plan import Promise

RESOLUTIONS: Mapping[int, str] = {0: "raw", 300: "five_minutes", 3600: "one_hour"}
"""Seconds between samples, by the names of a region's `thanos.retention`."""

META, INDEX, CHUNKS = "meta.json", "index", "chunks/"
DELETION_MARK = "deletion-mark.json"
HOLE = 300
"""Seconds without a block that are a hole: less is bridged by PromQL, whose lookback is as long."""
SETTLED_AFTER = 24 * 3600
"""Seconds that the compactor has for a block of late samples, which overlaps others until it is merged."""
PARTIAL_AFTER = 48 * 3600
"""Seconds after which a folder without a meta.json is no upload under way (the compactor's own limit)."""

_CROCKFORD = digits + "".join(letter for letter in ascii_uppercase if letter not in "ILOU")

Span = tuple[float, float]
"""From, and until."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A block that is whole enough to have a meta.json, and is not marked for deletion.

    `labels` are its external ones, `sources` the blocks of two hours that it was made of, `files` what it must
    consist of (name, bytes; None where meta.json has no size).
    """

    id: str
    span: Span
    resolution: int
    labels: Mapping[str, str]
    sources: frozenset[str]
    files: Mapping[str, int | None]

    @property
    def tenant(self) -> str:
        """Whose samples: Receive's tenant, or no one's."""
        return self.labels.get("tenant_id", "")

    @property
    def stream(self) -> tuple[tuple[str, str], ...]:
        """What may not overlap: the same external labels, copies told apart."""
        return tuple(sorted(self.labels.items()))


class Fault(StrEnum):
    """What may be wrong."""

    NO_BLOCKS = "no blocks"
    NO_META = "no meta.json"
    BAD_META = "unreadable meta.json"
    MISSING_FILE = "missing file"
    WRONG_SIZE = "wrong size"
    OVERLAP = "overlap"
    HOLE = "hole"
    NO_SAMPLES = "no samples"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that is wrong: its kind, the block or the tenant and resolution, and what exactly."""

    kind: Fault
    subject: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What a tenant has of one resolution; `recovery_point` is the age of its newest sample in seconds."""

    tenant: str
    resolution: str
    blocks: int
    oldest: float
    newest: float
    recovery_point: float
    promised: float


def read_blocks(
    objects: Mapping[str, int], read: Callable[[str], bytes], *, now: float
) -> tuple[list[Block], list[Finding]]:
    """Every block of a bucket and what its listing tells; `objects` are sizes by name, `read` an object's bytes."""
    blocks: list[Block] = []
    findings: list[Finding] = []
    for id_, files in sorted(_folders(objects).items()):
        if DELETION_MARK in files:
            continue
        if META not in files:
            if now - created(id_) > PARTIAL_AFTER:
                findings.append(Finding(kind=Fault.NO_META, subject=id_, detail=f"{len(files)} files and no meta.json"))
            continue
        try:
            block = _block(id_, json.loads(read(f"{id_}/{META}")))
        except (ValueError, KeyError, TypeError, AttributeError) as odd:
            findings.append(Finding(kind=Fault.BAD_META, subject=id_, detail=f"{type(odd).__name__}: {odd}"))
            continue
        blocks.append(block)
        findings += _files(block, files)
    return blocks, findings


def judged(
    blocks: Iterable[Block], *, now: float, promise: Promise, since: float | None = None
) -> tuple[list[Coverage], list[Finding]]:
    """What each tenant has of each resolution, and what is missing of it or there twice.

    A resolution must hold every moment from the tenant's first one (`since`, where that is known) that it keeps, until
    `promise.recovery_point` ago.
    """
    by_tenant: dict[str, list[Block]] = {}
    for block in blocks:
        by_tenant.setdefault(block.tenant, []).append(block)
    coverages: list[Coverage] = []
    findings: list[Finding] = []
    if not by_tenant:
        findings.append(Finding(kind=Fault.NO_BLOCKS, subject="bucket", detail="holds no block at all"))
    for tenant, own in sorted(by_tenant.items()):
        first = min(block.span[0] for block in own) if since is None else since
        for seconds, name in RESOLUTIONS.items():
            held = [block for block in own if block.resolution == seconds]
            allowed = promise.recovery_point[name]
            wanted = (max(first, now - promise.retention[name]), now - allowed)
            spans = merged(block.span for block in held)
            if spans:
                coverages.append(
                    Coverage(
                        tenant=tenant,
                        resolution=name,
                        blocks=len(held),
                        oldest=spans[0][0],
                        newest=spans[-1][1],
                        recovery_point=now - spans[-1][1],
                        promised=allowed,
                    )
                )
            for begin, end in missing(wanted, spans):
                findings.append(
                    Finding(kind=Fault.HOLE, subject=f"{tenant} {name}", detail=f"nothing {said((begin, end))}")
                )
        findings += _overlaps(block for block in own if now - created(block.id) > SETTLED_AFTER)
    return coverages, findings


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same moments in as few spans as it takes, in order."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


def missing(wanted: Span, spans: Iterable[Span]) -> list[Span]:
    """The moments of `wanted` that are in none of the `spans`, which are merged; shorter than a hole, not counted."""
    found: list[Span] = []
    here, until = wanted
    for begin, end in spans:
        if begin >= until:
            break
        if begin > here:
            found.append((here, begin))
        here = max(here, end)
    if here < until:
        found.append((here, until))
    return [(begin, end) for begin, end in found if end - begin > HOLE]


def said(span: Span) -> str:
    """A span for people, in UTC."""
    begin, end = (datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%d %H:%M:%S") for at in span)
    return f"from {begin} to {end}"


def created(ulid: str) -> float:
    """When a block was made, from the first ten characters of its ULID (milliseconds, Crockford's base 32)."""
    value = 0
    for character in ulid[:10]:
        value = value * 32 + _CROCKFORD.index(character)
    return value / 1000


def _folders(objects: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Files by the block that they lie under; what lies elsewhere (`debug/`) is not a block's."""
    found: dict[str, dict[str, int]] = {}
    for name, size in objects.items():
        folder, _, file = name.partition("/")
        if file and len(folder) == 26 and folder.isalnum() and folder.isupper():  # noqa: PLR2004  (a ULID)
            found.setdefault(folder, {})[file] = size
    return found


def _block(id_: str, meta: Mapping[str, object]) -> Block:
    thanos = _mapping(meta["thanos"])
    compaction = _mapping(meta.get("compaction") or {})
    files: dict[str, int | None] = {}
    for one in _list(thanos.get("files") or []):
        size = one.get("size_bytes")
        files[str(one["rel_path"])] = int(size) if isinstance(size, int) and size > 0 else None
    return Block(
        id=id_,
        span=(_number(meta["minTime"]) / 1000, _number(meta["maxTime"]) / 1000),
        resolution=int(_number(_mapping(thanos["downsample"])["resolution"]) / 1000),
        labels={str(key): str(value) for key, value in _mapping(thanos["labels"]).items()},
        sources=frozenset(map(str, compaction.get("sources") or [])),  # type: ignore[call-overload]
        files=files,
    )


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise TypeError(f"must be a mapping, got {value!r}")
    return value


def _list(value: object) -> list[Mapping[str, object]]:
    if not isinstance(value, list):
        raise TypeError(f"must be a list, got {value!r}")
    return [_mapping(one) for one in value]


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        raise TypeError(f"must be a number, got {value!r}")
    return value


def _files(block: Block, there: Mapping[str, int]) -> Iterator[Finding]:
    """What the block must consist of, held against what is there."""
    expected = dict(block.files)
    expected.setdefault(INDEX, None)
    expected.pop(META, None)
    for name, size in sorted(expected.items()):
        if name not in there:
            yield Finding(kind=Fault.MISSING_FILE, subject=block.id, detail=name)
        elif size is not None and there[name] != size:
            yield Finding(
                kind=Fault.WRONG_SIZE, subject=block.id, detail=f"{name}: {there[name]} bytes instead of {size}"
            )
    if not any(name.startswith(CHUNKS) for name in (*expected, *there)):
        yield Finding(kind=Fault.MISSING_FILE, subject=block.id, detail=f"{CHUNKS}*")


def _overlaps(blocks: Iterable[Block]) -> Iterator[Finding]:
    """Blocks of one stream and resolution that hold the same time twice.

    Not where one was made of the other: its sources stay until they are marked.
    """
    by_stream: dict[tuple[object, int], list[Block]] = {}
    for block in blocks:
        by_stream.setdefault((block.stream, block.resolution), []).append(block)
    for own in by_stream.values():
        own.sort(key=lambda block: (block.span, block.id))
        for index, one in enumerate(own):
            for other in own[index + 1 :]:
                if other.span[0] >= one.span[1]:
                    break
                if not (one.sources <= other.sources or other.sources <= one.sources):
                    yield Finding(kind=Fault.OVERLAP, subject=one.id, detail=f"with {other.id}")
