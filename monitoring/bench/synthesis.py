"""How long synthesis takes, beside an empty stack."""

from __future__ import annotations

from monitoring.bindings.engine import chosen_engine
from monitoring.bindings.fast import ORDINARY, own_node, set_node_options

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from monitoring.bench.figures import Bound, Figure, Measurement, Setting, median, ratio
from monitoring.blueprint.values.charts import ROOT

EMPTY_STACK = """\
from {engine} import App, TerraformStack
app = App()
TerraformStack(app, "empty")
app.synth()
"""
"""What the engine costs by itself: the baseline."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A program to run, and what differs in its environment."""

    name: str
    program: Path
    environment: Mapping[str, str] = field(default_factory=dict)


class CaseFailedError(Exception):
    """A program failed; the text has its last words."""


def cases(folder: Path, *, regions: Path) -> tuple[Case, ...]:
    """What is measured; `folder` holds the file that this needs."""
    empty = folder / "empty.py"
    empty.write_text(EMPTY_STACK.format(engine=chosen_engine().package), encoding="utf-8")
    app, here = ROOT / "main.py", {"OVERSIGHT_REGIONS": str(regions)}
    return (
        Case(name="empty", program=empty),
        Case(name="app", program=app, environment=here),
        Case(name="ordinary", program=app, environment={**here, ORDINARY: "1"}),
    )


def run(case: Case) -> float:
    """Wall-clock seconds from start to exit of one run in a process of its own; CaseFailedError where it fails."""
    with tempfile.TemporaryDirectory() as outdir:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "JSII_NODE": own_node(), "CDKTF_OUTDIR": outdir}
        set_node_options(environment, fast=False)  # the engine alone has no hook of ours; the app sets its own
        environment["PYTHONDONTWRITEBYTECODE"] = ""  # set, each run of ours would compile, and the baseline would not
        start = time.perf_counter()
        done = subprocess.run(  # noqa: S603  (our own program)
            [sys.executable, str(case.program)],
            cwd=ROOT,
            env={**environment, **case.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - start
        if done.returncode:
            raise CaseFailedError(f"{case.name} failed:\n{done.stderr.strip()[-2000:]}")
        return seconds


def measure(setting: Setting) -> dict[str, float]:
    """Medians of the runs of each case."""
    all_cases = cases(setting.folder, regions=setting.regions.resolve())
    setting.say("warm jsii's cache")
    run(all_cases[1])
    runs: dict[str, list[float]] = {case.name: [] for case in all_cases}
    for turn in range(setting.runs):  # in turns, so that a busy minute of the machine does not fall on one case alone
        for case in all_cases:
            setting.say(f"{case.name}, {turn + 1} of {setting.runs}")
            runs[case.name].append(run(case))
    return {name: median(seconds) for name, seconds in runs.items()}


MEASUREMENT = Measurement(
    name="synthesis",
    title="Synthesis",
    about="Medians of three runs, in turns; from start to exit of the process.",
    measure=measure,
    figures=(
        Figure(name="empty", what="an empty stack, the engine alone", unit="s"),
        Figure(name="app", what="this app: 3 regions and the fleet", unit="s", baseline="empty"),
        Figure(name="ordinary", what="this app, ordinary bindings", unit="s", baseline="empty"),
    ),
    bounds=(
        Bound(what="this app / an empty stack", of=lambda values: ratio(values, "app", "empty"), bound=2.2),
        Bound(
            what="ordinary bindings / this app",
            of=lambda values: ratio(values, "ordinary", "app"),
            bound=8,
            at_least=True,
        ),
    ),
)
