"""Renders a Helm release and checks each object against its schema."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from monitoring.blueprint.releases.release import Release, to_yaml
from monitoring.blueprint.values import flags
from monitoring.blueprint.values.charts import versions
from monitoring.blueprint.values.image_digests import digest_faults
from monitoring.blueprint.values.manifests import Manifest, parse, pod_faults, title
from monitoring.errors import CannotHave
from monitoring.rendering.charts import find_chart, find_helm
from monitoring.rendering.kube_schemas import KubeSchemas

CRD = "CustomResourceDefinition"


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """A release's objects for a minor version of Kubernetes; `definitions` are the CRDs that its chart brings."""

    release: str
    kubernetes: str
    namespace: str
    text: str
    objects: list[Manifest]
    definitions: list[Manifest]


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was found against a minor version: problems by object, and objects for whose kind no schema is known."""

    release: str
    kubernetes: str
    kinds: Counter[str]
    problems: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)


def render(release: Release, *, kubernetes: str, charts: Path | None, scratch: Path) -> Rendering:
    """Run `helm template` as for a minor version; CannotHave where helm, chart or rendering is not to be had."""
    chart = find_chart(release.chart, folder=charts, scratch=scratch)
    values = scratch / f"{release.name}.yaml"
    values.write_text(to_yaml(release.values), encoding="utf-8")
    template = [find_helm(), "template", release.name, str(chart), "--namespace", release.namespace, "--include-crds"]
    template += ["--values", str(values), "--kube-version", f"{kubernetes}.0"]
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
        kubernetes=kubernetes,
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
    """Every object against its schema of the version it was rendered for, and every pod against what must hold of pods.

    `definitions` are CRDs besides those that the charts bring.
    """
    definitions = [*definitions, *(definition for rendering in renderings for definition in rendering.definitions)]
    known = {one.kubernetes: KubeSchemas(one.kubernetes, definitions=definitions) for one in renderings}
    for rendering in renderings:
        schemas, kinds = known[rendering.kubernetes], Counter(str(one.get("kind")) for one in rendering.objects)
        report = Report(release=rendering.release, kubernetes=rendering.kubernetes, kinds=kinds)
        for manifest in rendering.objects:
            faults = schemas.faults(manifest)
            if faults is None:
                report.unchecked.append(title(manifest))
            for fault in (
                *(faults or ()),
                *pod_faults(manifest),
                *flags.faults(manifest),
                *digest_faults(manifest, versions()),
            ):
                report.problems.append(
                    f"{rendering.release}, Kubernetes {rendering.kubernetes}: {title(manifest)}: {fault}"
                )
        yield report
