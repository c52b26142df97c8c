"""`monitoring prices`: how old the table of prices is, and the table anew."""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.table import Table

from monitoring.blueprint.releases import checked_releases
from monitoring.blueprint.releases.final_values import effective
from monitoring.blueprint.values.charts import ROOT
from monitoring.clock import SYSTEM
from monitoring.commands._options import as_json, regions_folder
from monitoring.console import console
from monitoring.cost.bill import lines, loads
from monitoring.cost.meters import Meter
from monitoring.cost.prices import PRICES, Prices, read_prices, written
from monitoring.cost.retail_prices import by_https, refresh
from monitoring.fleet import load_fleet
from monitoring.fleet.loader import Fleet


@click.command()
@click.option("--refresh", "anew", is_flag=True, help="Ask Azure's Retail Prices API, and write the table.")
@click.option("--currency", help="Of the prices asked for (that of the table).")
@click.option(
    "--table", type=click.Path(path_type=Path, dir_okay=False), default=ROOT / PRICES, help=f"The table ({PRICES})."
)
@regions_folder
@as_json
def command(*, anew: bool, currency: str | None, table: Path, regions: Path, as_json: bool) -> None:
    """What the table of prices knows, of each region; with --refresh after asking for every price anew.

    What the regions need and the table has not is asked for too. Exit code 1 where a price is unknown or unclear, 2
    where the API is not reached; then the table stays as it was.
    """
    prices = read_prices(table, name=table.name)
    problems: tuple[str, ...] = ()
    needed = _needed(load_fleet(regions))
    if anew:
        day = datetime.fromtimestamp(SYSTEM.now(), tz=UTC).date().isoformat()
        done = refresh(prices, needed, fetch=by_https, day=day, currency=currency or prices.currency)
        prices, problems = done.prices, done.problems
        table.write_text(written(prices), encoding="utf-8")
    unknown = sorted(str(meter) for meter in needed if prices.cost(meter, 1) is None)
    if as_json:
        click.echo(json.dumps({"currency": prices.currency, "unknown": unknown, "problems": problems}))
    else:
        _print(prices, unknown)
    for problem in problems:
        click.echo(problem, err=True)
    sys.exit(bool(unknown or problems))


def _needed(fleet: Fleet) -> set[Meter]:
    """All that the regions are billed by, today and in a year, when disks may be larger."""
    found: set[Meter] = set()
    releases = checked_releases(fleet)
    for file in fleet.files:
        of = releases[file.region.name]
        region = effective(file, of).region
        for at in loads(region):
            billed = lines(region, at, releases=of, peers=fleet.peers_of(region))
            found |= {line.meter for line in billed if line.meter is not None}
    return found


def _print(prices: Prices, unknown: list[str]) -> None:
    table = Table("region", "prices", "unknown", "oldest", "newest")
    known = Counter(meter.region for meter, row in prices.rows.items() if row.tiers)
    for region in sorted({meter.region for meter in prices.rows}):
        rows = [row for meter, row in prices.rows.items() if meter.region == region]
        days = sorted(row.date for row in rows if row.date)
        table.add_row(
            region,
            str(known[region]),
            str(len(rows) - known[region]),
            *((days[0], days[-1]) if days else ("never", "never")),
        )
    out = console()
    out.print(table)
    for one in unknown:
        out.print(f"needed, and unknown: {one}")
