"""A copy of the program with one region of the fixture fleet, synthesized once, and anew for every edit."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitoring.blueprint.values.charts import ROOT
from monitoring.review.changes import between
from monitoring.review.meaning import stack_facts
from monitoring.review.report import Review
from monitoring.review.risks import risks
from monitoring.review.trees import Stacks, synthesize

PROGRAM = ("main.py", "cdktf.json", "monitoring", "constructs", "charts", "helm-values", "docs")
FIXTURES = ROOT / "tests" / "fleet" / "regions"


@dataclass(frozen=True, kw_only=True)
class Edited:
    """Makes a review of an edit: `file`, text, and what stands for it."""

    tree: Path
    before: Stacks

    def review(self, file: str, *, old: str, new: str, scratch: Path) -> Review:
        """The review of one replacement; AssertionError where the file does not hold the text."""
        tree = scratch / "edited"
        shutil.copytree(self.tree, tree)
        target = tree / file
        text = target.read_text(encoding="utf-8")
        assert old in text, f"{file} does not hold {old!r}"
        target.write_text(text.replace(old, new, 1), encoding="utf-8")
        after = synthesize(tree, python=sys.executable, outdir=scratch / "out")
        return reviewed(self.before, after)


def reviewed(before: Stacks, after: Stacks) -> Review:
    """The review of two sets of stacks."""
    changes = between(*({name: stack_facts(stack) for name, stack in side.items()} for side in (before, after)))
    return Review(
        stacks=tuple(sorted({*before, *after})), changes=tuple(changes), risks=tuple(risks(changes)), plans=()
    )


@pytest.fixture(scope="session")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Edited:
    """The program with the region trial-alpha alone."""
    tree = tmp_path_factory.mktemp("program")
    ignore: Callable[..., set[str]] = shutil.ignore_patterns("__pycache__")
    for name in PROGRAM:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=ignore)
        else:
            shutil.copy(source, tree / name)
    (tree / "regions").mkdir()
    for name in ("_common.yaml", "trial-alpha.yaml"):
        shutil.copy(FIXTURES / name, tree / "regions" / name)
    return Edited(tree=tree, before=synthesize(tree, python=sys.executable, outdir=tree / "out"))
