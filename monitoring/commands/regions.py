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
    """List the regions in the order in which they are deployed; with --json, their names alone.

    Those of the environment staging come first, then canaries.
    """
    ordered = load_fleet(regions).in_deploy_order()
    if as_json:
        click.echo(json.dumps([region.name for region in ordered]))
        return
    table = Table("region", "environment", "location", "zones", "global view", "canary", "host")
    for region in ordered:
        yes = ["yes" if flag else "" for flag in (region.global_view, region.canary)]
        table.add_row(
            region.name,
            region.environment,
            region.location,
            ", ".join(region.zones) or "none",
            *yes,
            region.access.host,
        )
    console().print(table)
