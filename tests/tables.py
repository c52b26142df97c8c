"""Tables that tests fill row by row; they are printed at the end of the run, as Markdown, and docs/ shows them.

Where the environment names a file, as FAULTS_JSON, ATTACKS_JSON or PHASES_JSON, the rows are written into it as JSON
too.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
from rich import box
from rich.console import Console
from rich.table import Table as Printed

PROPERTY = "row of a table"
WIDTH = 240


@dataclass(frozen=True, kw_only=True)
class Table:
    """What is printed; rows that differ in the columns `sums` alone are one row, with the sums."""

    title: str
    columns: tuple[str, ...]
    sums: tuple[int, ...] = ()

    def put(self, test: pytest.Item, row: Sequence[object]) -> None:
        """Add a row; it travels with the test's report, also from a worker of xdist."""
        test.user_properties.append((PROPERTY, [self.title, *row]))

    def rows(self, reporter: pytest.TerminalReporter) -> list[list[str]]:
        """What all tests put in."""
        made: dict[tuple[str, ...], list[str]] = {}
        for row in (list(map(_text, cells)) for cells in _found(reporter, self.title)):
            key = tuple("" if column in self.sums else cell for column, cell in enumerate(row))
            before = made.setdefault(key, ["0" if column in self.sums else cell for column, cell in enumerate(row)])
            for column in self.sums:
                before[column] = str(int(before[column]) + int(row[column]))
        return sorted(made.values()) if self.sums else list(made.values())

    def show(self, reporter: pytest.TerminalReporter) -> None:
        """Print it, unless it is empty."""
        if rows := self.rows(reporter):
            printed = Printed(*self.columns, title=self.title, box=box.MARKDOWN)
            for row in rows:
                printed.add_row(*row)
            text = io.StringIO()
            Console(file=text, width=WIDTH).print(printed)
            reporter.write(text.getvalue())
            if file := os.environ.get(f"{self.title.upper()}_JSON"):
                keys = [column.replace(" ", "_") for column in self.columns]
                found = [dict(zip(keys, row, strict=True)) for row in _found(reporter, self.title)]
                Path(file).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def _text(cell: object) -> str:
    return ", ".join(cell) if isinstance(cell, list) else str(cell)


def _found(reporter: pytest.TerminalReporter, title: str) -> Iterator[list[object]]:
    for outcome in ("passed", "failed"):
        for report in reporter.getreports(outcome):
            for name, value in report.user_properties if report.when == "call" else ():
                if name == PROPERTY and value[0] == title:
                    yield value[1:]


FAULTS = Table(
    title="Faults",
    columns=(
        *("fault", "written", "found", "lost", "twice", "gaps", "view twice", "view gaps"),
        *("healed seconds", "alerts", "must hold"),
    ),
)
ATTACKS = Table(title="Attacks", columns=("at", "attack", "tries", "let in", "what holds"), sums=(2, 3))
PHASES = Table(title="Phases", columns=("phase", "seconds"))
TABLES = (FAULTS, ATTACKS, PHASES)


class Attacked(Protocol):
    """Puts a row into the table of attacks."""

    def __call__(self, at: str, attack: str, *, tries: int, holds: str, let_in: int = 0) -> None:
        """`holds` is what stopped it, or why it may come in."""
