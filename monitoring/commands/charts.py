"""`monitoring charts`: the pinned charts, and the digests of their packages."""

from __future__ import annotations

import click
from rich.table import Table

from monitoring.blueprint.values.charts import ROOT, VERSIONS, versions
from monitoring.console import console
from monitoring.errors import CannotHave
from monitoring.rendering.charts import checked_package, digest_of, with_digests


@click.command()
@click.option("--record", is_flag=True, help="Pull them all, and write each digest that is not recorded yet.")
def command(*, record: bool) -> None:
    """List the pinned charts of registries. A digest that is recorded is never replaced: a bump sets it to null.

    Exit code 2: a chart is not to be had, or is another than was recorded; the others are recorded all the same.
    """
    charts = [chart for chart in versions().charts.values() if not chart.folder]
    digests, faults = {chart.name: chart.digest or "" for chart in charts}, []
    for chart in charts if record else ():
        try:
            digests[chart.name] = digest_of(checked_package(chart))
        except CannotHave as fault:
            faults.append(str(fault))
    if record:
        file = ROOT / VERSIONS
        known = {name: digest for name, digest in digests.items() if digest}
        file.write_text(with_digests(file.read_text(encoding="utf-8"), known), encoding="utf-8")
    table = Table("chart", "version", "digest")
    for chart in charts:
        table.add_row(chart.name, chart.version, digests[chart.name] or "none")
    console().print(table)
    if faults:
        raise CannotHave("\n".join(faults))
