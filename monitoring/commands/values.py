"""`monitoring values`: prints the Helm values of a region, without a cloud."""

from __future__ import annotations

import json
from pathlib import Path

import click

from monitoring.blueprint.releases import checked_releases
from monitoring.blueprint.releases.release import Release, to_yaml
from monitoring.commands._options import as_json, regions_folder
from monitoring.errors import InvalidInput, Problem
from monitoring.fleet import load_fleet


def select(releases: tuple[Release, ...], name: str | None) -> tuple[Release, ...]:
    """The release of that name, or all; InvalidInput names those that exist."""
    chosen = tuple(release for release in releases if name in (None, release.name))
    if not chosen:
        known = ", ".join(release.name for release in releases)
        raise InvalidInput([Problem(file="helm-values", message=f"release must be one of {known}, got {name}")])
    return chosen


@click.command()
@click.argument("region")
@click.argument("release", required=False)
@regions_folder
@as_json
def command(region: str, release: str | None, *, regions: Path, as_json: bool) -> None:
    """Print the merged chart values of REGION, of one RELEASE or of all."""
    fleet = load_fleet(regions)
    chosen = select(checked_releases(fleet)[fleet.region(region).name], release)
    if as_json:
        click.echo(json.dumps({one.name: one.values for one in chosen}, indent=2, sort_keys=True))
        return
    for one in chosen:
        click.echo("---")
        click.echo(f"# {region}: release {one.name}, chart {one.chart.name} {one.chart.version}")
        for change in one.overrides:
            click.echo(f"# set by the region's helm_values: {change}")
        for path in one.known_after_apply:
            click.echo(f"# known after apply: {path}")
        click.echo(to_yaml(one.values), nl=False)
