"""The same input gives the same bytes, whatever the run and whichever way the bindings are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.laws.conftest import ROOT, stack_files, synthesize


def test_runs_differ_in_no_byte(production: Mapping[str, bytes], tmp_path: Path) -> None:
    again = stack_files(synthesize(ROOT / "regions", tmp_path, PYTHONHASHSEED="12345"))
    assert again == production


def test_the_ordinary_bindings_give_the_same_bytes(production: Mapping[str, bytes], tmp_path: Path) -> None:
    ordinary = stack_files(synthesize(ROOT / "regions", tmp_path, OVERSIGHT_ORDINARY_BINDINGS="1"))
    assert ordinary == production
