"""Blocks judged by their meta.json and their files."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.drill.blocks import Finding, Span, created, judged, merged, missing, read_blocks
from monitoring.drill.plan import Promise

HOUR, DAY = 3600.0, 86400.0
NOW = 1_767_225_600.0  # 2026-01-01
FIRST, SECOND = "01KDVDNA002222222222222222", "01KDVDNA003333333333333333"
"""Made on 2026-01-01 at 00:00."""
PROMISE = Promise(
    recovery_point={"raw": 4 * HOUR, "five_minutes": 3 * DAY, "one_hour": 17 * DAY},
    retention={"raw": 30 * DAY, "five_minutes": 180 * DAY, "one_hour": 730 * DAY},
)


def meta(begin: float, end: float, *, resolution: int = 0, sources: list[str] | None = None, **labels: str) -> Any:
    return {
        "minTime": begin * 1000,
        "maxTime": end * 1000,
        "compaction": {"sources": sources or [f"{begin} {labels}"]},
        "thanos": {
            "labels": {"tenant_id": "one", **labels},
            "downsample": {"resolution": resolution},
            "files": [{"rel_path": "chunks/000001", "size_bytes": 9}, {"rel_path": "index", "size_bytes": 7}],
        },
    }


class Bucket:
    """Blocks in memory: sizes and bytes by name."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}

    def put(self, id_: str, said: Any) -> None:
        self.content[f"{id_}/meta.json"] = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.content[f"{id_}/chunks/000001"] = b"123456789"
        self.content[f"{id_}/index"] = b"1234567"

    def findings(self, *, now: float = NOW, since: float | None = None) -> list[Finding]:
        sizes = {name: len(content) for name, content in self.content.items()}
        blocks, found = read_blocks(sizes, self.content.__getitem__, now=now)
        return [*found, *judged(blocks, now=now, promise=PROMISE, since=since)[1]]


@pytest.fixture
def bucket() -> Bucket:
    """A day in one block, until two hours ago."""
    made = Bucket()
    made.put(FIRST, meta(NOW - 26 * HOUR, NOW - 2 * HOUR))
    return made


def kinds(found: list[Finding]) -> list[tuple[str, str]]:
    return [(one.kind, one.subject) for one in found]


def test_whole_blocks_up_to_the_promised_recovery_point_are_fine(bucket: Bucket) -> None:
    assert bucket.findings() == []


def test_newest_sample_that_is_older_than_promised_is_a_hole(bucket: Bucket) -> None:
    assert bucket.findings(now=NOW + 2 * HOUR) == []
    (found,) = bucket.findings(now=NOW + 2 * HOUR + 301)
    assert (found.kind, found.subject) == ("hole", "one raw")
    assert found.detail == "nothing from 2025-12-31 22:00:00 to 2025-12-31 22:05:01"


def test_hole_between_two_blocks_is_found(bucket: Bucket) -> None:
    bucket.put(SECOND, meta(NOW - 40 * HOUR, NOW - 30 * HOUR))
    assert kinds(bucket.findings()) == [("hole", "one raw")]


def test_nothing_since_the_region_began_is_a_hole(bucket: Bucket) -> None:
    assert kinds(bucket.findings(since=NOW - 30 * HOUR)) == [("hole", "one raw")]


@pytest.mark.parametrize(
    ("age", "found"), [(3 * DAY, []), (3 * DAY + 400, [("hole", "one five_minutes")])], ids=["young", "old"]
)
def test_block_that_is_old_enough_must_be_downsampled(bucket: Bucket, age: float, found: list[tuple[str, str]]) -> None:
    bucket.put(SECOND, meta(NOW - age, NOW - 26 * HOUR))
    assert kinds(bucket.findings()) == found


def test_raw_samples_past_their_retention_need_not_be_there(bucket: Bucket) -> None:
    bucket.put(SECOND, meta(NOW - 30 * DAY, NOW - 26 * HOUR))
    for place, resolution in (("4", 300_000), ("5", 3_600_000)):
        bucket.put(f"{SECOND[:-1]}{place}", meta(NOW - 100 * DAY, NOW - 2 * DAY, resolution=resolution))
    assert bucket.findings() == []


def test_tenants_are_judged_apart(bucket: Bucket) -> None:
    bucket.put(SECOND, meta(NOW - 26 * HOUR, NOW - 20 * HOUR, tenant_id="two"))
    assert kinds(bucket.findings()) == [("hole", "two raw")]


def test_bucket_without_a_block_is_found() -> None:
    assert kinds(Bucket().findings()) == [("no blocks", "bucket")]


@pytest.mark.parametrize("file", ["index", "chunks/000001"])
def test_missing_file_is_found(bucket: Bucket, file: str) -> None:
    del bucket.content[f"{FIRST}/{file}"]
    assert ("missing file", FIRST) in kinds(bucket.findings())


@pytest.mark.parametrize("file", ["index", "chunks/000001"])
def test_cut_file_is_found(bucket: Bucket, file: str) -> None:
    bucket.content[f"{FIRST}/{file}"] = b"12"
    assert kinds(bucket.findings()) == [("wrong size", FIRST)]


@pytest.mark.parametrize(
    "said", [b"", b"[]", b"{}", b'{"minTime": "x"}', b'{"minTime": 1, "maxTime": 2, "thanos": {"labels": []}}']
)
def test_unreadable_meta_is_found_whatever_it_holds(bucket: Bucket, said: bytes) -> None:
    bucket.content[f"{FIRST}/meta.json"] = said
    assert ("unreadable meta.json", FIRST) in kinds(bucket.findings())


@pytest.mark.parametrize(("age", "found"), [(47, []), (49, [("no meta.json", FIRST)])])
def test_upload_without_a_meta_is_found_after_two_days(bucket: Bucket, age: int, found: list[tuple[str, str]]) -> None:
    del bucket.content[f"{FIRST}/meta.json"]
    bucket.put(SECOND, meta(NOW - HOUR, NOW + age * HOUR))
    assert kinds(bucket.findings(now=NOW + age * HOUR)) == found


def test_blocks_marked_for_deletion_count_no_more(bucket: Bucket) -> None:
    bucket.content[f"{FIRST}/deletion-mark.json"] = b"{}"
    assert kinds(bucket.findings()) == [("no blocks", "bucket")]


@pytest.mark.parametrize(
    ("other", "later", "found"),
    [
        ({}, 25 * HOUR, True),
        ({}, 1 * HOUR, False),
        ({"receive_replica": "1"}, 25 * HOUR, False),
        ({"sources": ["a", "b"]}, 25 * HOUR, False),
    ],
    ids=["same stream", "not settled yet", "another copy", "made of it"],
)
def test_two_blocks_of_one_time_overlap_unless(
    bucket: Bucket, other: dict[str, Any], later: float, found: bool
) -> None:
    bucket.put(FIRST, meta(NOW - 26 * HOUR, NOW + 30 * HOUR, sources=["a"]))
    bucket.put(SECOND, meta(NOW - 8 * HOUR, NOW - 6 * HOUR, **{"sources": ["c"], **other}))
    assert (("overlap", FIRST) in kinds(bucket.findings(now=NOW + later))) is found


def test_time_of_a_ulid() -> None:
    assert created(FIRST) == NOW
    assert created("01ARYZ6S41TSV4RRFFQ69G5FAV") == 1469918176.385  # of the specification


MOMENTS = st.tuples(st.integers(0, 50), st.integers(0, 50))
SPANS = st.lists(MOMENTS.map(lambda two: (min(two) * 1000.0, max(two) * 1000.0)))


@given(SPANS, MOMENTS)
def test_every_moment_is_held_or_missing(spans: list[Span], wanted: tuple[int, int]) -> None:
    begin, end = min(wanted) * 1000.0, max(wanted) * 1000.0
    gaps = missing((begin, end), merged(spans))
    for moment in range(int(begin) + 500, int(end), 1000):
        held = any(one <= moment < other for one, other in spans)
        assert any(one <= moment < other for one, other in gaps) is not held
