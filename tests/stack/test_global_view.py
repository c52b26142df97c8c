"""The real global view: one answer for all regions, and what is left of it when a region is slow, silent or gone."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitoring.blueprint.components.workloads import GLOBAL_QUERY, QUERY
from monitoring.blueprint.releases.thanos_global import ANSWER_WITHIN
from monitoring.fleet import Fleet, Region
from monitoring.local.authorities import Issued
from tests.stack.global_view import Answer, Front, Regions, running_regions, silent_listener
from tests.stack.processes import PATIENCE, eventually
from tests.stack.tls_chain import issued, write

pytestmark = pytest.mark.stack

ALL = frozenset({"trial-alpha", "trial-beta", "trial-gamma"})
ASKED: dict[str, Callable[[Front], Answer]] = {"now": Front.now, "over time": Front.over_time}

BROKEN_FOR_LONG = 30
"""Seconds: the connection is held for dead after 15 (keepalive, pkg/extgrpc/client.go), then it is tried anew."""


@pytest.fixture(scope="module")
def regions(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Regions]:
    with running_regions(tmp_path_factory.mktemp("regions"), fleet) as made:
        yield made


@pytest.fixture(scope="module")
def viewer(fleet: Fleet) -> Region:
    return fleet.region("trial-alpha")


@pytest.fixture
def beta(fleet: Fleet) -> Region:
    return fleet.region("trial-beta")


@pytest.fixture
def front(regions: Regions, viewer: Region) -> Iterator[Front]:
    with regions.viewed(viewer) as made:
        whole(made)
        yield made


def whole(front: Front) -> None:
    """Until an answer lacks nothing: gRPC tries a lost region again after a while."""

    def lacks_nothing() -> bool:
        answer = front.now()
        return answer.regions == ALL and not answer.warnings

    eventually(lacks_nothing, patience=PATIENCE * 3)


def assert_partial(answer: Answer, *, lacks: set[str]) -> None:
    """In time, no error, all other regions, and a word on what is missing."""
    assert answer.error == ""
    assert answer.regions == ALL - lacks
    assert len(answer.warnings) >= len(lacks)
    assert answer.seconds < ANSWER_WITHIN


def test_one_query_answers_for_all_regions(front: Front) -> None:
    for ask in (*ASKED.values(), Front.values):
        answer = ask(front)
        assert (answer.error, answer.regions) == ("", ALL)
        assert not answer.warnings


def test_a_dead_region_is_missing_and_marked_until_it_is_back(front: Front, regions: Regions, beta: Region) -> None:
    with regions.without(beta):
        for ask in ASKED.values():
            assert_partial(ask(front), lacks={beta.name})
        assert front.values().regions == ALL - {beta.name}
    whole(front)
    answer = front.over_time()
    assert answer.regions == ALL, "what was partial must not be kept"
    assert not answer.warnings


def test_dead_region_is_counted_in_the_alerts_metric(front: Front, regions: Regions, beta: Region) -> None:
    assert front.failed_calls() == 0
    with regions.without(beta):
        eventually(lambda: front.failed_calls() >= 2)


def test_complete_answer_is_cached(front: Front) -> None:
    """So that the test above says something: the front does keep answers, of the very same query."""
    assert front.over_time().regions == ALL
    before = front.reached_query()
    assert front.over_time().regions == ALL
    assert front.reached_query() == before


def test_hanging_region_does_not_block_global_queries(front: Front, regions: Regions, beta: Region) -> None:
    """From the moment at which it stops to answer, through the loss of its connection, to the tries to reach it."""
    with regions.hanging(beta):
        until = time.monotonic() + BROKEN_FOR_LONG
        while time.monotonic() < until:
            assert_partial(front.now(), lacks={beta.name})
            time.sleep(0.2)
        assert_partial(front.over_time(), lacks={beta.name})
    whole(front)


def test_a_region_that_never_answered_and_one_that_hangs_do_not_add_up_to_more(
    regions: Regions, viewer: Region, beta: Region
) -> None:
    with silent_listener() as port, regions.viewed(viewer, instead={"trial-gamma": port}) as front:
        assert_partial(front.now(), lacks={"trial-gamma"})
        with regions.hanging(beta):
            assert_partial(front.now(), lacks={"trial-gamma", beta.name})
            assert_partial(front.over_time(), lacks={"trial-gamma", beta.name})


def test_without_strict_a_lost_region_would_be_missing_and_nothing_say_so(
    regions: Regions, viewer: Region, beta: Region
) -> None:
    with regions.viewed(viewer, left_out="  strict: true\n") as front:
        whole(front)
        with regions.without(beta):
            eventually(lambda: not front.now().warnings)
            assert front.now().regions == ALL - {beta.name}


def settings(regions: Regions, region: Region, leaf: Issued | None, folder: Path) -> bytes:
    """What a region's Query says first to a client; an error where it lets nobody in."""
    context = ssl.create_default_context(cafile=str(regions.folder / region.name / "trust" / "roots.pem"))
    context.set_alpn_protocols(["h2"])
    if leaf:
        files = write(folder, leaf)
        context.load_cert_chain(files / "tls.crt", files / "tls.key")
    raw = socket.create_connection(("127.0.0.1", regions.ports[region.name]), timeout=PATIENCE)
    with context.wrap_socket(raw, server_hostname=QUERY.host) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
        return connection.recv(9)


def test_region_query_accepts_the_global_view_certificate_and_refuses_untrusted_ones(
    regions: Regions, viewer: Region, tmp_path: Path
) -> None:
    for region in regions.fleet.regions:
        assert settings(regions, region, issued(GLOBAL_QUERY, viewer), tmp_path / "own")
        for stranger in (None, issued(GLOBAL_QUERY, viewer, by="foreign")):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                settings(regions, region, stranger, tmp_path / "strange")
