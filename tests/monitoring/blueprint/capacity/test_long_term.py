"""What the parts over Blob need, by numbers worked out by hand."""

from __future__ import annotations

import pytest

from monitoring.blueprint.capacity.long_term import (
    asked_index,
    blocks_kept,
    blocks_of,
    compactor_cores,
    compactor_memory,
    index_headers,
    store_memory,
)
from monitoring.fleet.model import Retention
from monitoring.fleet.quantities import Duration


@pytest.mark.parametrize(("days", "blocks"), [("14d", 8), ("15d", 9), ("2h", 8), ("2y", 60)])
def test_blocks_are_of_two_weeks_and_the_newest_of_two_days(days: str, blocks: int) -> None:
    assert blocks_of(Duration.parse(days)) == blocks


def test_the_newest_blocks_are_there_once_for_each_copy() -> None:
    keep = Retention.model_validate({"raw": "30d", "five_minutes": "180d", "one_hour": "2y"})
    assert [blocks_kept(keep, copies=copies) for copies in (3, 5)] == [114, 130]


def test_a_store_gateway_needs_its_caches_and_what_its_calls_read() -> None:
    assert store_memory(0, calls=8) == 2_250_000_000
    assert store_memory(150_000, calls=8) == 3_690_000_000


def test_index_headers_are_as_large_as_if_no_label_were_shared() -> None:
    assert index_headers(900_000, blocks=114) == 9_234_000_000


def test_most_queries_read_the_index_of_fifteen_blocks() -> None:
    assert asked_index(300_000) == 450_000_000


def test_compaction_reads_every_copy_once_and_what_is_left_almost_four_times() -> None:
    assert compactor_cores(10_000, copies=3) == pytest.approx(0.0272)
    assert compactor_cores(10_000, copies=5) == pytest.approx(0.0352)
    assert compactor_memory(900_000) == 1_050_000_000
