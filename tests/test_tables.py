"""The table of attacks misses none: each test that it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.stack.attacks import ATTACKS
from tests.tables import PROPERTY, Table


def test_every_attack_of_the_table_is_a_test() -> None:
    files = (Path(__file__).parent / "stack").glob("test_*.py")
    named = {
        name
        for file in files
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert set(ATTACKS) <= named


class _Report:
    def __init__(self, *rows: list[object]) -> None:
        self.when = "call"
        self.user_properties = [(PROPERTY, row) for row in rows]


class _Reporter:
    def getreports(self, outcome: str) -> list[_Report]:
        rows: list[list[object]] = [
            ["Knocks", "proxy", 2, "403"],
            ["Knocks", "proxy", 3, "403"],
            ["Others", "proxy", 1, "x"],
        ]
        return [_Report(*rows), _Report(["Knocks", "proxy", 4, "401"])] if outcome == "passed" else []


def test_rows_that_differ_in_counts_alone_are_one() -> None:
    table = Table(title="Knocks", columns=("at", "tries", "holds"), sums=(1,))
    reporter: pytest.TerminalReporter = _Reporter()  # type: ignore[assignment]
    assert table.rows(reporter) == [["proxy", "4", "401"], ["proxy", "5", "403"]]
