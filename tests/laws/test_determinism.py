"""The same input gives the same bytes, whatever the run and whichever way the bindings are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.laws.conftest import ROOT, stack_files, synthesize


def test_two_synthesis_runs_are_byte_identical(production: Mapping[str, bytes], tmp_path: Path) -> None:
    again = stack_files(synthesize(ROOT / "regions", tmp_path, PYTHONHASHSEED="12345"))
    assert again == production


def test_ordinary_bindings_synthesize_identical_output(production: Mapping[str, bytes], tmp_path: Path) -> None:
    ordinary = stack_files(synthesize(ROOT / "regions", tmp_path, OVERSIGHT_ORDINARY_BINDINGS="1"))
    assert ordinary == production
