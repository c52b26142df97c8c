"""Commands of the pages that a person calls in a bad hour: the real Thanos knows each, and each of its flags."""

from __future__ import annotations

import re
import subprocess
from functools import cache

import pytest

from monitoring.blueprint.values.charts import ROOT
from tests.stack.processes import tool

pytestmark = pytest.mark.stack

_COMMAND = re.compile(r"thanos tools bucket ([a-z-]+)((?:[^`\n|\\]|\\\n)*)")
_FLAG = re.compile(r"(?<= )--?([a-z][a-z.-]*)")


def commands() -> list[tuple[str, str, frozenset[str]]]:
    """Page, subcommand and flags of every `thanos tools bucket` in docs/."""
    return [
        (str(page.relative_to(ROOT)), name, frozenset(_FLAG.findall(rest)))
        for page in sorted((ROOT / "docs").rglob("*.md"))
        for name, rest in _COMMAND.findall(page.read_text(encoding="utf-8"))
    ]


@cache
def known(name: str) -> frozenset[str]:
    """Flags of a subcommand, by its help; of one that does not exist there is none."""
    line = [tool("thanos"), "tools", "bucket", name, "--help"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    told = re.findall(r"^\s+(?:-(\w), )?--(?:\[no-\])?([a-z.-]+)", done.stderr, re.MULTILINE)
    return frozenset(flag for pair in told for flag in pair if flag)


def test_every_command_on_a_bucket_in_the_pages_is_thanos_own() -> None:
    found = commands()
    assert len(found) >= 5
    assert {
        (page, name): flags - known(name) for page, name, flags in found if not known(name) or flags - known(name)
    } == {}


def test_flag_and_command_that_thanos_does_not_have_are_noticed() -> None:
    assert "marker" in known("mark")
    assert "unmark" not in known("mark")
    assert known("undelete") == frozenset()
