"""`monitoring doctor`: what is due in a region."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

from monitoring.blueprint.releases import checked_releases
from monitoring.commands._options import as_json, regions_folder
from monitoring.console import console, steps
from monitoring.doctor.ask import rows
from monitoring.doctor.row import State
from monitoring.fleet import load_fleet
from monitoring.prerequisites.steps import repository_of

COLOURS = {State.FINE: "green", State.SOON: "yellow", State.DUE: "red", State.UNKNOWN: "yellow"}


@click.command()
@click.argument("region")
@click.option("--repository", metavar="OWNER/NAME", help="On GitHub; that of the region's `runbooks`.")
@click.option("--all", "everything", is_flag=True, help="What is fine, too; --json always has it.")
@regions_folder
@as_json
def command(*, region: str, repository: str | None, everything: bool, regions: Path, as_json: bool) -> None:
    """What is due in REGION, beside what is expected, with the next action and its page.

    Asks az, kubectl and gh, by commands that only read. Exit code 1: something is due, or soon will be; 2: nothing is,
    as far as could be asked.
    """
    fleet = load_fleet(regions)
    chosen = fleet.region(region)
    releases = checked_releases(fleet)[chosen.name]
    with steps(transient=True) as shown:
        shown.add_task("az, kubectl, gh", total=None)
        asked = repository or repository_of(chosen)
        found = list(rows(chosen, releases, repository=asked, now=datetime.now(tz=UTC)))
    listed = [row for row in found if everything or row.state is not State.FINE]
    if as_json:
        click.echo(json.dumps([asdict(row) for row in found]))
    else:
        table = Table("", "subject", "found", "expected", "next", "page")
        for row in listed:
            state = f"[{COLOURS[row.state]}]{row.state}[/]"
            table.add_row(state, *map(escape, (row.subject, row.found, row.expected, row.action, row.page)))
        out = console()
        out.print(table)
        counted = Counter(row.state for row in found)
        out.print(f"{region}: " + ", ".join(f"{counted[state]} {state}" for state in State))
    states = {row.state for row in found}
    sys.exit(1 if states & {State.DUE, State.SOON} else 2 if State.UNKNOWN in states else 0)
