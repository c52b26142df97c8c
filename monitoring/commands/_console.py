"""Where tables are printed: as wide as the terminal, or wide enough for a log."""

from __future__ import annotations

import sys

from rich.console import Console

WIDTH = 140
"""Columns where there is no terminal to ask."""


def console() -> Console:
    """Standard output."""
    return Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else WIDTH)
