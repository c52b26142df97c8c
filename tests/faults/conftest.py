"""The table of faults, printed at the end of the run."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console
from rich.table import Table

from tests.faults.outcome import Outcome

ROWS = pytest.StashKey[list[tuple[Outcome, str]]]()

Record = Callable[[Outcome, str], None]
"""Takes an outcome, and what had to hold."""


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Record:
    """Puts a row into the table."""
    rows = request.config.stash.setdefault(ROWS, [])

    def add(outcome: Outcome, must_hold: str) -> None:
        rows.append((outcome, must_hold))

    return add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What was counted, fault by fault."""
    rows = config.stash.get(ROWS, [])
    if not rows:
        return
    table = Table(
        "fault", "written", "found", "lost", "twice", "gaps", "alerts that fired", "must hold", title="Faults"
    )
    for row, must_hold in rows:
        counts = (row.total, row.total - row.losses, row.losses, row.duplicates, row.gaps)
        table.add_row(row.fault, *map(str, counts), ", ".join(sorted(row.alerts)), must_hold)
    text = io.StringIO()
    Console(file=text, width=160).print(table)
    terminalreporter.write(text.getvalue())
