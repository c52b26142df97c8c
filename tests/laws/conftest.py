"""The stacks of production and of the fixture fleet, as main.py writes them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from monitoring.effective.stack_folder import read_stack
from tests.laws.stack_laws import Stack

ROOT = Path(__file__).parents[2]


def synthesize(regions: Path, outdir: Path, **environment: str) -> Path:
    """Run main.py as `make synth` does; the folder of the stacks."""
    subprocess.run(
        [sys.executable, "main.py"],
        cwd=ROOT,
        env={**os.environ, "OVERSIGHT_REGIONS": str(regions), "CDKTF_OUTDIR": str(outdir), **environment},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return outdir / "stacks"


def stack_files(folder: Path) -> dict[str, bytes]:
    """All that is synthesized of the stacks: JSON, values, charts."""
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture(scope="session")
def production(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of production's stacks."""
    return synthesize(ROOT / "regions", tmp_path_factory.mktemp("production"))


@pytest.fixture(scope="session")
def stacks(production: Path) -> Mapping[str, Stack]:
    """Production's stacks, read, with each release's values as text."""
    return {folder.name: read_stack(folder) for folder in sorted(production.iterdir())}


@pytest.fixture(scope="session")
def region_stack(stacks: Mapping[str, Stack]) -> Stack:
    """One stack of a region, whichever."""
    return next(stack for stack in stacks.values() if "helm_release" in stack["resource"])
