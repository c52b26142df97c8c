"""`monitoring schema`: the closed schema of a chart's values, from the chart itself."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import yaml
from pydantic import ValidationError

from monitoring.blueprint.charts import HELM_VALUES, Chart, versions
from monitoring.blueprint.value_schema import Extra, generate, stale
from monitoring.commands._charts import CannotHave, find_chart
from monitoring.errors import InvalidInput, Problem

SCHEMAS = HELM_VALUES / "schemas"


def read_extra(chart: str) -> Extra:
    """The hand-kept list of a chart; InvalidInput where it is not one."""
    name = f"helm-values/schemas/extra/{chart}.yaml"
    file = SCHEMAS / "extra" / f"{chart}.yaml"
    try:
        return Extra.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")) or {})
    except ValidationError as invalid:
        raise InvalidInput(
            Problem(file=name, path=".".join(map(str, error["loc"])), message=f"{error['msg']}, got {error['input']!r}")
            for error in invalid.errors()
        ) from invalid


def schema_text(folder: Path, chart: Chart) -> str:
    """The schema of the chart in `folder`, as committed."""
    extra = read_extra(chart.name)
    schema = generate(folder, name=chart.name, version=chart.version, extra=extra)
    return json.dumps(schema, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def stale_schemas() -> Iterator[Problem]:
    """Committed schemas that are not of the pinned version or the present hand-kept list; needs no chart."""
    for chart in versions().charts.values():
        name = f"helm-values/schemas/{chart.name}.json"
        file = SCHEMAS / f"{chart.name}.json"
        committed = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        reason = stale(committed, version=chart.version, extra=read_extra(chart.name))
        if reason:
            yield Problem(file=name, message=f"{reason} (monitoring schema {chart.name})")


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
