"""What a command that takes its time shows meanwhile."""

from __future__ import annotations

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


def steps() -> Progress:
    """Each step with the time it takes, on standard error: standard output is for the result."""
    return Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=Console(stderr=True)
    )
