"""Nobody is let in by what a region's file leaves out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from monitoring.errors import InvalidInput
from monitoring.fleet import load_fleet


def test_a_fleet_without_an_allowed_group_is_refused_at_each_region(tmp_path: Path) -> None:
    folder = tmp_path / "regions"
    shutil.copytree(Path(__file__).parent / "regions", folder)
    common = folder / "_common.yaml"
    lines = common.read_text(encoding="utf-8").splitlines(keepends=True)
    common.write_text("".join(line for line in lines if "allowed_group" not in line), encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        load_fleet(folder)
    assert [str(problem).partition(": ")[2] for problem in caught.value.problems] == [
        "access.allowed_group must be given here or in _common.yaml, got nothing"
    ] * 3
