"""Measures the recovery time after each fault, from the results of the fault tests."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

from monitoring.bench.figures import Bound, Figure, Measurement, Setting, Values
from monitoring.blueprint.values.charts import ROOT

FOLDER = "tests/faults"
REPORT = "FAULTS_JSON"
"""Variable of the environment that names the report (tests/faults/conftest.py)."""

RAN = (0, 1)
"""Exit codes of pytest: all passed, some failed. With others nothing was run to its end."""

SLOWEST = 60
"""Seconds."""


FAILED = "what must hold, and did not"


class FaultsFailedError(Exception):
    """The tests could not be run; the text is the end of what they said."""


def measure(setting: Setting) -> dict[str, float]:
    """Seconds until all is healed, by fault, and how many tests failed."""
    setting.say("faults, two at a time")
    report = setting.folder / "faults.json"
    line = [sys.executable, "-m", "pytest", "-q", "-m", "faults", "-n", "2", "--dist", "loadfile", FOLDER]
    done = subprocess.run(  # noqa: S603  (our own tests)
        line, cwd=ROOT, env={**os.environ, REPORT: str(report)}, capture_output=True, text=True, check=False
    )
    if done.returncode not in RAN or not report.is_file():
        raise FaultsFailedError((done.stdout + done.stderr)[-2000:])
    return {**read(report.read_text(encoding="utf-8")), FAILED: failed(done.stdout)}


def failed(output: str) -> int:
    """How many tests failed, by pytest's last line."""
    match = re.search(r"^(\d+) failed", output, re.MULTILINE)
    return int(match[1]) if match else 0


def read(report: str) -> dict[str, float]:
    """Seconds by fault, sorted by it; of one that is there twice (at another scale, say) the longer ones."""
    found: dict[str, float] = {}
    for row in json.loads(report):
        found[row["fault"]] = max(row["healed_seconds"], found.get(row["fault"], 0))
    return dict(sorted(found.items()))


def _slowest(values: Values) -> float:
    healed = [seconds for fault, seconds in values.items() if fault != FAILED]
    if not healed:
        raise KeyError(FOLDER)
    return max(healed)


MEASUREMENT = Measurement(
    name="faults",
    title="Recovery after faults",
    about="`make test-faults`, run once.",
    measure=measure,
    more="s",
    figures=(Figure(name=FAILED, what=f"{FAILED}: tests", unit=""),),
    bounds=(
        Bound(what=f"{FAILED}: tests", of=lambda values: values[FAILED], bound=0),
        Bound(what="slowest to heal, seconds", of=_slowest, bound=SLOWEST),
    ),
    tools=("prometheus", "thanos"),
)
