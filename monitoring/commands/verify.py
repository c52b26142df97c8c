"""`monitoring verify`: checks the acceptance criteria on a running deployment."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from monitoring.commands._options import as_json, regions_folder
from monitoring.commands._reach import reach_options, reached
from monitoring.console import console
from monitoring.fleet import load_fleet
from monitoring.verify.client import HttpClient
from monitoring.verify.model import Deployment, Result, State
from monitoring.verify.run import exit_code, verify

COLOURS = {State.OK: "green", State.FAILED: "red", State.UNREACHABLE: "red"}


@click.command()
@click.argument("region", required=False)
@reach_options
@click.option("--patience", type=click.IntRange(min=0), default=60, show_default=True, help="Seconds to ask again.")
@click.option("--send-alert", is_flag=True, help="Send a test alert to whoever is told of critical ones.")
@regions_folder
@as_json
def command(
    *,
    region: str | None,
    addresses: Path,
    forward: bool,
    patience: int,
    send_alert: bool,
    regions: Path,
    as_json: bool,
) -> None:
    """Ask whether REGION (the first of the addresses) is as it must be.

    Exit code 1: something is not; 2: nobody answers.
    """
    fleet = load_fleet(regions)
    with reached(fleet, region, addresses=addresses, forward=forward, may_alert=send_alert) as (client, deployment):
        results = _asked(client, deployment, patience=patience)
    if as_json:
        click.echo(json.dumps([asdict(result) for result in results], indent=2))
    else:
        console().print(_table(deployment.region.name, results))
    sys.exit(exit_code(results))


def _asked(client: HttpClient, deployment: Deployment, *, patience: int) -> list[Result]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("ask", total=None)
        return [
            *verify(client, deployment, patience=patience, say=lambda check: progress.update(task, description=check))
        ]


def _table(region: str, results: Sequence[Result]) -> Table:
    table = Table("check", "state", "evidence", "look at", title=region)
    for result in results:
        table.add_row(
            result.check, result.state.value, result.evidence, result.hint, style=COLOURS.get(result.state, "")
        )
    return table
