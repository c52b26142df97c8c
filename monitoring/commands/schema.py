"""`monitoring schema`: the closed schema of a chart's values, from the chart itself."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from monitoring.blueprint.values.charts import versions
from monitoring.blueprint.values.committed_schemas import schema_text
from monitoring.blueprint.values.structures import SCHEMAS, TYPES
from monitoring.errors import CannotHave
from monitoring.rendering.charts import find_chart
from monitoring.rendering.value_types import types_text


@click.command()
@click.argument("chart", type=click.Choice(sorted(versions().charts)), required=False)
@click.option(
    "--charts",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder that holds the chart's folder; without it, the chart is pulled with helm.",
)
@click.option(
    "--types",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the operator's CustomResourceDefinitions: generate the types that all charts share, of no CHART.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 where the committed schema differs.")
def command(chart: str | None, *, charts: Path | None, types: Path | None, check: bool) -> None:
    """Generate helm-values/schemas/CHART.json from the chart's values.yaml and its hand-kept list, or types.json."""
    if (chart is None) == (types is None):
        raise click.UsageError("either CHART or --types must be given")
    if types is not None:
        _write(TYPES, types_text(types, kubernetes=versions().kubernetes.oldest), check=check)
        return
    pinned = versions().charts[str(chart)]
    with TemporaryDirectory() as scratch:
        try:
            text = schema_text(find_chart(pinned, folder=charts, scratch=Path(scratch)), pinned)
        except CannotHave as missing:
            click.echo(str(missing), err=True)
            sys.exit(2)
    _write(f"{chart}.json", text, check=check)


def _write(name: str, text: str, *, check: bool) -> None:
    file = SCHEMAS / name
    current = file.is_file() and file.read_text(encoding="utf-8") == text
    if check and not current:
        what = "--types" if name == TYPES else file.stem
        click.echo(f"{name}: must be generated anew (monitoring schema {what})", err=True)
        sys.exit(1)
    if not check:
        file.write_text(text, encoding="utf-8")
        click.echo(f"helm-values/schemas/{name}: {'unchanged' if current else 'written'}")
