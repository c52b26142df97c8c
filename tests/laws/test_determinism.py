"""The same input gives the same bytes, whatever the run and whichever way the bindings are loaded."""

from __future__ import annotations

from pathlib import Path

from tests.laws.conftest import ROOT, stack_files, synthesize


def test_two_synthesis_runs_are_byte_identical(production: Path, tmp_path: Path) -> None:
    again = synthesize(ROOT / "regions", tmp_path, PYTHONHASHSEED="12345")
    assert stack_files(again) == stack_files(production)


def test_ordinary_bindings_synthesize_identical_output(production: Path, tmp_path: Path) -> None:
    ordinary = synthesize(ROOT / "regions", tmp_path, OVERSIGHT_ORDINARY_BINDINGS="1")
    assert stack_files(ordinary) == stack_files(production)
