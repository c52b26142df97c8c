"""`monitoring drill`: whether what Blob has of a region could be read again."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
import yaml
from rich.console import Console
from rich.table import Table

from monitoring.blueprint.objects.drill import plan
from monitoring.blueprint.objects.objstore import objstore
from monitoring.commands._options import as_json, regions_folder
from monitoring.console import console, steps
from monitoring.drill.run import Report, drill, page
from monitoring.drill.run import as_json as plain
from monitoring.errors import CannotHave
from monitoring.fleet import load_fleet
from monitoring.fleet.yaml_file import read_yaml
from monitoring.local.binaries import find_tool

SHOWN = 20
"""Findings in the table; --json has all."""


@click.command()
@click.argument("region")
@click.option(
    "--objstore",
    "file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Thanos' objstore.yml of a copy or of an emulator, instead of the region's own container.",
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="When the region began; else the oldest block tells.")
@click.option("--now", type=click.DateTime(["%Y-%m-%dT%H:%M:%S"]), help="The time of the copy (UTC), instead of now.")
@click.option("--page", "wants_page", is_flag=True, help="As a page that Prometheus reads.")
@regions_folder
@as_json
def command(
    *,
    region: str,
    file: Path | None,
    since: datetime | None,
    now: datetime | None,
    wants_page: bool,
    regions: Path,
    as_json: bool,
) -> None:
    """Judge the blocks of REGION's container, and count known samples in them by a Thanos of the drill's own.

    Reads only. Exit code 1: something is missing, harmed, or older than promised; 2: nothing could be said.
    """
    chosen = load_fleet(regions).region(region)
    config = read_yaml(file, name=file.name).data if file else yaml.safe_load(objstore(chosen))
    asked = plan(chosen, since=since.replace(tzinfo=UTC).timestamp() if since else None)
    at = (now.replace(tzinfo=UTC) if now else datetime.now(tz=UTC)).timestamp()
    try:
        with steps(transient=True) as shown:
            shown.add_task("blocks and samples", total=None)
            report = drill(config, asked, thanos=str(find_tool("thanos")), now=at)
    except RuntimeError as stopped:
        raise CannotHave(f"the drill's Thanos: {stopped}") from stopped
    if as_json:
        click.echo(json.dumps(plain(report)))
    elif wants_page:
        click.echo(page(report), nl=False)
    else:
        _show(report, console())
    sys.exit(not report.good)


def _show(report: Report, out: Console) -> None:
    table = Table("tenant", "resolution", "blocks", "oldest", "newest", "recovery point", "promised")
    for one in report.coverages:
        late = one.recovery_point > one.promised
        table.add_row(
            *(one.tenant, one.resolution, str(one.blocks), _day(one.oldest), _day(one.newest)),
            *(f"{one.recovery_point:,.0f} s", f"{one.promised:,.0f} s"),
            style="red" if late else "",
        )
    out.print(table)
    for counted in report.counted:
        out.print(
            f"{counted.resolution}: {counted.windows} windows of two hours, {counted.whole} whole, "
            f"{len(counted.short)} short, {len(counted.empty)} empty; Prometheus {', '.join(counted.replicas)}"
        )
    for finding in report.findings[:SHOWN]:
        out.print(f"{finding.kind}: {finding.subject}: {finding.detail}", style="red", soft_wrap=True, markup=False)
    if len(report.findings) > SHOWN:
        out.print(f"and {len(report.findings) - SHOWN} more (--json has all)", style="red")
    for text in report.unjudged:
        out.print(f"not judged: {text}", soft_wrap=True, markup=False)
    if report.good:
        out.print("nothing is missing")


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%d %H:%M")
