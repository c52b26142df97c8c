"""`monitoring charts`: the pinned charts and images, and their digests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial

import click
from rich.table import Table

from monitoring.blueprint.values.charts import ROOT, VERSIONS, Chart, versions
from monitoring.blueprint.values.image_digests import WITHOUT_KEY
from monitoring.console import console
from monitoring.errors import CannotHave
from monitoring.rendering.charts import checked_package, digest_of, with_digests, with_image_digests
from monitoring.rendering.record import IMAGES
from monitoring.rendering.registries import image_digest


@click.command()
@click.option("--record", is_flag=True, help="Ask for them all, and write each digest that is not recorded yet.")
def command(*, record: bool) -> None:
    """List the pinned charts of registries, and the images that they render by tests/golden/images.json.

    A digest that is recorded is never replaced: a bump sets it to null. Images come and go with the record.

    Exit code 2: a chart or image is not to be had, or is another than was recorded; the others are recorded all the
    same.
    """
    charts = [chart for chart in versions().charts.values() if not chart.folder]
    digests = {chart.name: chart.digest for chart in charts}
    faults: list[str] = []
    rendered: list[str] = json.loads((ROOT / IMAGES).read_text(encoding="utf-8"))["images"]
    images = {image: versions().digests.get(image) for image in rendered}
    if record:
        faults += _ask(digests, {chart.name: partial(_of_package, chart) for chart in charts})
        faults += _ask(images, {image: partial(image_digest, image) for image in images if images[image] is None})
        file = ROOT / VERSIONS
        known = {name: digest for name, digest in digests.items() if digest}
        text = with_digests(file.read_text(encoding="utf-8"), known)
        file.write_text(with_image_digests(text, images), encoding="utf-8")
    table = Table("chart or image", "version", "digest")
    for chart in charts:
        table.add_row(chart.name, chart.version, digests[chart.name] or "none")
    for image, digest in images.items():
        name, _, tag = image.rpartition(":")
        table.add_row(name, tag, digest or "none")
    console().print(table)
    for image in images:
        if reason := WITHOUT_KEY.get(image.rpartition(":")[0]):
            click.echo(f"{image} runs by its tag: {reason}")
    if faults:
        raise CannotHave("\n".join(faults))


def _of_package(chart: Chart) -> str:
    return digest_of(checked_package(chart))


def _ask(digests: dict[str, str | None], answers: Mapping[str, Callable[[], str]]) -> Iterator[str]:
    """Put every answer among the digests; what is not to be had is told."""
    for name, answer in answers.items():
        try:
            digests[name] = answer()
        except CannotHave as fault:
            yield str(fault)
