"""`monitoring render`: the objects that Helm would make, each checked against its schema."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import yaml
from rich.table import Table

from monitoring.blueprint import flags, monitors, upstream_alerts
from monitoring.blueprint.charts import ROOT, versions
from monitoring.blueprint.components import THANOS
from monitoring.blueprint.manifests import Manifest, in_namespace, parse, pod_faults, title, workloads
from monitoring.blueprint.release import Release, to_yaml
from monitoring.blueprint.releases import checked_releases
from monitoring.blueprint.rules import rules
from monitoring.commands._charts import CannotHave, find_chart, find_helm
from monitoring.commands._console import console
from monitoring.commands._options import as_json, regions_folder
from monitoring.commands._progress import steps
from monitoring.commands.values import select
from monitoring.fleet import load_fleet

CRD = "CustomResourceDefinition"
RECORD = "tests/golden/workloads.json"
FLAGS_RECORD = "tests/golden/flags.json"
MONITORS = "tests/golden/monitors.json"
UPSTREAM = "tests/golden/upstream-expressions.json"


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """A release's objects; `definitions` are the CRDs that its chart brings."""

    release: str
    namespace: str
    text: str
    objects: list[Manifest]
    definitions: list[Manifest]


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was found: problems by object, and objects for whose kind no schema is known."""

    release: str
    kinds: Counter[str]
    problems: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)


def render(release: Release, *, charts: Path | None, scratch: Path) -> Rendering:
    """Run `helm template`; CannotHave where helm, the chart or the rendering is not to be had."""
    chart = find_chart(release.chart, folder=charts, scratch=scratch)
    values = scratch / f"{release.name}.yaml"
    values.write_text(to_yaml(release.values), encoding="utf-8")
    template = [find_helm(), "template", release.name, str(chart), "--namespace", release.namespace, "--include-crds"]
    template += ["--values", str(values), "--kube-version", f"{versions().kubernetes}.0"]
    template += ["--api-versions", "monitoring.coreos.com/v1"]  # a chart may make no monitor where it sees no operator
    done = subprocess.run(template, capture_output=True, text=True, check=False)  # noqa: S603  (no shell)
    if done.returncode:
        raise CannotHave(f"helm cannot render {release.name}: {done.stderr.strip()}")
    try:
        manifests = parse(done.stdout)
    except yaml.YAMLError as broken:
        raise CannotHave(f"the rendering of {release.name} must be YAML: {broken}") from broken
    return Rendering(
        release=release.name,
        namespace=release.namespace,
        text=done.stdout,
        objects=[manifest for manifest in manifests if manifest.get("kind") != CRD],
        definitions=[manifest for manifest in manifests if manifest.get("kind") == CRD],
    )


def read_definitions(folder: Path) -> list[Manifest]:
    """The CustomResourceDefinitions of the YAML files in a folder, lists of `kubectl get -o yaml` included."""
    documents = [one for file in sorted(folder.rglob("*.yaml")) for one in parse(file.read_text(encoding="utf-8"))]
    objects = [item for one in documents for item in (one["items"] if one.get("kind") == "List" else [one])]
    return [one for one in objects if one.get("kind") == CRD]


def check(renderings: list[Rendering], *, definitions: Sequence[Manifest]) -> Iterator[Report]:
    """Every object against its schema, and every pod against what must hold of pods.

    `definitions` are CRDs besides those that the charts bring.
    """
    from monitoring.commands._kube_schemas import KubeSchemas

    definitions = [*definitions, *(definition for rendering in renderings for definition in rendering.definitions)]
    schemas = KubeSchemas(versions().kubernetes, definitions=definitions)
    for rendering in renderings:
        report = Report(release=rendering.release, kinds=Counter(str(one.get("kind")) for one in rendering.objects))
        for manifest in rendering.objects:
            faults = schemas.faults(manifest)
            if faults is None:
                report.unchecked.append(title(manifest))
            for fault in (*(faults or ()), *pod_faults(manifest), *flags.faults(manifest)):
                report.problems.append(f"{rendering.release}: {title(manifest)}: {fault}")
        yield report


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

    Exit code 1: an object is not valid; 2: helm or a chart is not to be had.
    """
    fleet = load_fleet(regions)
    chosen = select(checked_releases(fleet)[fleet.region(region).name], release)
    renderings = []
    with TemporaryDirectory() as scratch, steps() as progress:
        try:
            for one in chosen:
                task = progress.add_task(f"render {one.name}", total=1)
                renderings.append(render(one, charts=charts, scratch=Path(scratch)))
                progress.advance(task)
        except CannotHave as missing:
            progress.stop()
            click.echo(str(missing), err=True)
            sys.exit(2)
        task = progress.add_task("check every object", total=1)
        reports = list(check(renderings, definitions=read_definitions(crds) if crds else []))
        progress.advance(task)
    if output:
        output.mkdir(parents=True, exist_ok=True)
        for rendering in renderings:
            (output / f"{rendering.release}.yaml").write_text(rendering.text, encoding="utf-8")
    if record:
        made = [in_namespace(one, rendering.namespace) for rendering in renderings for one in rendering.objects]
        of_thanos = [rendering for rendering in renderings if rendering.release.startswith(THANOS)]
        given = flags.of_workloads(manifest for rendering in of_thanos for manifest in rendering.objects)
        written = {
            RECORD: workloads(made),
            MONITORS: monitors.record(made),
            FLAGS_RECORD: given,
            UPSTREAM: upstream_alerts.expressions(made, ours=rules().object_names),
        }
        for name, content in written.items():
            (ROOT / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    _print(reports, as_json=as_json)
    sys.exit(1 if any(report.problems for report in reports) else 0)


def _print(reports: list[Report], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([vars(report) for report in reports], indent=2))
        return
    table = Table("release", "objects", "checked", "no schema", "problems")
    for report in reports:
        total, unchecked = report.kinds.total(), len(report.unchecked)
        table.add_row(report.release, str(total), str(total - unchecked), str(unchecked), str(len(report.problems)))
    console().print(table)
    for report in reports:
        for name in report.unchecked:
            click.echo(f"not checked, no schema at hand: {report.release}: {name}")
        for problem in report.problems:
            click.echo(problem, err=True)
