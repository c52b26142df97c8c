"""The real global view: one answer for all regions, and what is left of it when a region is slow, silent or gone."""

from __future__ import annotations

import ssl
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from monitoring.blueprint.components import GLOBAL_QUERY, QUERY
from monitoring.blueprint.releases.thanos_global import ANSWER_WITHIN
from monitoring.fleet import Fleet
from tests.stack.global_view import Answer, Front, Regions, running_regions, silent_listener
from tests.stack.processes import PATIENCE
from tests.stack.tls_chain import issued, write

pytestmark = pytest.mark.stack

ASKED: dict[str, Callable[[Front], Answer]] = {"now": Front.now, "over time": Front.over_time, "values": Front.values}


@pytest.fixture(scope="module")
def regions(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Regions]:
    with running_regions(tmp_path_factory.mktemp("regions"), fleet) as made:
        yield made


@pytest.fixture(scope="module")
def front(regions: Regions) -> Iterator[Front]:
    with regions.viewed(regions.fleet.region("trial-alpha")) as made:
        whole(made)
        yield made


def whole(front: Front) -> Answer:
    """The first answer that lacks nothing."""
    until = time.monotonic() + PATIENCE * 4
    while time.monotonic() < until:
        if not (answer := front.now()).warnings and len(answer.regions) == 3:
            return answer
        time.sleep(1)
    raise AssertionError(f"no whole answer in time, the last was {answer}")


def assert_partial(answer: Answer, lacking: set[str]) -> None:
    """In time, with all other regions, and with a word on what is missing."""
    assert answer.error == ""
    assert answer.regions == {"trial-alpha", "trial-beta", "trial-gamma"} - lacking
    assert answer.warnings
    assert answer.seconds < ANSWER_WITHIN


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_one_query_answers_for_all_regions(front: Front, ask: Callable[[Front], Answer]) -> None:
    answer = ask(front)
    assert (answer.error, answer.warnings) == ("", ())
    assert answer.regions == {"trial-alpha", "trial-beta", "trial-gamma"}


def test_dead(regions, front):
    beta = regions.fleet.region("trial-beta")
    with regions.without(beta):
        for _ in range(3):
            for name, ask in ASKED.items():
                a = ask(front); print("dead", name, a)
    t=time.monotonic(); whole(front); print("healed", time.monotonic()-t)
    print(front.over_time())

def test_hang(regions, front):
    beta = regions.fleet.region("trial-beta")
    with regions.hanging(beta):
        t=time.monotonic()
        while time.monotonic()-t<60:
            for name, ask in ASKED.items():
                a = ask(front); print("hang", round(time.monotonic()-t,1), name, a)
            time.sleep(.5)
    t=time.monotonic(); whole(front); print("healed", time.monotonic()-t)

def test_silent(regions, front):
    with silent_listener() as port, regions.viewed(regions.fleet.region("trial-alpha"), instead={"trial-gamma": port}) as f:
        t=time.monotonic()
        while time.monotonic()-t<30:
            for name, ask in ASKED.items():
                a = ask(f); print("silent", round(time.monotonic()-t,1), name, a)
            time.sleep(.5)
