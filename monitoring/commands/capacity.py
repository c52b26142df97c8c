"""`monitoring capacity`: needed and configured resources of a region, and when each runs out."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import click
from rich.table import Table

from monitoring.blueprint.capacity.long_term import GB, OWN_INDEX_CACHE, asked_index
from monitoring.blueprint.capacity.needs import HORIZON, Need, blob, carries, load, needs, runs_out
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
        Row(
            need=need,
            month=runs_out(chosen, need, load=start, releases=releases),
            series=carries(chosen, need, load=start, releases=releases),
        )
        for need in needs(chosen, then, releases=releases)
    ]
    stored = blob(chosen, then)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "series": round(then.series),
                    "samples_per_second": then.rate,
                    "needs": [_record(row) for row in rows],
                    "blob": vars(stored),
                    "index_of_two_weeks": asked_index(then.series * chosen.prometheus.replicas),
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
        asked = asked_index(then.series * chosen.prometheus.replicas)
        kept = chosen.thanos.cache.memory.amount if chosen.thanos.cache else OWN_INDEX_CACHE
        where = "the shared cache" if chosen.thanos.cache else "a store gateway's own cache, without thanos.cache,"
        out.print(
            f"Index of two weeks' blocks: {asked / GB:.1f} GB, {where} holds {kept / GB:.1f} GB: "
            f"all of it up to {kept / asked_index(chosen.prometheus.replicas):,.0f} series"
        )
        for row in rows:
            if row.need.advice and not row.need.enough:
                out.print(f"{row.need.part}: {row.need.advice}")
    sys.exit(not all(row.need.enough for row in rows))


@dataclass(frozen=True, kw_only=True)
class Row:
    """A need, the month in which it is no longer met, and the most series for which it is."""

    need: Need
    month: int | None
    series: int | None


def _table(rows: list[Row]) -> Table:
    table = Table("part", "resource", "need", "configured", "headroom", "carries series", "runs out in")
    for column in table.columns[2:]:
        column.justify = "right"
    for row in rows:
        need, month = row.need, row.month
        table.add_row(
            need.part,
            need.resource,
            need.unit.text(need.need),
            need.unit.text(need.configured),
            f"{need.headroom:.0%}",
            "any" if row.series is None else f"{row.series:,}",
            f"over {HORIZON} months" if month is None else "now" if month == 0 else f"month {month}",
            style="" if need.enough else "red",
        )
    return table


def _record(row: Row) -> dict[str, object]:
    need = row.need
    return {
        "part": need.part,
        "resource": need.resource,
        "unit": need.unit.value,
        "need": need.need,
        "configured": need.configured,
        "enough": need.enough,
        "carries_series": row.series,
        "runs_out_in_months": row.month,
        "path": ".".join(map(str, need.path)),
        "release": need.release,
    }
