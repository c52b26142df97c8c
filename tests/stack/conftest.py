"""Two real Prometheus: one of a region, which evaluates the rules, and one that holds two regions, as Thanos would."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from monitoring.blueprint.dashboards import DASHBOARDS, FOLDER
from monitoring.blueprint.rules.loader import rules
from monitoring.blueprint.values.charts import ROOT
from tests import tables
from tests.stack.attacks import ATTACKS
from tests.stack.evaluated import evaluated, known_in
from tests.stack.known_metrics import Series
from tests.stack.oauth2_proxy import ASKED
from tests.stack.processes import tool
from tests.stack.prometheus import Prometheus, serving
from tests.stack.samples import REGIONS, TARGETS, write_database


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Function) -> Generator[None, None, None]:
    """A test that is an attack, and passes, is a row in the table of attacks."""
    before = len(ASKED)
    yield
    if attack := ATTACKS.get(item.originalname):
        tries = len(ASKED) - before if attack.tries is None else attack.tries
        tables.ATTACKS.put(item, (attack.at, attack.attack, tries, 0, attack.holds))


@pytest.fixture(scope="session")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """One region, after all rules were evaluated."""
    with evaluated(tmp_path_factory.mktemp("region"), targets=TARGETS) as prometheus:
        yield prometheus


@pytest.fixture(scope="session")
def recorded(region: Prometheus) -> list[Series]:
    """What the rules record of a region."""
    return [
        Series(
            name=one["metric"]["__name__"],
            labels={label: text for label, text in one["metric"].items() if label != "__name__"},
            value=float(one["value"][1]),
            rising=False,
        )
        for name in rules().recorded
        for one in region.query(name)
    ]


@pytest.fixture(scope="session")
def prometheus(recorded: list[Series], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Two regions from the outside, with what the dashboards ask for."""
    folder: Path = tmp_path_factory.mktemp("prometheus")
    until = int(time.time()) // 60 * 60
    asked = "".join((ROOT / FOLDER / f"{uid}.json").read_text(encoding="utf-8") for uid in DASHBOARDS)
    outside = [{"cluster": name, "environment": "trial"} for name in REGIONS]
    of_one = [one for one in recorded if "cluster" not in one.labels]  # not what one says of another
    write_database(
        folder, promtool=tool("promtool"), until=until, names=known_in(asked), outside=outside, recorded=of_one
    )
    with serving(folder, until=until) as started:
        yield started
