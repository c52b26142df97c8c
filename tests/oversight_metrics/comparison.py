"""What measuring costs beside other libraries, as the table of oversight_metrics/README.md.

`.venv/bin/python -m tests.oversight_metrics.comparison [REQUESTS] [ROUNDS]`, in an environment of its own.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.oversight_metrics.environment import HERE, built, python_of, unpacked

REQUIREMENTS = HERE / "requirements-comparison.txt"


def measured(place: Path, requests: int, rounds: int) -> dict[str, Any]:
    """What services/comparison.py says, with the wheel below the folder."""
    unpacked(built(place), place)
    shutil.copy(HERE / "services" / "comparison.py", place)
    line = [str(python_of(REQUIREMENTS)), "-W", "ignore", "comparison.py", str(requests), str(rounds)]
    environment = {"PYTHONPATH": str(place / "installed")}
    done = subprocess.run(line, cwd=place, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def table(found: dict[str, Any]) -> str:
    """In Markdown."""
    lines = ["| | | a request | of it measuring | a scrape of 50 routes |", "|---|---|---|---|---|"]
    bare = 0.0
    for row in found["rows"]:
        micro = row["request"] * 1e6
        bare = bare if "scrape" in row else micro
        scrape = f"{row['scrape'] * 1e3:.1f} ms, {row['samples']} samples" if "scrape" in row else ""
        cost = f"{micro - bare:.0f} µs" if scrape else ""
        lines.append(f"| {row['framework']} | {row['library']} | {micro:.0f} µs | {cost} | {scrape} |")
    bound = found["bound"]
    size = f"{bound['bytes'] / 2**20:.1f} MiB, {bound['scrape'] * 1e3:.0f} ms a scrape of {bound['samples']} samples"
    return "\n".join([*lines, "", f"All label sets that there can be: {size}."])


if __name__ == "__main__":
    requests, rounds = (int(word) for word in (sys.argv[1:] + ["3000", "15"][len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(table(measured(Path(folder), requests, rounds)) + "\n")
