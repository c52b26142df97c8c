"""Real binaries in tests: started as the local system starts them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from monitoring.clock import ask_until_true
from monitoring.errors import CannotHave
from monitoring.local.binaries import find_tool
from monitoring.processes import PATIENCE, free_ports, running

__all__ = ["PATIENCE", "eventually", "free_ports", "running", "tool"]


def tool(binary: str) -> str:
    """Path of a real binary; the test fails with what to do where there is none."""
    try:
        return str(find_tool(binary))
    except CannotHave as missing:
        pytest.fail(str(missing))


def eventually(ask: Callable[[], Any], *, patience: float = PATIENCE) -> Any:
    """The first answer that is not empty."""
    answer = ask_until_true(ask, patience=patience)
    assert answer, f"no answer in {patience} s"
    return answer
