"""Describes the machine on which a measurement runs."""

from __future__ import annotations

from monitoring.bindings.engine import chosen_engine
from monitoring.bindings.fast import own_node

import os
import platform
import re
import subprocess
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


def described(tools: Mapping[str, str]) -> dict[str, str]:
    """Cores, processor, load before the measurement; versions of Python, Node, the engine and of `tools`."""
    engine = chosen_engine().package
    return {
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "processor": processor(CPUINFO.read_text(encoding="utf-8").splitlines() if CPUINFO.is_file() else ()),
        "load before": f"{os.getloadavg()[0]:.1f}",
        "Python": platform.python_version(),
        "Node": _node(),
        engine: version(engine),
        **tools,
    }


def processor(lines: Iterable[str]) -> str:
    """The model that /proc/cpuinfo says, else what Python knows."""
    for line in lines:
        if match := re.fullmatch(r"model name\s*:\s*(.+)", line):
            return match[1].strip()
    return platform.processor() or platform.machine()


def _node() -> str:
    done = subprocess.run([own_node(), "--version"], check=True, capture_output=True, text=True)  # noqa: S603
    return done.stdout.strip().removeprefix("v")
