"""`monitoring cluster`: Azure CLI arguments that select a region's cluster."""

from __future__ import annotations

from pathlib import Path

import click

from monitoring.commands._options import regions_folder
from monitoring.fleet import load_fleet


@click.command()
@click.argument("region")
@regions_folder
def command(*, region: str, regions: Path) -> None:
    """Print the arguments of `az aks get-credentials` for the cluster of REGION."""
    chosen = load_fleet(regions).region(region)
    click.echo(
        f"--name {chosen.cluster.name} --resource-group {chosen.cluster.resource_group} "
        f"--subscription {chosen.subscription_id}"
    )
