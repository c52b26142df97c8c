"""`monitoring regions`: lists the regions."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.table import Table

from monitoring.commands._options import as_json, regions_folder
from monitoring.console import console
from monitoring.fleet import load_fleet


@click.command()
@regions_folder
@as_json
def command(*, regions: Path, as_json: bool) -> None:
    """List the regions; with --json, their names as a list, for a matrix of jobs."""
    fleet = load_fleet(regions)
    if as_json:
        click.echo(json.dumps([region.name for region in fleet.regions]))
        return
    table = Table("region", "location", "zones", "global view", "host")
    for region in fleet.regions:
        zones = ", ".join(region.zones) or "none"
        table.add_row(region.name, region.location, zones, "yes" if region.global_view else "", region.access.host)
    console().print(table)
