"""How long synthesis takes, beside an empty stack."""

from __future__ import annotations

from monitoring.bindings.fast import ORDINARY, own_node

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from monitoring.bench import measured
from monitoring.bench.figures import Bound, Figure, Measurement, Setting, Values, median, ratio
from monitoring.bench.many_regions import write_fleet
from monitoring.blueprint.values.charts import ROOT

MEBIBYTE = 1 << 20
SIZES = (1, 25, 50)
"""Fleets that show how the time grows; the largest has a bound."""

EMPTY_STACK = """\
from cdktf import App, TerraformStack
app = App()
TerraformStack(app, "empty")
app.synth()
"""
"""What cdktf costs by itself: the baseline."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A program to run, and what differs in its environment."""

    name: str
    program: Path
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Run:
    """Of one run: wall-clock time from start to exit, peak memory of Python and Node together."""

    seconds: float
    peak_mib: float


class CaseFailedError(Exception):
    """A program failed; the text has its last words."""


def cases(folder: Path, *, regions: Path) -> dict[str, Case]:
    """What is measured; `folder` holds the files that this needs."""
    empty = folder / "empty.py"
    empty.write_text(EMPTY_STACK, encoding="utf-8")
    app = ROOT / "main.py"
    here = {"OVERSIGHT_REGIONS": str(regions)}
    grown = {
        _grown(size): Case(
            name=_grown(size),
            program=app,
            environment={"OVERSIGHT_REGIONS": str(write_fleet(folder / str(size), size=size, regions=regions))},
        )
        for size in SIZES
    }
    return {
        "empty": Case(name="an empty stack, plain cdktf", program=empty),
        "app": Case(name="this app", program=app, environment=here),
        "ordinary": Case(name="this app, ordinary bindings", program=app, environment={**here, ORDINARY: "1"}),
        **grown,
    }


def run(case: Case) -> Run:
    """One run in a process of its own; CaseFailedError where it fails."""
    with tempfile.TemporaryDirectory() as outdir:
        report = Path(outdir) / "peak"
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "JSII_NODE": own_node(), "CDKTF_OUTDIR": outdir}
        environment["PYTHONDONTWRITEBYTECODE"] = ""  # set, each run of ours would compile, and the baseline would not
        start = time.perf_counter()
        done = subprocess.run(  # noqa: S603  (our own program)
            [sys.executable, "-m", measured.__name__, str(report), str(case.program)],
            cwd=ROOT,
            env={**environment, **case.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - start
        if done.returncode:
            raise CaseFailedError(f"{case.name} failed:\n{done.stderr.strip()[-2000:]}")
        return Run(seconds=seconds, peak_mib=int(report.read_text(encoding="ascii")) / MEBIBYTE)


def measure(setting: Setting) -> dict[str, float]:
    """Medians of the runs of each case."""
    all_cases = cases(setting.folder, regions=setting.regions.resolve())
    setting.say("warm jsii's cache")
    run(all_cases["app"])
    runs: dict[str, list[Run]] = {name: [] for name in all_cases}
    for turn in range(setting.runs):  # in turns, so that a busy minute of the machine does not fall on one case alone
        for name, case in all_cases.items():
            setting.say(f"{case.name}, {turn + 1} of {setting.runs}")
            runs[name].append(run(case))
    found = {_seconds(name): median(one.seconds for one in of) for name, of in runs.items()}
    return found | {_peak(name): median(one.peak_mib for one in of) for name, of in runs.items()}


def growth(values: Values) -> float:
    """What a region past the 25th costs, to what one before it costs."""
    one, some, all_ = (values[_seconds(_grown(size))] for size in SIZES)
    return ((all_ - some) / (SIZES[2] - SIZES[1])) / ((some - one) / (SIZES[1] - SIZES[0]))


def _grown(size: int) -> str:
    return f"{size} region" + "s" * (size > 1)


def _seconds(case: str) -> str:
    return f"{case}: seconds"


def _peak(case: str) -> str:
    return f"{case}: MiB"


def _figures() -> Iterator[Figure]:
    shown = {"empty": "an empty stack, plain cdktf", "app": "this app: 3 regions and the fleet"}
    shown |= {"ordinary": "this app, ordinary bindings"} | {_grown(size): _grown(size) for size in SIZES}
    for name_of, what, unit in ((_seconds, "time", "s"), (_peak, "memory", "MiB")):
        for case, text in shown.items():
            baseline = "" if case == "empty" else name_of("empty")
            yield Figure(name=name_of(case), what=f"{text}: {what}", unit=unit, baseline=baseline)


MEASUREMENT = Measurement(
    name="synthesis",
    title="Synthesis",
    about="Medians of three runs, in turns. Time is from start to exit of the process; memory is the peaks of Python "
    "and its Node added up. The fleets of many regions are copies of the first region.",
    measure=measure,
    figures=tuple(_figures()),
    bounds=(
        Bound(
            what="this app / an empty stack",
            of=lambda values: ratio(values, _seconds("app"), _seconds("empty")),
            bound=3,
        ),
        Bound(
            what="ordinary bindings / this app",
            of=lambda values: ratio(values, _seconds("ordinary"), _seconds("app")),
            bound=8,
            at_least=True,
        ),
        Bound(what="50 regions, seconds", of=lambda values: values[_seconds(_grown(50))], bound=20),
        Bound(what="cost of a region past the 25th / before it", of=growth, bound=1.3),
    ),
)
