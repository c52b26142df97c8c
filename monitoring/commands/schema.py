"""`monitoring schema`: the closed schema of a chart's values, from the chart itself."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from monitoring.blueprint.values.charts import versions
from monitoring.blueprint.values.committed_schemas import SCHEMAS, schema_text
from monitoring.errors import CannotHave
from monitoring.rendering.charts import find_chart


@click.command()
@click.argument("chart", type=click.Choice(sorted(versions().charts)))
@click.option(
    "--charts",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder that holds the chart's folder; without it, the chart is pulled with helm.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 where the committed schema differs.")
def command(chart: str, *, charts: Path | None, check: bool) -> None:
    """Generate helm-values/schemas/CHART.json from the chart's values.yaml and its hand-kept list."""
    pinned = versions().charts[chart]
    file = SCHEMAS / f"{chart}.json"
    with TemporaryDirectory() as scratch:
        try:
            text = schema_text(find_chart(pinned, folder=charts, scratch=Path(scratch)), pinned)
        except CannotHave as missing:
            click.echo(str(missing), err=True)
            sys.exit(2)
    current = file.is_file() and file.read_text(encoding="utf-8") == text
    if check and not current:
        click.echo(f"{file.name}: must be generated anew (monitoring schema {chart})", err=True)
        sys.exit(1)
    if not check:
        file.write_text(text, encoding="utf-8")
        click.echo(f"helm-values/schemas/{file.name}: {'unchanged' if current else 'written'}")
