"""`monitoring render`: renders the Helm charts and checks each object against its schema."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from rich.table import Table

from monitoring.blueprint.releases import checked_releases, releases
from monitoring.blueprint.releases.thanos_cache import with_cache
from monitoring.blueprint.values.charts import versions
from monitoring.commands._options import as_json, regions_folder
from monitoring.commands.values import select
from monitoring.console import console, steps
from monitoring.errors import CannotHave
from monitoring.fleet import load_fleet
from monitoring.rendering.objects import Report, check, read_definitions, render
from monitoring.rendering.record import write


@click.command()
@click.argument("region")
@click.argument("release", required=False)
@regions_folder
@click.option(
    "--charts",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of charts at hand; without it, they are pulled once into .cache/charts.",
)
@click.option(
    "--crds",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of further CustomResourceDefinitions: cert-manager's, the Gateway API's, the secrets driver's.",
)
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), help="Folder to write the objects to.")
@click.option("--record", is_flag=True, help="Write what tests read into tests/golden/.")
@as_json
def command(
    region: str,
    release: str | None,
    *,
    regions: Path,
    charts: Path | None,
    crds: Path | None,
    output: Path | None,
    record: bool,
    as_json: bool,
) -> None:
    """Render the releases of REGION with helm, and check every object against its Kubernetes or CRD schema.

    Both for the oldest and for the newest Kubernetes that is supported; written and recorded is what the newest gets.

    Exit code 1: an object is not valid; 2: helm or a chart is not to be had.
    """
    fleet = load_fleet(regions)
    chosen_region = fleet.region(region)
    made = checked_releases(fleet)[chosen_region.name]
    if record:
        made = releases(with_cache(chosen_region), fleet.peers_of(chosen_region))
    chosen = select(made, release)
    renderings = []
    with TemporaryDirectory() as scratch, steps() as progress:
        try:
            for kubernetes in versions().kubernetes.ends:
                for one in chosen:
                    task = progress.add_task(f"render {one.name} for {kubernetes}", total=1)
                    renderings.append(render(one, kubernetes=kubernetes, charts=charts, scratch=Path(scratch)))
                    progress.advance(task)
        except CannotHave as missing:
            progress.stop()
            click.echo(str(missing), err=True)
            sys.exit(2)
        task = progress.add_task("check every object", total=1)
        reports = list(check(renderings, definitions=read_definitions(crds) if crds else []))
        progress.advance(task)
    newest = [rendering for rendering in renderings if rendering.kubernetes == versions().kubernetes.newest]
    if output:
        output.mkdir(parents=True, exist_ok=True)
        for rendering in newest:
            (output / f"{rendering.release}.yaml").write_text(rendering.text, encoding="utf-8")
    if record:
        write(newest)
    _print(reports, as_json=as_json)
    sys.exit(1 if any(report.problems for report in reports) else 0)


def _print(reports: list[Report], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([vars(report) for report in reports], indent=2))
        return
    table = Table("release", "Kubernetes", "objects", "checked", "no schema", "problems")
    for report in reports:
        total, unchecked = report.kinds.total(), len(report.unchecked)
        counts = (total, total - unchecked, unchecked, len(report.problems))
        table.add_row(report.release, report.kubernetes, *map(str, counts))
    console().print(table)
    for missing in dict.fromkeys(f"{report.release}: {name}" for report in reports for name in report.unchecked):
        click.echo(f"not checked, no schema at hand: {missing}")
    for report in reports:
        for problem in report.problems:
            click.echo(problem, err=True)
