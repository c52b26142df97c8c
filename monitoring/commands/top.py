"""`monitoring top`: metrics, labels and teams that cost most, and what has grown in a week."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

from monitoring.commands._options import as_json, regions_folder
from monitoring.commands._reach import reach_options, reached
from monitoring.console import console
from monitoring.fleet import load_fleet
from monitoring.verify.client import UnreachableError
from monitoring.verify.model import NotHereError
from monitoring.verify.top import Count, Top, top

NOTHING = "-"


@click.command()
@click.argument("region", required=False)
@click.option("--most", type=click.IntRange(min=1, max=100), default=10, show_default=True, help="Rows of each table.")
@reach_options
@regions_folder
@as_json
def command(*, region: str | None, most: int, addresses: Path, forward: bool, regions: Path, as_json: bool) -> None:
    """What costs the Prometheus of REGION (the first of the addresses) most, and how it has grown since last week.

    Exit code 2: nobody answers.
    """
    fleet = load_fleet(regions)
    with reached(fleet, region, addresses=addresses, forward=forward) as (client, deployment):
        try:
            found = top(client, deployment, most=most)
        except NotHereError as missing:
            click.echo(f"no {missing} among the addresses", err=True)
            sys.exit(2)
        except UnreachableError as nobody:
            click.echo(str(nobody), err=True)
            sys.exit(2)
    if as_json:
        click.echo(json.dumps(_report(deployment.region.name, found)))
        return
    out = console()
    out.print(f"{deployment.region.name}: {found.series.now:,.0f} series in the head, {_grown(found.series)} in a week")
    for table in _tables(found):
        out.print(table)


def _tables(found: Top) -> Iterator[Table]:
    metrics = _table("metric", "series", "in a week")
    for name, count in found.metrics.items():
        metrics.add_row(escape(name), f"{count.now:,.0f}", _grown(count))
    yield metrics
    labels = _table("label", "values", "bytes")
    for one in found.labels:
        labels.add_row(escape(one.name), f"{one.values:,}", NOTHING if one.bytes is None else f"{one.bytes:,}")
    yield labels
    jobs = _table("job", "series", "in a week")
    for (namespace, job), count in found.jobs.items():
        jobs.add_row(escape(f"{namespace}/{job}" if namespace else job), f"{count.now:,.0f}", _grown(count))
    yield jobs
    teams = _table("namespace", "series", "in a week", "samples/s", "new in an hour", "of its budget")
    for team in found.namespaces:
        used = NOTHING if not team.budget else f"{team.series.now / team.budget:.0%}"
        teams.add_row(
            escape(team.name),
            f"{team.series.now:,.0f}",
            _grown(team.series),
            _number(team.samples),
            _number(team.new),
            used,
        )
    yield teams


def _table(*columns: str) -> Table:
    table = Table(*columns)
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _grown(count: Count) -> str:
    return "nothing of then" if count.grown is None else f"{count.grown:+,.0f}"


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.0f}"


def _report(region: str, found: Top) -> dict[str, object]:
    return {
        "region": region,
        "series": _counted(found.series),
        "metrics": [{"name": name, **_counted(count)} for name, count in found.metrics.items()],
        "labels": [asdict(one) for one in found.labels],
        "jobs": [
            {"namespace": namespace, "job": job, **_counted(count)} for (namespace, job), count in found.jobs.items()
        ],
        "namespaces": [
            {
                "name": one.name,
                **_counted(one.series),
                "samples_per_second": one.samples,
                "new_in_an_hour": one.new,
                "budget": one.budget,
            }
            for one in found.namespaces
        ],
    }


def _counted(count: Count) -> dict[str, float | None]:
    return {"series": count.now, "week_ago": count.before, "grown": count.grown}
