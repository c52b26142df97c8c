"""Time and memory of synthesis are real, bounds bite, and the many regions are a fleet that loads."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.bench.many_regions import LARGEST, another_region, write_fleet
from monitoring.bench.synthesis import MEASUREMENT, SIZES, Case, CaseFailedError, run
from monitoring.blueprint.values.charts import ROOT
from monitoring.fleet import load_fleet

LARGE = "x = bytearray(300 * 1024 * 1024)"


def values(*, app: float = 2, ordinary: float = 20, grown: tuple[float, ...] = (2, 7, 12)) -> dict[str, float]:
    seconds = {"empty": 1, "app": app, "ordinary": ordinary}
    seconds |= {f"{size} region" + "s" * (size > 1): time for size, time in zip(SIZES, grown, strict=True)}
    return {f"{name}: seconds": time for name, time in seconds.items()}


def unmet(measured: dict[str, float]) -> list[str]:
    return [bound.what for bound in MEASUREMENT.check(measured) if not bound.met]


def test_good_figures_meet_every_bound() -> None:
    assert unmet(values()) == []


@pytest.mark.parametrize(
    ("measured", "what"),
    [
        (values(app=3.1, ordinary=30), "this app / an empty stack"),
        (values(ordinary=15), "ordinary bindings / this app"),
        (values(grown=(1, 11, 21)), "50 regions, seconds"),
        (values(grown=(1, 4, 11)), "cost of a region past the 25th / before it"),
    ],
)
def test_each_bound_bites(measured: dict[str, float], what: str) -> None:
    assert unmet(measured) == [what]


@pytest.mark.parametrize(
    "program", [LARGE, f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {LARGE!r}], check=True)"]
)
def test_memory_counts_the_program_and_its_child(tmp_path: Path, program: str) -> None:
    file = tmp_path / "program.py"
    file.write_text("")
    empty = run(Case(name="", program=file)).peak_mib  # on Linux no less than the tests' own peak
    file.write_text(program)
    assert 300 < run(Case(name="", program=file)).peak_mib < empty + 400


def test_time_counts_from_start_to_exit(tmp_path: Path) -> None:
    program = tmp_path / "slow.py"
    program.write_text("import atexit, time\natexit.register(time.sleep, 0.3)")
    assert run(Case(name="", program=program)).seconds > 0.3


def test_a_program_that_fails_is_no_figure(tmp_path: Path) -> None:
    program = tmp_path / "broken.py"
    program.write_text("raise SystemExit('out of luck')")
    with pytest.raises(CaseFailedError, match="the app failed:\nout of luck"):
        run(Case(name="the app", program=program))


def test_a_copy_of_a_region_keeps_what_is_not_its_own() -> None:
    region = {
        "location": "eastus",
        "global_view": True,
        "cluster": {"name": "aks-a", "resource_group": "rg-a"},
        "network": {
            "virtual_network_id": "/a",
            "subnet": "10.7.8.0/28",
            "federation": ["10.7.8.5"],
            "mask": "255.10.7.0",
        },
    }
    copy = another_region(region, 12)
    assert copy["location"] == "eastus"
    assert copy["global_view"] is False
    assert copy["cluster"] == {"name": "aks-bench-12", "resource_group": "rg-a"}
    assert copy["network"] == {
        "virtual_network_id": "/a-12",
        "subnet": "10.12.8.0/28",
        "federation": ["10.12.8.5"],
        "mask": "255.10.7.0",
    }


def test_the_many_regions_are_a_fleet_with_one_global_view(tmp_path: Path) -> None:
    fleet = load_fleet(write_fleet(tmp_path / "fleet", size=12, regions=ROOT / "tests" / "fleet" / "regions"))
    assert len(fleet.regions) == 12
    assert [region.name for region in fleet.regions if region.global_view] == ["bench-001"]


@pytest.mark.parametrize("size", [0, LARGEST + 1])
def test_a_fleet_without_addresses_for_all_is_refused(tmp_path: Path, size: int) -> None:
    with pytest.raises(ValueError, match=f"size must be 1 to {LARGEST}, got {size}"):
        write_fleet(tmp_path / "fleet", size=size, regions=tmp_path)
