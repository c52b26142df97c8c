"""The areas: which files get faults, and which tests must notice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Area:
    """`sources` and `tests` are patterns below the tree, quick tests first.

    `marker` selects among the tests; without it, those of `make test` are run.
    """

    sources: tuple[str, ...]
    tests: tuple[str, ...]
    marker: str = ""


VALUES = ("tests/laws/test_operating_values.py", "tests/laws/test_security_values.py")

AREAS = {
    "constructs": Area(sources=("constructs/*.py",), tests=("tests/constructs", "tests/laws/test_stacks.py")),
    "fleet": Area(sources=("monitoring/fleet/*.py",), tests=("tests/fleet",)),
    "flows": Area(
        sources=("monitoring/blueprint/network/*.py", "monitoring/blueprint/objects/[cn]*.py"),
        tests=(
            "tests/laws/test_callers.py",
            "tests/monitoring/blueprint/network",
            "tests/monitoring/blueprint/objects",
            "tests/laws/test_reachability.py",
        ),
    ),
    "capacity": Area(
        sources=("monitoring/blueprint/capacity/*.py", "monitoring/blueprint/scraping/limits.py"),
        tests=("tests/monitoring/blueprint/capacity", "tests/monitoring/blueprint/scraping"),
    ),
    "cost": Area(
        sources=("monitoring/cost/*.py", "monitoring/review/money.py"),
        tests=("tests/monitoring/cost", "tests/monitoring/review/test_money.py"),
    ),
    "releases": Area(sources=("monitoring/blueprint/releases/*.py",), tests=(*VALUES, "tests/monitoring/blueprint")),
    # not versions.yaml: whether a version is the right one, only its registry knows
    "helm-values": Area(sources=("helm-values/[!v]*.yaml",), tests=(*VALUES, "tests/monitoring/blueprint")),
    "review": Area(
        sources=("monitoring/review/**/*.py", "monitoring/effective/*.py"),
        tests=("tests/monitoring/effective", "tests/monitoring/review"),
    ),
    "verify": Area(sources=("monitoring/verify/*.py",), tests=("tests/monitoring/verify",)),
    "rules": Area(sources=("helm-values/rules/*.yaml",), tests=("tests/rules",), marker="rules or not rules"),
}


def matching(root: Path, patterns: Iterable[str]) -> list[Path]:
    """What the patterns name below the tree, in their order; FileNotFoundError where one names nothing."""
    found: list[Path] = []
    for pattern in patterns:
        of = sorted(path for path in root.glob(pattern) if path.suffix in {".py", ".yaml"} or path.is_dir())
        if not of:
            raise FileNotFoundError(f"tools/mutants/areas.py: {pattern} names nothing below {root}")
        found += of
    return list(dict.fromkeys(found))
