"""The repository's own data, refused before any test runs where it is wrong: told once, as `make synth` tells it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from monitoring.blueprint.releases import checked_releases
from monitoring.errors import InvalidInput, Problem
from monitoring.fleet import load_fleet


def refuse_bad_input(regions: Path) -> None:
    """Read the regions in a folder, and all that their releases are made of: rules, scrape jobs, values.

    `pytest.UsageError` with every problem, at file and line.
    """
    try:
        checked_releases(load_fleet(regions))
    except InvalidInput as invalid:
        raise pytest.UsageError(f"the repository's own data is wrong:\n{invalid}") from None


def fail_with(problems: Iterable[Problem | str]) -> None:
    """Fail with each problem on a line of its own; pytest would shorten a list."""
    if told := [str(problem) for problem in problems]:
        pytest.fail("\n".join(told), pytrace=False)
