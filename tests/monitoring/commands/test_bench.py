"""The command measures what it is asked for, keeps what it found, and says by its exit code whether all is well."""

from __future__ import annotations

from monitoring.bindings.engine import chosen_engine

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitoring.bench.figures import FILE, Bound, Figure, Measurement, Setting
from monitoring.blueprint.values.charts import ROOT
from monitoring.commands import bench

REGIONS = str(ROOT / "tests" / "fleet" / "regions")


def part(name: str, measure: Callable[[Setting], dict[str, float]]) -> Measurement:
    return Measurement(
        name=name,
        title=name,
        about="",
        measure=measure,
        figures=(Figure(name="seconds", what="time", unit="s"),),
        bounds=(Bound(what="time", of=lambda values: values["seconds"], bound=5),),
    )


def broken(_: Setting) -> dict[str, float]:
    raise RuntimeError("out of luck")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs the command with parts of its own, in a folder of its own."""
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(bench, "ROOT", tmp_path)

    def invoke(measures: Mapping[str, Callable[[Setting], dict[str, float]]], *arguments: str) -> Result:
        monkeypatch.setattr(bench, "MEASUREMENTS", {name: part(name, measure) for name, measure in measures.items()})
        return CliRunner().invoke(bench.command, ["--regions", REGIONS, *arguments])

    return invoke


def values(folder: Path) -> dict[str, dict[str, float]]:
    found = json.loads((folder / FILE).read_text(encoding="utf-8"))
    return {name: one["values"] for name, one in found.items()}


def test_measured_figures_are_written_to_the_file(run: Callable[..., Result], tmp_path: Path) -> None:
    done = run({"one": lambda _: {"seconds": 2}, "two": lambda _: {"seconds": 3}})
    assert done.exit_code == 0, done.output
    assert values(tmp_path) == {"one": {"seconds": 2}, "two": {"seconds": 3}}


def test_missed_bound_exits_with_1(run: Callable[..., Result], tmp_path: Path) -> None:
    done = run({"one": lambda _: {"seconds": 6}})
    assert done.exit_code == 1
    assert "NOT MET  time: must be at most 5, got 6.00" in done.output
    assert values(tmp_path) == {"one": {"seconds": 6}}


def test_failed_measurement_keeps_other_and_older_figures(run: Callable[..., Result], tmp_path: Path) -> None:
    run({"one": lambda _: {"seconds": 2}, "two": lambda _: {"seconds": 2}})
    done = run({"one": broken, "two": lambda _: {"seconds": 3}})
    assert done.exit_code == 1
    assert "one failed: out of luck" in done.output
    assert values(tmp_path) == {"one": {"seconds": 2}, "two": {"seconds": 3}}


def test_json_output_writes_no_file(run: Callable[..., Result], tmp_path: Path) -> None:
    done = run({"one": lambda _: {"seconds": 2}}, "--json")
    assert json.loads(done.stdout)["one"]["values"] == {"seconds": 2}
    assert not (tmp_path / FILE).exists()


def test_measurement_records_the_machine(run: Callable[..., Result]) -> None:
    machine = json.loads(run({"one": lambda _: {"seconds": 2}}, "--json").stdout)["one"]["machine"]
    assert {"cores", "processor", "load before", "Python", "Node", chosen_engine().package} <= machine.keys()
