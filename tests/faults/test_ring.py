"""More ingestors than copies: a zone that goes, and a ring that grows and shrinks, while two Prometheus write.

Besides, a thousand series are written one by one: each answer says whether that series had its quorum. Which copies
there are is read from Query, which names the ingestor of each.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import pytest

from monitoring.blueprint.components.workloads import PROMETHEUS, RECEIVE_INGESTOR
from monitoring.fleet import Fleet, Region
from monitoring.local.thanos import local_ring
from monitoring.local.tls import trusting
from tests.attacks.remote_write import HEADERS, packed, series
from tests.attacks.system import request
from tests.faults.conftest import Record
from tests.faults.outcome import mark, outcome, raised
from tests.faults.region import Changes, Miniature, eventually, running, scraped_for
from tests.faults.source import counting

pytestmark = pytest.mark.faults

INGESTORS = [f"thanos-receive-ingestor-{number}" for number in range(6)]
ZONES = dict(zip(INGESTORS, ("1", "2", "3", "1", "2", "3"), strict=True))
ZONE_1 = (INGESTORS[0], INGESTORS[3])
ADDED = INGESTORS[3:]
ROUTER = "thanos-receive-router-0"
SERIES = 1000
BLOCK = "30s"


def of_ring(region: Region, ring: int) -> Region:
    """The region with six ingestors, of which so many are in the ring."""
    receive = region.thanos.receive.model_copy(update={"replicas": 6, "ring": ring})
    return region.model_copy(update={"thanos": region.thanos.model_copy(update={"receive": receive})})


@pytest.fixture(scope="module")
def six(fleet: Fleet, zoned: Region, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Miniature]:
    with counting() as source:
        source.ingestors = 6
        with running(fleet, of_ring(zoned, 6), tmp_path_factory.mktemp("ring"), source) as made:
            yield made


@pytest.fixture
def three_of_six(fleet: Fleet, zoned: Region, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Miniature]:
    """Three ingestors, and the programs of three more, which have not been there yet; with Blob."""
    blocks = {f"tsdb.{edge}-block-duration": BLOCK for edge in ("min", "max")}
    changes = Changes(flags={RECEIVE_INGESTOR.name: blocks}, store=True)
    folder = tmp_path_factory.mktemp("scale")
    with counting() as source, running(fleet, of_ring(zoned, 3), folder, source, changes) as made:
        made.stop(*ADDED)
        yield made


def write_ring(miniature: Miniature, ring: list[dict[str, Any]]) -> None:
    """The routers restart with another ring, as its annotation makes them."""
    miniature.stop(ROUTER)
    file = miniature.local_region.mounts(ROUTER) / "hashrings.json"
    file.write_text(json.dumps(ring), encoding="utf-8")
    miniature.start(ROUTER)


def set_ring(miniature: Miniature, ring: int) -> None:
    """The ring of a region's file that says so."""
    write_ring(
        miniature, local_ring(replace(miniature.local_region, region=of_ring(miniature.local_region.region, ring)))
    )


@contextmanager
def without(miniature: Miniature, *ingestors: str) -> Iterator[None]:
    """They are killed, and started again at the end. Before, the router reaches all: it lets one be for seconds."""
    eventually(lambda: all_copies_arrive(miniature), "three copies of each")
    miniature.kill(*ingestors)
    try:
        yield
    finally:
        miniature.start(*ingestors)


def all_copies_arrive(miniature: Miniature) -> bool:
    """Whether what is written now comes to all three."""
    name = f"probe_{time.time_ns()}"
    return not write_each(miniature, name, 200) and sum(map(len, copies(miniature, name).values())) == 600


def write_each(miniature: Miniature, name: str, count: int = SERIES) -> list[int]:
    """Numbers of the series whose write has found no quorum."""
    local_region = miniature.local_region
    address, now = local_region.address(ROUTER, "http-rem-write"), time.time()
    context = trusting(local_region.trust, shows=local_region.secret(PROMETHEUS))
    answers = [
        request(
            f"https://{address}/api/v1/receive",
            body=packed(series({"__name__": name, "number": str(number)}, [(number, now)])),
            headers=HEADERS,
            context=context,
        ).status
        for number in range(count)
    ]
    assert set(answers) <= {HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE}
    return [number for number, status in enumerate(answers) if status != HTTPStatus.OK]


def copies(miniature: Miniature, name: str) -> Mapping[str, set[str]]:
    """The ingestors that have each series, by its number."""
    found: dict[str, set[str]] = {}
    for one in miniature.ask("query", query=name, time=time.time(), dedup="false")["result"]:
        assert one["value"][1] == one["metric"]["number"]
        found.setdefault(one["metric"]["number"], set()).add(one["metric"]["receive_replica"])
    return found


def zones_of(ingestors: set[str]) -> list[str]:
    return sorted(ZONES[one] for one in ingestors)


def test_each_series_has_its_copies_in_three_zones(six: Miniature) -> None:
    assert write_each(six, "spread") == []

    def complete() -> Mapping[str, set[str]] | None:
        found = copies(six, "spread")
        return found if sum(map(len, found.values())) == 3 * SERIES else None

    found = eventually(complete, "three copies of each")
    assert [zones_of(found[str(number)]) for number in range(SERIES)] == [["1", "2", "3"]] * SERIES
    # each of six has its share, half of all
    held = [sum(ingestor in one for one in found.values()) for ingestor in INGESTORS]
    assert sum(held) == 3 * SERIES
    assert all(420 <= one <= 580 for one in held)


def test_loss_of_a_zone_of_six_ingestors_loses_no_samples(six: Miniature, record: Record) -> None:
    before = mark(six, "ThanosReceiveQuorumAtRisk", "ThanosReceiveBelowQuorum")
    with without(six, *ZONE_1):
        assert write_each(six, "zone_gone") == []
        raised(six, before, "ThanosReceiveQuorumAtRisk")
        found = eventually(lambda: copies(six, "zone_gone"), "what was written meanwhile")
        assert [zones_of(found[str(number)]) for number in range(SERIES)] == [["2", "3"]] * SERIES
    row = outcome("a zone of six ingestors killed", six, before)
    record(row, "nothing lost: each series has two of its copies in the other zones, a quorum")
    assert row.whole
    assert "ThanosReceiveBelowQuorum" not in row.alerts
    assert "ThanosReceiveErrors" not in row.alerts


def test_loss_of_two_ingestors_in_two_zones_stops_writes_and_loses_no_samples(six: Miniature, record: Record) -> None:
    """The alert counts zones: as many ingestors are away as when a zone is, and this is worse."""
    alerts = ("ThanosReceiveBelowQuorum", "ThanosReceiveErrors")
    before = mark(six, *alerts)
    with without(six, INGESTORS[0], INGESTORS[1]):
        assert 150 <= len(write_each(six, "two_zones")) <= 350  # a quarter has copies on both
        raised(six, before, *alerts)
    row = outcome("two of six ingestors killed, in two zones", six, before)
    record(row, "nothing lost: no write succeeds, and the log of Prometheus holds it")
    assert row.whole


def test_without_zones_in_the_ring_the_loss_of_a_zone_costs_series_their_quorum(six: Miniature) -> None:
    """What the zones are there for: of the same six, some series have two of three copies in the zone that goes."""
    ring = local_ring(six.local_region)
    write_ring(six, [{**ring[0], "endpoints": [{"address": one["address"]} for one in ring[0]["endpoints"]]}])
    with without(six, *ZONE_1):
        refused = write_each(six, "no_zones")
    write_ring(six, ring)
    assert 100 <= len(refused) <= 300


def head_series(miniature: Miniature, ingestor: str) -> float:
    """Series in an ingestor's head, by its own count."""
    page = request(f"{miniature.programs[ingestor].url}/metrics").body.decode()
    lines = [line for line in page.splitlines() if line.startswith("prometheus_tsdb_head_series{")]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def test_growing_from_three_ingestors_to_six_and_back_loses_no_samples(three_of_six: Miniature, record: Record) -> None:
    """The steps of docs/operations.md. The disks of those that go are gone with them."""
    before = mark(three_of_six)
    three_of_six.source.ingestors = 6
    three_of_six.start(*ADDED)
    set_ring(three_of_six, 6)
    assert write_each(three_of_six, "grown") == []
    scraped_for(three_of_six.source, 5)
    assert all(head_series(three_of_six, ingestor) > 0 for ingestor in ADDED)
    set_ring(three_of_six, 3)
    eventually(
        lambda: not any(head_series(three_of_six, ingestor) for ingestor in ADDED),
        "their heads are cut into blocks",
        patience=180,
    )
    three_of_six.stop(*ADDED)
    for ingestor in ADDED:
        shutil.rmtree(three_of_six.local_region.mounts(ingestor) / "data")
    three_of_six.source.ingestors = 3
    eventually(lambda: len(copies_found(three_of_six, "grown")) == SERIES, "what they had, from Blob", patience=180)
    row = outcome("scaled from three ingestors to six, and back", three_of_six, before)
    record(row, "nothing lost: who leaves the ring is asked until Blob has what he holds")
    assert row.whole


def copies_found(miniature: Miniature, name: str) -> set[str]:
    """Numbers of the series that people find."""
    query = f"last_over_time({name}[30m])"
    found = miniature.ask("query", query=query, time=time.time(), dedup="true")["result"]
    return {one["metric"]["number"] for one in found if one["value"][1] == one["metric"]["number"]}
