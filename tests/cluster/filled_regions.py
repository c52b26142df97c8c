"""The stacks of a tree, its regions with a root to trust: without one, the tree says, nothing that needs it starts."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import yaml

from monitoring.blueprint.values.charts import ROOT

EMPTY = "\ntrust: []\n"


def synthesized(tree: Path, scratch: Path, *, python: str) -> Path:
    """Folder of all stacks of a tree, by its own code; CalledProcessError, and what it says, where it has an error."""
    regions = shutil.copytree(tree / "regions", scratch / "regions")
    fill(regions / "_common.yaml")
    own = {key: value for key, value in os.environ.items() if not key.startswith("OVERSIGHT_")}
    environment = {**own, "OVERSIGHT_REGIONS": str(regions), "CDKTF_OUTDIR": str(scratch / "out")}
    subprocess.run([python, "main.py"], cwd=tree, env=environment, stdout=subprocess.DEVNULL, check=True)
    return scratch / "out" / "stacks"


def fill(common: Path) -> None:
    """Put the root of the tests' regions where there is none."""
    own = yaml.safe_load((ROOT / "tests" / "fleet" / "regions" / "_common.yaml").read_text(encoding="utf-8"))
    filled = yaml.safe_dump({"trust": own["trust"]})
    common.write_text(common.read_text(encoding="utf-8").replace(EMPTY, f"\n{filled}"), encoding="utf-8")
