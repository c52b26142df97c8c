"""Faults on the way from Prometheus to Thanos: who is killed, and what is left of the samples after healing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from monitoring.blueprint.components.workloads import PROMETHEUS
from monitoring.fleet import Fleet, Region
from monitoring.local.tls import trusting
from tests.attacks.remote_write import HEADERS, packed, series
from tests.attacks.system import request
from tests.faults.conftest import Record
from tests.faults.outcome import mark, outcome, raised
from tests.faults.region import Miniature, eventually, running, scraped_for
from tests.faults.source import counting

pytestmark = pytest.mark.faults

INGESTORS = [f"thanos-receive-ingestor-{number}" for number in range(3)]
ROUTER = "thanos-receive-router-0"
NEWEST = "prometheus_remote_storage_highest_timestamp_in_seconds"
BEHIND = "namespace_pod:prometheus_remote_write_behind_seconds:max"
FIRST, SECOND = (f"prometheus-prometheus-{number}" for number in range(2))


@pytest.fixture(scope="module")
def miniature(fleet: Fleet, zoned: Region, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Miniature]:
    with counting() as source, running(fleet, zoned, tmp_path_factory.mktemp("way"), source) as made:
        yield made


def test_ingestors_prune_no_tenant(miniature: Miniature) -> None:
    """One that starts in the minute of pruning dies (docs/faults.md), and here they start at any minute."""
    for ingestor in INGESTORS:
        assert "--tsdb.retention=0d" in miniature.programs[ingestor].line


def test_killing_one_ingestor_loses_no_samples(miniature: Miniature, record: Record) -> None:
    before = mark(miniature, "ThanosReceiveQuorumAtRisk")
    miniature.kill(INGESTORS[1])
    raised(miniature, before, "ThanosReceiveQuorumAtRisk")
    miniature.start(INGESTORS[1])
    row = outcome("one ingestor killed", miniature, before)
    record(row, "nothing lost: two of three are a quorum")
    assert row.whole
    assert "ThanosReceiveBelowQuorum" not in row.alerts


def test_router_restart_loses_no_samples(miniature: Miniature, record: Record) -> None:
    before = mark(miniature)
    miniature.stop(ROUTER)
    scraped_for(miniature.source, 3)
    miniature.start(ROUTER)
    row = outcome("the router restarted", miniature, before)
    record(row, "nothing lost: the log of Prometheus holds what is unsent")
    assert row.whole


def test_killing_two_ingestors_stops_writes_and_loses_no_samples(miniature: Miniature, record: Record) -> None:
    alerts = ("ThanosReceiveBelowQuorum", "ThanosReceiveErrors", "RemoteWriteBehind")
    before = mark(miniature, *alerts)
    miniature.kill(*INGESTORS[:2])
    raised(miniature, before, *alerts)
    miniature.start(*INGESTORS[:2])
    row = outcome("two ingestors killed", miniature, before)
    record(row, "nothing lost: no write succeeds, and the log of Prometheus holds it")
    assert row.whole


def known_to_be_behind(miniature: Miniature, *, since: float) -> None:
    """Until the second replica has recorded that the first one holds seconds that it cannot send since a moment.

    On a busy machine it is seconds behind at any time, and may just have caught up.
    """

    def held() -> bool:
        return miniature.value(SECOND, f'{NEWEST}{{pod="{FIRST}"}}') > since + 3

    eventually(held, "samples to be lost")
    then = time.time()
    eventually(lambda: miniature.value(SECOND, f'timestamp({BEHIND}{{pod="{FIRST}"}})') > then, "they are known of")


def test_prometheus_restart_during_outage_loses_unsent_samples_and_alerts(miniature: Miniature, record: Record) -> None:
    """Before any other restart of a sender: the alert remembers one for an hour, here a minute."""
    before = mark(miniature, "RemoteWriteSenderRestarted")
    miniature.stop(ROUTER)
    known_to_be_behind(miniature, since=time.time())
    with miniature.source.quiet(FIRST):
        scraped = miniature.source.newest(FIRST)
        miniature.stop(FIRST)
    miniature.start(FIRST)
    scraped_for(miniature.source, 3, FIRST)
    miniature.start(ROUTER)
    raised(miniature, before, "RemoteWriteSenderRestarted")
    row = outcome("a sender restarted in an outage", miniature, before)
    record(row, "no gap: the other has it; lost is what the restarted one had not sent, and its alert fires")
    assert not row.lost[SECOND]
    assert row.lost[FIRST]
    assert row.lost_in_one_piece(FIRST, until=scraped)
    assert row.without_a_gap


def test_killed_prometheus_loses_unsent_samples_that_the_other_replica_has(
    miniature: Miniature, record: Record
) -> None:
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


def sent(miniature: Miniature, *written: bytes) -> int:
    """The answer to one remote write straight to the router, with Prometheus' certificate, for a tenant of its own."""
    local_region = miniature.local_region
    return request(
        f"https://{local_region.address(ROUTER, 'http-rem-write')}/api/v1/receive",
        body=packed(b"".join(written)),
        headers={**HEADERS, "THANOS-TENANT": "edge"},
        context=trusting(local_region.trust, shows=local_region.secret(PROMETHEUS)),
    ).status


def test_only_samples_older_than_the_outage_window_are_refused(miniature: Miniature, zoned: Region) -> None:
    """To the second: an ingestor measures from the newest sample of the tenant, which nobody else moves here."""
    now = int(time.time())
    edge = now - zoned.thanos.outage_window.seconds
    inside, outside, beside = ({"__name__": name} for name in ("inside", "outside", "beside"))
    assert sent(miniature, series(inside, [(1, now)]), series(outside, [(1, now)])) == HTTPStatus.OK
    late = (series(outside, [(0, edge - 1)]), series(inside, [(0, edge)]), series(beside, [(1, now)]))
    assert sent(miniature, *late) == HTTPStatus.CONFLICT
    query = f'{{__name__=~"inside|outside|beside",tenant_id="edge"}}[{now - edge + 60}s]'
    found = eventually(  # Query hears of a new tenant after some seconds
        lambda: miniature.ask("query", query=query, time=now, dedup="true")["result"], "the tenant at Query"
    )
    assert {one["metric"]["__name__"]: [(at, value) for at, value in one["values"]] for one in found} == {
        "inside": [(edge, "0"), (now, "1")],
        "outside": [(now, "1")],
        "beside": [(now, "1")],
    }
