"""`monitoring bench`: how long synthesis takes, each figure beside its baseline, in one run."""

from __future__ import annotations

from monitoring.fast_bindings import ORDINARY, own_node

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from monitoring.blueprint.charts import ROOT
from monitoring.commands import _measured
from monitoring.commands._console import console
from monitoring.commands._many_regions import write_fleet
from monitoring.commands._options import as_json, regions_folder

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
class Figure:
    """Medians over the runs of a case: wall-clock time from start to exit, peak memory of Python and Node together."""

    seconds: float
    peak_mib: float


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """What a figure, or a ratio of figures, must keep to."""

    what: str
    value: float
    bound: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the value is on the right side of the bound."""
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def __str__(self) -> str:
        side = "at least" if self.at_least else "at most"
        return f"{self.what}: must be {side} {self.bound:g}, got {self.value:.2f}"


def cases(folder: Path, *, regions: Path) -> dict[str, Case]:
    """What is measured; `folder` holds the files that this needs."""
    empty = folder / "empty.py"
    empty.write_text(EMPTY_STACK, encoding="utf-8")
    app = ROOT / "main.py"
    here = {"OVERSIGHT_REGIONS": str(regions)}
    grown = {
        f"{size} regions": Case(
            name=f"{size} region" + "s" * (size > 1),
            program=app,
            environment={"OVERSIGHT_REGIONS": str(write_fleet(folder / str(size), size=size, regions=regions))},
        )
        for size in SIZES
    }
    return {
        "empty": Case(name="an empty stack", program=empty),
        "app": Case(name="this app", program=app, environment=here),
        "ordinary": Case(
            name="this app, ordinary bindings",
            program=app,
            environment={**here, ORDINARY: "1"},
        ),
        **grown,
    }


def run(case: Case) -> Figure:
    """One run in a process of its own; `click.ClickException` with its last words when it fails."""
    with tempfile.TemporaryDirectory() as outdir:
        report = Path(outdir) / "peak"
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "JSII_NODE": own_node(), "CDKTF_OUTDIR": outdir}
        environment["PYTHONDONTWRITEBYTECODE"] = ""  # set, each run of ours would compile, and the baseline would not
        start = time.perf_counter()
        done = subprocess.run(  # noqa: S603  (our own program)
            [sys.executable, "-m", _measured.__name__, str(report), str(case.program)],
            cwd=ROOT,
            env={**environment, **case.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - start
        if done.returncode:
            raise click.ClickException(f"{case.name} failed:\n{done.stderr.strip()[-2000:]}")
        return Figure(seconds=seconds, peak_mib=int(report.read_text(encoding="ascii")) / MEBIBYTE)


def median(figures: list[Figure]) -> Figure:
    """The middle of the times and of the peaks."""
    return Figure(
        seconds=statistics.median(figure.seconds for figure in figures),
        peak_mib=statistics.median(figure.peak_mib for figure in figures),
    )


def requirements(figures: Mapping[str, Figure]) -> tuple[Requirement, ...]:
    """The bounds that the project has set itself."""
    seconds = {name: figure.seconds for name, figure in figures.items()}
    one, some, all_ = (seconds[f"{size} regions"] for size in SIZES)
    early, late = (some - one) / (SIZES[1] - SIZES[0]), (all_ - some) / (SIZES[2] - SIZES[1])
    return (
        Requirement(what="this app / an empty stack", value=seconds["app"] / seconds["empty"], bound=3),
        Requirement(
            what="ordinary bindings / this app", value=seconds["ordinary"] / seconds["app"], bound=8, at_least=True
        ),
        Requirement(what="50 regions, seconds", value=all_, bound=20),
        Requirement(what="cost of a region past the 25th / before it", value=late / early, bound=1.3),
    )


def _table(names: Mapping[str, Case], figures: Mapping[str, Figure]) -> Table:
    table = Table("", "seconds", "x empty stack", "peak MiB")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, figure in figures.items():
        ratio = figure.seconds / figures["empty"].seconds
        table.add_row(names[name].name, f"{figure.seconds:.2f}", f"{ratio:.1f}", f"{figure.peak_mib:.0f}")
    return table


@click.command()
@as_json
@click.option("--runs", type=click.IntRange(min=1), default=3, show_default=True, help="Runs of each; medians count.")
@regions_folder
def command(*, as_json: bool, runs: int, regions: Path) -> None:
    """Measure synthesis; exit with 1 where a requirement is not met.

    The fleets of many regions are copies of the first region.
    """
    with tempfile.TemporaryDirectory() as folder, Progress(console=Console(stderr=True)) as progress:
        measured = cases(Path(folder), regions=regions.resolve())
        task = progress.add_task("", total=runs * len(measured) + 1)
        figures: dict[str, list[Figure]] = {name: [] for name in measured}
        progress.update(task, description="warming jsii's cache")
        run(measured["app"])
        progress.advance(task)
        for _ in range(runs):  # in turns, so that a busy minute of the machine does not fall on one case alone
            for name, case in measured.items():
                progress.update(task, description=case.name)
                figures[name].append(run(case))
                progress.advance(task)
    medians = {name: median(runs_of_case) for name, runs_of_case in figures.items()}
    bounds = requirements(medians)
    if as_json:
        rows = {name: asdict(figure) for name, figure in medians.items()}
        click.echo(
            json.dumps({"figures": rows, "requirements": [{**asdict(bound), "met": bound.met} for bound in bounds]})
        )
    else:
        console().print(_table(measured, medians))
        for bound in bounds:
            click.echo(f"{'met' if bound.met else 'NOT MET'}  {bound}")
    sys.exit(not all(bound.met for bound in bounds))
