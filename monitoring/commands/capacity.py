"""`monitoring capacity`: needed and configured resources of a region, and when each runs out."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from rich.table import Table

from monitoring.blueprint.capacity.needs import GB, HORIZON, Need, blob, load, needs, runs_out
from monitoring.blueprint.releases import checked_releases
from monitoring.blueprint.releases.final_values import effective
from monitoring.commands._options import as_json, regions_folder
from monitoring.console import console
from monitoring.fleet import load_fleet


@click.command()
@click.argument("region")
@click.option("--series", type=click.IntRange(min=1), help="Active series of a Prometheus, instead of the stated ones.")
@click.option("--months", type=click.IntRange(min=0), default=0, show_default=True, help="Months of growth from now.")
@regions_folder
@as_json
def command(*, region: str, series: int | None, months: int, regions: Path, as_json: bool) -> None:
    """What each part of REGION needs for its load, what it has, its headroom, and the month in which it runs out.

    Exit code 1 where a part does not suffice.
    """
    fleet = load_fleet(regions)
    releases = checked_releases(fleet)[fleet.region(region).name]
    chosen = effective(fleet.file(region), releases).region
    growth = chosen.load.growth_per_month
    start = load(chosen, series=series)
    then = start.after(months, growth=growth)
    rows = [
        (need, runs_out(chosen, need, load=start, releases=releases)) for need in needs(chosen, then, releases=releases)
    ]
    stored = blob(chosen, then)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "series": round(then.series),
                    "samples_per_second": then.rate,
                    "needs": [_record(need, month) for need, month in rows],
                    "blob": vars(stored),
                }
            )
        )
    else:
        out = console()
        out.print(
            f"{region}: {then.series:,.0f} active series in each of {chosen.prometheus.replicas} Prometheus, "
            f"{then.rate:,.0f} samples per second; {growth:.1%} more a month"
        )
        out.print(_table(rows))
        out.print(
            f"Blob: {stored.written_per_day / GB:.1f} GB written a day; {stored.month / GB:,.0f} GB after a month, "
            f"{stored.year / GB:,.0f} GB after a year, {stored.full / GB:,.0f} GB once retention is full"
        )
    sys.exit(not all(need.enough for need, _ in rows))


def _table(rows: list[tuple[Need, int | None]]) -> Table:
    table = Table("part", "resource", "need", "configured", "headroom", "runs out in")
    for column in table.columns[2:]:
        column.justify = "right"
    for need, month in rows:
        table.add_row(
            need.part,
            need.resource,
            need.unit.text(need.need),
            need.unit.text(need.configured),
            f"{need.headroom:.0%}",
            f"over {HORIZON} months" if month is None else "now" if month == 0 else f"month {month}",
            style="" if need.enough else "red",
        )
    return table


def _record(need: Need, month: int | None) -> dict[str, object]:
    return {
        "part": need.part,
        "resource": need.resource,
        "unit": need.unit.value,
        "need": need.need,
        "configured": need.configured,
        "enough": need.enough,
        "runs_out_in_months": month,
        "path": ".".join(map(str, need.path)),
        "release": need.release,
    }
