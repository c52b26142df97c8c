"""`monitoring cost`: what a region costs a month, at today's load and in a year."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

import click
from rich.table import Table

from monitoring.blueprint.capacity.needs import needs
from monitoring.blueprint.releases import checked_releases
from monitoring.blueprint.releases.final_values import effective
from monitoring.blueprint.releases.release import Release
from monitoring.commands._options import as_json, regions_folder
from monitoring.console import console
from monitoring.cost.bill import LEFT_OUT, MONTHS, Bill, Priced, bill, lines, loads
from monitoring.cost.prices import PRICES, Prices, read_prices
from monitoring.fleet import load_fleet
from monitoring.fleet.model import Peer, Region

UNKNOWN = "unknown"


@click.command()
@click.argument("region", required=False)
@click.option("--all", "every", is_flag=True, help="Every region, and their sum.")
@click.option(
    "--prices",
    "table",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"Another table of prices than {PRICES}.",
)
@regions_folder
@as_json
def command(*, region: str | None, every: bool, table: Path | None, regions: Path, as_json: bool) -> None:
    """What REGION costs a month, part by part, at the load of today and that of twelve months later.

    Exit code 1 where a price is unknown: the sum says what it lacks.
    """
    if every == bool(region):
        raise click.UsageError("must be given a REGION or --all")
    fleet = load_fleet(regions)
    prices = read_prices(table, name=str(table)) if table else read_prices()
    names = [one.name for one in fleet.regions] if every else [fleet.region(str(region)).name]
    releases = checked_releases(fleet)
    chosen = {name: effective(fleet.file(name), releases[name]).region for name in names}
    bills = [_bills(one, fleet.peers_of(one), releases=releases[name], prices=prices) for name, one in chosen.items()]
    too_small = {name: _too_small(one, releases=releases[name]) for name, one in chosen.items()}
    if as_json:
        click.echo(json.dumps(_report(bills, prices, too_small)))
    else:
        _print(bills, prices, too_small)
    sys.exit(any(one.lacks for pair in bills for one in pair))


Pair = tuple[Bill, Bill]


def _bills(region: Region, peers: Sequence[Peer], *, releases: tuple[Release, ...], prices: Prices) -> Pair:
    one, other = (
        bill(region.name, lines(region, at, releases=releases, peers=peers), prices=prices) for at in loads(region)
    )
    return one, other


def _too_small(region: Region, *, releases: tuple[Release, ...]) -> list[str]:
    """Parts that the load outgrows by then and that no line has grown: memory, CPU, nodes. They cost more by then."""
    _, later = loads(region)
    found = (need for need in needs(region, later, releases=releases) if not need.enough)
    return [f"{need.part}, {need.resource}" for need in found if need.path[-1] != "volume_size"]


def _print(bills: Sequence[Pair], prices: Prices, too_small: Mapping[str, list[str]]) -> None:
    out = console()
    for today, later in bills:
        out.print(_table(today, later))
        out.print(f"{today.region}: {_sums([(today, later)])}")
        if outgrown := too_small[today.region]:
            out.print(f"Too small by then, and not in the later sum (monitoring capacity): {'; '.join(outgrown)}")
        out.print()
    if len(bills) > 1:
        out.print(f"all regions: {_sums(bills)}\n")
    days = [row.date for row in prices.rows.values() if row.date]
    oldest, newest = min(days, default="never"), max(days, default="never")
    out.print(f"Prices of {oldest} to {newest} ({PRICES}). In no line: {'; '.join(LEFT_OUT)}.")


def _sums(bills: Sequence[Pair]) -> str:
    now, then = (sum(bill.known for bill in column) for column in zip(*bills, strict=True))
    text = f"{now:,.2f} {bills[0][0].currency} a month today, {then:,.2f} in {MONTHS} months"
    lacks = dict.fromkeys(one.line.part for pair in bills for bill in pair for one in bill.lacks)
    return text + (f"; without, since a price is unknown: {', '.join(lacks)}" if lacks else "")


def _table(today: Bill, later: Bill) -> Table:
    table = Table("part", "what", f"{today.currency} today", f"what, in {MONTHS} months", today.currency)
    for at in (2, 4):
        table.columns[at].justify = "right"
    for one, other in zip_longest(today.lines, later.lines):
        grown = other.line.detail if other.line.detail != one.line.detail else ""
        unknown = one.cost is None or other.cost is None
        cells = (one.line.part, one.line.detail, _money(one), grown, _money(other))
        table.add_row(*cells, style="yellow" if unknown else "")
    return table


def _money(priced: Priced) -> str:
    return UNKNOWN if priced.cost is None else f"{priced.cost:,.2f}"


def _report(bills: Sequence[Pair], prices: Prices, too_small: Mapping[str, list[str]]) -> dict[str, object]:
    return {
        "currency": prices.currency,
        "regions": {
            today.region: {
                "today": _of(today, prices),
                f"in_{MONTHS}_months": {**_of(later, prices), "too_small": too_small[today.region]},
            }
            for today, later in bills
        },
        "left_out": LEFT_OUT,
    }


def _of(bill: Bill, prices: Prices) -> dict[str, object]:
    return {
        "known": round(bill.known, 2),
        "complete": not bill.lacks,
        "lacks": [one.line.part for one in bill.lacks],
        "lines": [*_lines(bill, prices)],
    }


def _lines(bill: Bill, prices: Prices) -> Iterator[dict[str, object]]:
    for one in bill.lines:
        meter = one.line.meter
        row = prices.rows.get(meter) if meter else None
        yield {
            "part": one.line.part,
            "detail": one.line.detail,
            "quantity": one.line.quantity,
            "quantity_source": one.line.source,
            "meter": meter and vars(meter),
            "tiers": row and row.tiers,
            "price_date": row and row.date,
            "price_source": row and row.source and prices.sources[row.source],
            "cost": one.cost,
        }
