"""`monitoring generate`: writes the committed files that are generated from the code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import click

from monitoring.bench import page as performance_page
from monitoring.blueprint import dashboards
from monitoring.blueprint.access import page as access_page
from monitoring.blueprint.network import page as flows_page
from monitoring.blueprint.rules import alerts_page, global_rules
from monitoring.blueprint.values.charts import ROOT
from monitoring.blueprint.values.committed_schemas import stale_schemas
from monitoring.fleet import load_fleet
from monitoring.fleet.schema import region_schema
from oversight_metrics.contract import contract_json, contract_table

GENERATED: Mapping[str, Callable[[], str]] = {
    "regions/schema.json": region_schema,
    flows_page.PAGE: lambda: flows_page.page(load_fleet(ROOT / "regions")),
    access_page.PAGE: access_page.page,
    **dashboards.generated(),
    global_rules.FILE: global_rules.text,
    alerts_page.PAGE: alerts_page.page,
    performance_page.PAGE: performance_page.page,
    "docs/reference/application-metrics.md": contract_table,
    "oversight_metrics/node/contract.json": contract_json,
}
"""Path from the repository's root, and what makes the file's text."""


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 where a committed file is not current.")
def command(*, check: bool) -> None:
    """Write the generated files anew, or prove that the committed ones are current.

    The schemas of charts need the charts (monitoring schema): here they are held against the pinned versions.
    """
    stale = []
    for name, make in GENERATED.items():
        file, text = ROOT / name, make()
        if file.is_file() and file.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            file.write_text(text, encoding="utf-8")
    problems = list(stale_schemas())
    for problem in problems:
        click.echo(str(problem), err=True)
    for name in stale:
        click.echo(f"{name}: must be generated anew (make generate)" if check else f"{name}: written", err=check)
    sys.exit(bool(problems) or (check and bool(stale)))
