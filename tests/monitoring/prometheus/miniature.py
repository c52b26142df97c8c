"""The system in miniature, of the regions that tests have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monitoring.blueprint.values.charts import ROOT
from monitoring.fleet import load_fleet
from monitoring.local.binaries import find_tool
from monitoring.local.system import Settings, System, running, write_addresses

FLEET = load_fleet(ROOT / "tests" / "fleet" / "regions")
FIRST, SECOND = FLEET.region("trial-alpha"), FLEET.region("trial-beta")


@contextmanager
def system(folder: Path, *names: str) -> Iterator[System]:
    """The regions, the first with everything; addresses.json of `folder` is for `monitoring verify`."""
    regions = [FLEET.region(name) for name in names]
    with running(FLEET, regions, folder, Settings(tool=find_tool)) as made:
        write_addresses(made, folder / "addresses.json")
        yield made
