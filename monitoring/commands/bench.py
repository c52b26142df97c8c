"""`monitoring bench`: measures synthesis and the real components, each figure beside its baseline."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.progress import Progress
from rich.table import Table

from monitoring.bench.faults import FaultsFailedError
from monitoring.bench.figures import FILE, Measured, Measurement, Setting, read, text
from monitoring.bench.machine import described
from monitoring.bench.measurements import MEASUREMENTS
from monitoring.bench.page import rows
from monitoring.bench.synthesis import CaseFailedError
from monitoring.blueprint.values.charts import ROOT
from monitoring.commands._options import as_json, regions_folder
from monitoring.console import console, steps
from monitoring.errors import CannotHave
from monitoring.fleet import Fleet, load_fleet
from monitoring.local.binaries import BINARIES, find_tool
from monitoring.local.system import ProgramDiedError

FAILURES = (RuntimeError, OSError, subprocess.SubprocessError, CaseFailedError, FaultsFailedError, ProgramDiedError)
"""What a part may raise that cannot be measured."""


@click.command()
@as_json
@click.option("--only", type=click.Choice(list(MEASUREMENTS)), multiple=True, help="A part; may be given again.")
@click.option("--runs", type=click.IntRange(min=1), default=3, show_default=True, help="Runs of each synthesis.")
@regions_folder
def command(*, as_json: bool, only: tuple[str, ...], runs: int, regions: Path) -> None:
    """Measure, and write what was found into docs/figures.json (with --json: print it, write nothing).

    A part that fails is told, and the others go on; of it the file keeps what was found before. Exit code 1: a part
    failed, or a bound is not met; 2: a tool is not to be had. `monitoring generate` makes docs/performance.md of the
    file.
    """
    chosen = [part for name, part in MEASUREMENTS.items() if not only or name in only]
    fleet = load_fleet(regions)
    try:
        for part in chosen:
            _tools(part)
    except CannotHave as missing:
        click.echo(str(missing), err=True)
        sys.exit(2)
    measured: dict[str, Measured] = {}
    with steps() as progress:
        for part in chosen:
            try:
                measured[part.name] = _measure(part, fleet, regions, runs, progress)
            except FAILURES as failure:
                progress.console.print(f"{part.title} failed: {failure}", markup=False)
            else:
                if not as_json:
                    (ROOT / FILE).write_text(text(_merged(read(ROOT / FILE), measured)), encoding="utf-8")
    done = [part for part in chosen if part.name in measured]
    if as_json:
        click.echo(text(measured), nl=False)
    else:
        _print(done, measured)
    bounds = [bound for part in done for bound in part.check(measured[part.name].values)]
    for bound in bounds:
        click.echo(f"{bound.verdict}  {bound}", err=as_json)
    sys.exit(done != chosen or not all(bound.met for bound in bounds))


def _tools(part: Measurement) -> dict[str, str]:
    """Versions of a part's tools; CannotHave where one is neither on PATH nor built."""
    for name in part.tools:
        find_tool(name)
    return {name: BINARIES[name].version for name in part.tools}


def _measure(part: Measurement, fleet: Fleet, regions: Path, runs: int, progress: Progress) -> Measured:
    task = progress.add_task(part.title, total=1)
    machine = described(_tools(part))
    with tempfile.TemporaryDirectory(prefix="oversight-bench-") as folder:
        setting = Setting(
            folder=Path(folder),
            regions=regions,
            fleet=fleet,
            tool=find_tool,
            say=lambda step: progress.update(task, description=f"{part.title}: {step}"),
            runs=runs,
        )
        values = part.measure(setting)
    progress.update(task, description=part.title, completed=1)
    date = datetime.now(tz=UTC).date().isoformat()
    return Measured(date=date, command=f"monitoring bench --only {part.name}", machine=machine, values=values)


def _merged(old: Mapping[str, Measured], new: Mapping[str, Measured]) -> dict[str, Measured]:
    """What was measured now, and of the other parts what was measured last; in the page's order."""
    both = {**old, **new}
    return {name: both[name] for name in MEASUREMENTS if name in both}


def _print(parts: Sequence[Measurement], measured: Mapping[str, Measured]) -> None:
    for part in parts:
        values = measured[part.name].values
        table = Table(part.title, "value", "baseline", "x baseline")
        for column in table.columns[1:]:
            column.justify = "right"
        for row in rows(part, values):
            table.add_row(*row)
        console().print(table)
