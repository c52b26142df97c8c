"""Time of synthesis is of the whole process, and bounds bite."""

from __future__ import annotations

from monitoring.bindings.fast import set_node_options

import os
from pathlib import Path

import pytest

from monitoring.bench.synthesis import MEASUREMENT, Case, CaseFailedError, run

GOOD = {"empty": 1.0, "app": 2.2, "ordinary": 17.6}


def test_figures_equal_to_the_bounds_pass() -> None:
    assert [bound.met for bound in MEASUREMENT.check(GOOD)] == [True, True]


@pytest.mark.parametrize(
    ("measured", "broken"), [({**GOOD, "app": 2.21, "ordinary": 18.0}, 0), ({**GOOD, "ordinary": 17.5}, 1)]
)
def test_figure_beyond_each_bound_fails(measured: dict[str, float], broken: int) -> None:
    assert [index for index, bound in enumerate(MEASUREMENT.check(measured)) if not bound.met] == [broken]


def test_failed_program_raises_instead_of_giving_a_figure(tmp_path: Path) -> None:
    program = tmp_path / "fails.py"
    program.write_text("raise SystemExit('this is why')")
    with pytest.raises(CaseFailedError, match="this is why"):
        run(Case(name="trial", program=program))


def test_the_environment_of_a_case_reaches_its_program(tmp_path: Path) -> None:
    program = tmp_path / "reads.py"
    program.write_text("import os; assert os.environ['TRIAL'] == 'here'")
    assert run(Case(name="trial", program=program, environment={"TRIAL": "here"})) > 0


def test_empty_stack_runs_without_our_changes_to_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE_OPTIONS", "--no-warnings")
    set_node_options(os.environ, fast=True)
    program = tmp_path / "options.py"
    program.write_text("import os\nassert os.environ['NODE_OPTIONS'] == '--no-warnings'")
    run(Case(name="empty", program=program))
