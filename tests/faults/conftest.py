"""Faults go into a table, which is printed at the end of the run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.outcome import Outcome
from tests.tables import FAULTS

Record = Callable[[Outcome, str], None]
"""Takes an outcome, and what had to hold."""


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Record:
    """Puts a row into the table."""

    def add(outcome: Outcome, must_hold: str) -> None:
        FAULTS.put(request.node, (*outcome.row(), must_hold))

    return add
