"""Each measurement of the real parts, at a hundredth of its size: it gives every figure that the page has a row for."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.bench.figures import Measurement, Setting
from monitoring.bench.measurements import MEASUREMENTS
from monitoring.blueprint.values.charts import ROOT
from monitoring.fleet import Fleet
from tests.stack.processes import tool

pytestmark = pytest.mark.stack

SCALE = 0.01


def measured(part: Measurement, folder: Path, fleet: Fleet) -> dict[str, float]:
    said: list[str] = []
    setting = Setting(
        folder=folder,
        regions=ROOT / "tests" / "fleet" / "regions",
        fleet=fleet,
        tool=lambda name: Path(tool(name)),
        say=said.append,
        scale=SCALE,
    )
    values = part.measure(setting)
    assert said
    return values


@pytest.mark.parametrize("name", ["panels", "ingestion", "growth"])
def test_a_measurement_gives_every_figure_of_its_part(tmp_path: Path, fleet: Fleet, name: str) -> None:
    part = MEASUREMENTS[name]
    values = measured(part, tmp_path, fleet)
    assert values.keys() == {figure.name for figure in part.figures}
    assert min(values.values()) > 0
    assert [one.what for one in part.check(values) if one.value is None] == []
