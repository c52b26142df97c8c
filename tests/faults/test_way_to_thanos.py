"""Faults on the way from Prometheus to Thanos: who is killed, and what is left of the samples after healing."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from monitoring.fleet import Fleet, Region
from tests.faults.conftest import Record
from tests.faults.outcome import mark, outcome, raised
from tests.faults.region import Miniature, eventually, running
from tests.faults.source import counting

pytestmark = pytest.mark.faults

INGESTORS = [f"thanos-receive-ingestor-{number}" for number in range(3)]
ROUTER = "thanos-receive-router-0"
BEHIND = "namespace_pod:prometheus_remote_write_behind_seconds:max"
FIRST, SECOND = (f"prometheus-prometheus-{number}" for number in range(2))


@pytest.fixture(scope="module")
def miniature(fleet: Fleet, zoned: Region, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Miniature]:
    with counting() as source, running(fleet, zoned, tmp_path_factory.mktemp("way"), source) as made:
        yield made


def test_one_ingestor_killed_loses_nothing(miniature: Miniature, record: Record) -> None:
    before = mark(miniature, "ThanosReceiveQuorumAtRisk")
    miniature.kill(INGESTORS[1])
    raised(miniature, before, "ThanosReceiveQuorumAtRisk")
    miniature.start(INGESTORS[1])
    row = outcome("one ingestor killed", miniature, before)
    record(row, "nothing lost: two of three are a quorum")
    assert row.whole
    assert "ThanosReceiveBelowQuorum" not in row.alerts


def test_a_router_that_restarts_loses_nothing(miniature: Miniature, record: Record) -> None:
    before = mark(miniature)
    miniature.stop(ROUTER)
    time.sleep(3)
    miniature.start(ROUTER)
    row = outcome("the router restarted", miniature, before)
    record(row, "nothing lost: the log of Prometheus holds what is unsent")
    assert row.whole


def test_two_ingestors_killed_stop_writes_and_lose_nothing(miniature: Miniature, record: Record) -> None:
    alerts = ("ThanosReceiveBelowQuorum", "ThanosReceiveErrors", "RemoteWriteBehind")
    before = mark(miniature, *alerts)
    miniature.kill(*INGESTORS[:2])
    raised(miniature, before, *alerts)
    miniature.start(*INGESTORS[:2])
    row = outcome("two ingestors killed", miniature, before)
    record(row, "nothing lost: no write succeeds, and the log of Prometheus holds it")
    assert row.whole


def test_a_sender_restarted_in_an_outage_loses_it_and_the_alert_says_so(miniature: Miniature, record: Record) -> None:
    """Before any other restart of a sender: the alert remembers one for an hour, here a minute."""
    before = mark(miniature, "RemoteWriteSenderRestarted")
    miniature.stop(ROUTER)
    eventually(lambda: miniature.value(SECOND, f'{BEHIND}{{pod="{FIRST}"}}') > 2, "what the alert looks at")
    with miniature.source.quiet(FIRST):
        scraped = miniature.source.newest(FIRST)
        miniature.stop(FIRST)
    miniature.start(FIRST)
    time.sleep(3)
    miniature.start(ROUTER)
    raised(miniature, before, "RemoteWriteSenderRestarted")
    row = outcome("a sender restarted in an outage", miniature, before)
    record(row, "no gap: the other has it; lost is what the restarted one had not sent, and its alert fires")
    assert not row.lost[SECOND]
    assert row.lost[FIRST]
    assert row.lost_in_one_piece(FIRST, until=scraped)
    assert row.without_a_gap


def test_a_prometheus_killed_loses_what_was_unsent_and_the_other_has_it(miniature: Miniature, record: Record) -> None:
    before = mark(miniature, "PrometheusReplicaMissing")
    with miniature.source.quiet(FIRST):
        scraped = miniature.source.newest(FIRST)
        miniature.kill(FIRST)
    raised(miniature, before, "PrometheusReplicaMissing")
    miniature.start(FIRST)
    row = outcome("a Prometheus killed", miniature, before)
    record(row, "no gap: the other has it; lost is only what the killed one had not sent")
    assert not row.lost[SECOND]
    assert row.lost_in_one_piece(FIRST, until=scraped)
    assert row.without_a_gap
