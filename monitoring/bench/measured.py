"""Runs a program and reports its memory: `python -m monitoring.bench.measured report program.py`."""

from __future__ import annotations

import atexit
import resource
import runpy
import sys
from pathlib import Path

KIBIBYTE = 1 if sys.platform == "darwin" else 1024  # unit of ru_maxrss: bytes on macOS, KiB on Linux


def _peak(who: int) -> int:
    return resource.getrusage(who).ru_maxrss * KIBIBYTE


def _report(file: Path) -> None:
    """Peak of this process and of its largest child, added up, in bytes.

    On Linux a process begins with its parent's size as its peak, so that a small program reads too large.
    """
    file.write_text(str(_peak(resource.RUSAGE_SELF) + _peak(resource.RUSAGE_CHILDREN)), encoding="ascii")


if __name__ == "__main__":
    _, report, program = sys.argv
    sys.argv = [program]
    atexit.register(_report, Path(report))  # the first registered runs last, after jsii has ended its Node
    runpy.run_path(program, run_name="__main__")
