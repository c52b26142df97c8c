"""Outages that are longer than something holds: here samples are lost, and it is known which, and who calls.

The outage window is 15 s here, and Prometheus' blocks are 8 s: both two hours where the regions' files say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitoring.blueprint.components.workloads import PROMETHEUS, RECEIVE_INGESTOR
from monitoring.fleet import Fleet, Region
from tests.faults.conftest import Record
from tests.faults.outcome import RANGE, mark, outcome, raised
from tests.faults.region import Changes, Miniature, eventually, running, scraped_for
from tests.faults.source import COUNTER, counting

pytestmark = pytest.mark.faults

ROUTER = "thanos-receive-router-0"
WINDOW = "15s"
BLOCK = "8s"
COUNTED = "sum(prometheus_remote_storage_samples_dropped_total) + sum(prometheus_remote_storage_samples_failed_total)"


def short_window(config: dict[str, Any]) -> None:
    (queue,) = config["remote_write"]
    assert queue["queue_config"]["sample_age_limit"]
    queue["queue_config"]["sample_age_limit"] = WINDOW


def small_queue(config: dict[str, Any]) -> None:
    """What is unsent waits in the log, as it does with the series of a cluster, not in the queue."""
    (queue,) = config["remote_write"]
    queue["queue_config"] |= {"capacity": 100, "max_shards": 1, "max_samples_per_send": 100}


def checkpoint(made: Miniature, replica: str) -> str:
    """Name of the newest checkpoint: Prometheus makes one whenever it cuts its log."""
    log = made.local_region.mounts(replica) / "data" / "wal"
    return max((folder.name for folder in log.glob("checkpoint.*") if folder.suffix != ".tmp"), default="")


@pytest.fixture
def beyond_the_window(fleet: Fleet, zoned: Region, tmp_path: Path) -> Iterator[Miniature]:
    changes = Changes(flags={RECEIVE_INGESTOR.name: {"tsdb.out-of-order.time-window": WINDOW}}, configure=short_window)
    with counting() as source, running(fleet, zoned, tmp_path, source, changes) as made:
        yield made


@pytest.fixture
def with_short_logs(fleet: Fleet, zoned: Region, tmp_path: Path) -> Iterator[Miniature]:
    blocks = {"storage.tsdb.min-block-duration": BLOCK, "storage.tsdb.max-block-duration": BLOCK}
    changes = Changes(flags={PROMETHEUS.name: blocks}, configure=small_queue)
    with counting() as source, running(fleet, zoned, tmp_path, source, changes) as made:
        yield made


def test_outage_beyond_the_window_loses_oldest_samples_and_alerts(beyond_the_window: Miniature, record: Record) -> None:
    before = mark(beyond_the_window, "RemoteWriteDropsOldSamples")
    beyond_the_window.stop(ROUTER)
    scraped_for(beyond_the_window.source, 30)
    newest = {replica: beyond_the_window.source.newest(replica) for replica in beyond_the_window.replicas}
    beyond_the_window.start(ROUTER)
    raised(beyond_the_window, before, "RemoteWriteDropsOldSamples")
    row = outcome("no way to Thanos for twice the window", beyond_the_window, before)
    record(row, "what is older than the window is lost, in one piece, and the alert fires; the rest arrives")
    for replica, numbers in row.lost.items():
        assert numbers
        assert row.lost_in_one_piece(replica)
        assert newest[replica] not in numbers
    assert row.duplicates == 0


def test_wal_truncated_before_sending_loses_unsent_samples(with_short_logs: Miniature, record: Record) -> None:
    """Why the alert calls at 45 minutes: at the cut not the oldest are lost, but everything, and no counter tells."""
    before = mark(with_short_logs)
    with_short_logs.stop(ROUTER)
    scraped_for(with_short_logs.source, 4)
    with_short_logs.start(ROUTER)
    row = outcome("no way to Thanos for half a block", with_short_logs, before)
    record(row, "nothing lost: what an hour is of two hours survives every cut of the log")
    assert row.whole

    before = mark(with_short_logs)
    with_short_logs.stop(ROUTER)
    before_cut = {replica: checkpoint(with_short_logs, replica) for replica in with_short_logs.replicas}
    scraped_for(with_short_logs.source, 45)
    eventually(
        lambda: all(checkpoint(with_short_logs, replica) > last for replica, last in before_cut.items()),
        "the log of each replica is cut",
    )
    with with_short_logs.source.quiet():
        newest = {replica: with_short_logs.source.newest(replica) for replica in with_short_logs.replicas}
    with_short_logs.start(ROUTER)
    row = outcome("no way to Thanos while the log is cut", with_short_logs, before)
    record(row, "all that was unsent is lost, the newest too, in one piece; both replicas still hold it")
    for replica, numbers in row.lost.items():
        assert row.lost_in_one_piece(replica)
        assert newest[replica] in numbers
        assert with_short_logs.value(replica, COUNTED) == 0
        held = with_short_logs.ask_prometheus(replica, f"{COUNTER}[{RANGE}]")
        assert {*row.written[replica]} <= {int(float(value)) for one in held for _, value in one["values"]}
