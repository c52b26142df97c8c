"""Console output of the commands: tables and progress."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

WIDTH = 140
"""Columns where there is no terminal to ask."""


def console() -> Console:
    """Standard output."""
    return Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else WIDTH)


def steps(*, transient: bool = False) -> Progress:
    """Each step with the time it takes, on standard error: standard output is for the result."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=transient)
