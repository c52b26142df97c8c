"""What must be there before Terraform sees a stack: values without zeros, roots, checksums, checked charts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from monitoring.blueprint.components.names import FLEET_STACK, STACK_FILE
from monitoring.blueprint.values.charts import ROOT, VERSIONS, versions
from monitoring.errors import InvalidInput, Problem
from monitoring.fleet.loader import Fleet
from monitoring.fleet.yaml_file import ValuePath, dotted, read_yaml
from monitoring.rendering.charts import checked_package
from monitoring.synthesis.provider_locks import committed_lock, no_lock

_READ_BY_FLEET = {"tenant_id", "subscription_id", "state", "fleet"}
"""Keys of the regions' files that the stack `fleet` is made of."""


def has_local_state(stack: Path) -> bool:
    """Whether the stack's state is a file beside its JSON: a trial, that meets no cloud of ours."""
    return "local" in json.loads((stack / STACK_FILE).read_text(encoding="utf-8"))["terraform"]["backend"]


def refuse_unready(stack: Path, fleet: Fleet) -> None:
    """`InvalidInput` with all that is still missing before the stack may meet the real state."""
    problems = [*_unfilled(stack.name, fleet), *_undigested(stack)]
    committed = committed_lock(stack)
    if committed and not committed.is_file():
        problems.append(no_lock(committed))
    if problems:
        raise InvalidInput(problems)


def put_charts_beside(stack: Path) -> None:
    """Copy the packages that the stack's JSON names to where it names them, each held against its digest.

    CannotHave where one cannot be pulled, or is another than was recorded.
    """
    text = (stack / STACK_FILE).read_text(encoding="utf-8")
    for chart in versions().charts.values():
        if chart.package and chart.package in text:
            target = stack / chart.package
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(checked_package(chart), target)


def _unfilled(name: str, fleet: Fleet) -> Iterator[Problem]:
    if name != FLEET_STACK:
        yield from fleet.file(name).unfilled()
        return
    for file in fleet.files:
        yield from (one for one in file.unfilled() if one.path.partition(".")[0] in _READ_BY_FLEET)


def _undigested(stack: Path) -> Iterator[Problem]:
    """Charts that Helm would pull by their version alone, and images that would run by their tag."""
    releases = json.loads((stack / STACK_FILE).read_text(encoding="utf-8")).get("resource", {}).get("helm_release", {})
    source = read_yaml(ROOT / VERSIONS, name=VERSIONS)
    names = sorted({release["chart"] for release in releases.values() if "repository" in release})
    paths: list[ValuePath] = [("charts", name, "digest") for name in names]
    if releases:
        images = {image.name: None for image in versions().images.values()} | dict(versions().digests)
        paths += [("digests", image) for image, digest in images.items() if digest is None]
    for path in paths:
        message = "must be recorded before a deploy (python -m monitoring charts --record), got null"
        yield Problem(file=VERSIONS, line=source.line(path), path=dotted(path), message=message)
