"""How long it takes to heal after each fault: the tests of faults, run, and what they say of themselves."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from monitoring.bench.figures import Bound, Part, Setting, Values
from monitoring.blueprint.charts import ROOT

FOLDER = "tests/faults"
REPORT = "FAULTS_JSON"
"""Variable of the environment that names the report (tests/faults/conftest.py)."""

SLOWEST = 60


class FaultsFailedError(Exception):
    """Something that had to hold did not; the text is the end of the tests' output."""


def measure(setting: Setting) -> dict[str, float]:
    """Seconds until all is healed, by fault; FaultsFailedError where a test fails."""
    setting.say("faults, one after another")
    report = setting.folder / "faults.json"
    line = [sys.executable, "-m", "pytest", "-q", "-m", "faults", "-n", "2", "--dist", "loadfile", FOLDER]
    done = subprocess.run(  # noqa: S603  (our own tests)
        line, cwd=ROOT, env={**os.environ, REPORT: str(report)}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise FaultsFailedError(done.stdout[-2000:])
    return read(report.read_text(encoding="utf-8"))


def read(report: str) -> dict[str, float]:
    """Seconds by fault; of one that is there twice (at another scale, say) the longer ones."""
    found: dict[str, float] = {}
    for row in json.loads(report):
        found[row["fault"]] = max(row["healed_seconds"], found.get(row["fault"], 0))
    return found


def _slowest(values: Values) -> float:
    if not values:
        raise KeyError(FOLDER)
    return max(values.values())


PART = Part(
    name="faults",
    title="Healing",
    about="`make test-faults`, run once.",
    measure=measure,
    more="s",
    bounds=(Bound(what="slowest to heal, seconds", of=_slowest, bound=SLOWEST),),
    tools=("prometheus", "thanos"),
)
