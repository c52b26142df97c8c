"""The fleet for tests: tests/fleet/regions, whose values are not production's."""

import monitoring.bindings  # noqa: F401

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from monitoring.blueprint.values.charts import ROOT
from monitoring.fleet import Fleet, Region, load_fleet
from tests.no_skips import pytest_runtest_makereport
from tests.own_input import refuse_bad_input
from tests.tables import ATTACKS, TABLES, Attacked

__all__ = ["pytest_runtest_makereport"]

# no deadline per example, no health check of speed: on a busy machine they would fail what is right
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("many", parent=settings.get_profile("untimed"), max_examples=3000)
settings.load_profile("untimed")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Not in a worker of xdist: its controller has asked."""
    if not hasattr(session.config, "workerinput"):
        refuse_bad_input(ROOT / "regions")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Here and not beside the tests: with xdist, the controller reads no other conftest."""
    for table in TABLES:
        table.show(terminalreporter)


@pytest.fixture
def attacked(request: pytest.FixtureRequest) -> Attacked:
    """Puts a row into the table of attacks."""

    def add(at: str, attack: str, *, tries: int, holds: str, let_in: int = 0) -> None:
        ATTACKS.put(request.node, (at, attack, tries, let_in, holds))

    return add


@pytest.fixture(scope="session")
def fleet() -> Fleet:
    """Three regions: alpha (three zones, global view), beta (no zones), gamma (two zones)."""
    return load_fleet(Path(__file__).parent / "fleet" / "regions")


@pytest.fixture(scope="session")
def zoned(fleet: Fleet) -> Region:
    """A region with three zones."""
    return fleet.region("trial-alpha")


@pytest.fixture(scope="session")
def unzoned(fleet: Fleet) -> Region:
    """A region without zones."""
    return fleet.region("trial-beta")
