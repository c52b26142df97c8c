"""The stacks of production and of the fixture fleet, as main.py writes them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

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
    """Terraform JSON by stack name."""
    return {file.parent.name: file.read_bytes() for file in sorted(folder.glob("*/cdk.tf.json"))}


@pytest.fixture(scope="session")
def production(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Production's stacks, as bytes."""
    return stack_files(synthesize(ROOT / "regions", tmp_path_factory.mktemp("production")))


@pytest.fixture(scope="session")
def stacks(production: Mapping[str, bytes]) -> Mapping[str, Stack]:
    """Production's stacks, read."""
    return {name: json.loads(text) for name, text in production.items()}


@pytest.fixture(scope="session")
def region_stack(stacks: Mapping[str, Stack]) -> Stack:
    """One stack of a region, whichever."""
    return next(stack for stack in stacks.values() if "helm_release" in stack["resource"])
