"""A stack as facts: resources, where the state lives, and each release as it will run (see `stack_folder`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from monitoring.blueprint.values.structures import SCHEMAS
from monitoring.effective.defaults import defaults, effective
from monitoring.effective.facts import Fact, FactKey, Facts, Kind, collected, flat, thing
from monitoring.effective.objects import object_facts, route_facts, rule_facts

OBJECT_LISTS = ("extraManifests", "extraObjects", "objects")
"""Where releases hold whole Kubernetes objects."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A piece of a stack whose facts depend on nothing else of it.

    `section` is where it stands (`resource`, `data`, `terraform`, `provider`, `release`, `values`), `subject` what it
    is: a resource's type, or a release. `name` is its address in the state, or the top key of the values.
    """

    section: str
    subject: str
    name: str
    body: Any
    chart: str = ""


def stack_facts(stack: Mapping[str, Any], *, schemas: Path = SCHEMAS) -> Facts:
    """Everything that will run of a stack; `schemas` hold the defaults of its charts. `Collision` for two of one."""
    return collected(chain.from_iterable(part_facts(part) for part in parts(stack, schemas=schemas)))


def parts(stack: Mapping[str, Any], *, schemas: Path = SCHEMAS) -> Iterator[Part]:
    """The stack in pieces; of a release's values, every top key that is set or has a default."""
    for section in ("terraform", "provider"):
        yield Part(section=section, subject=section, name=section, body=stack.get(section, {}))
    for section in ("data", "resource"):
        for type_, named in stack.get(section, {}).items():
            for address, body in named.items():
                if type_ != "helm_release":
                    yield Part(section=section, subject=type_, name=address, body=body)
                    continue
                yield Part(section="release", subject=body["name"], name=address, body=body)
                for key, below in release_values(body, schemas=schemas).items():
                    yield Part(section="values", subject=body["name"], name=key, body=below, chart=body["chart"])


def release_values(body: Mapping[str, Any], *, schemas: Path = SCHEMAS) -> Mapping[str, Any]:
    """A release's values over its chart's defaults."""
    # a chart of this repository travels beside the JSON, under another name
    chart = str(body["chart"]).rpartition("/")[2] if "/" not in body["chart"] else body["name"]
    found: Mapping[str, Any] = defaults(chart, schemas) or defaults(chart)
    for text in body.get("values", ()):
        found = effective(yaml.load(text, Loader=yaml.CSafeLoader) or {}, found)
    return found


def part_facts(part: Part) -> Iterator[Fact]:
    """What a part says."""
    if part.section == "terraform":
        rest = {key: value for key, value in part.body.items() if key != "backend"}
        yield from flat(part.body.get("backend", {}), kind=Kind.STATE, subject="state")
        yield from flat(rest, kind=Kind.SETTING, subject="terraform")
    elif part.section == "provider":
        yield from flat(part.body, kind=Kind.SETTING, subject="providers")
    elif part.section == "values":
        yield from values_facts(part.subject, {part.name: part.body})
    else:
        kind, subject = Kind.RELEASE, part.subject
        if part.section != "release":
            prefix = "data " if part.section == "data" else ""
            kind, subject = Kind.RESOURCE, f"{prefix}{part.subject} {_construct_path(part.name, part.body)}"
        yield FactKey(kind=kind, subject=subject), part.name
        own = {key: value for key, value in part.body.items() if key not in {"//", "depends_on", "values"}}
        if own:
            yield from flat(own, kind=kind, subject=subject)
        # by the place in the construct tree, without the hash behind it
        waits_for = sorted(re.sub(r"_[0-9A-F]{8}$", "", address) for address in part.body.get("depends_on", ()))
        waits = flat({"depends_on": waits_for}, kind=kind, subject=subject)
        yield from (fact for fact in waits if fact[1] is True)  # a set: neither its order nor that it is empty


def _construct_path(address: str, body: Mapping[str, Any]) -> str:
    """`disks/disk-0`: the same in every stack, unlike the address in the state."""
    path: str = body.get("//", {}).get("metadata", {}).get("path", address)
    return path.partition("/")[2] or path


def values_facts(release: str, values: Mapping[str, Any]) -> Iterator[Fact]:
    """Facts of a release's values: what has a meaning of its own, and every other value by its path."""
    rest = dict(values)
    yield from rule_facts((rest.pop("additionalPrometheusRulesMap", None) or {}).values())
    config = _taken(rest, "alertmanager", "config")
    if isinstance(config, Mapping):
        yield from route_facts(config)
    for job in _taken(rest, "prometheus", "prometheusSpec", "additionalScrapeConfigs") or ():
        subject = str(job.get("job_name"))
        yield from thing(job, kind=Kind.SCRAPE, subject=subject)
    for key in OBJECT_LISTS:
        for manifest in rest.pop(key, None) or ():
            yield from object_facts(manifest)
    if rest:
        yield from flat(rest, kind=Kind.VALUE, subject=release)


def _taken(values: dict[str, Any], *path: str) -> Any:
    """The value at a path, which is copied without it."""
    key, *below = path
    if not below or not isinstance(values.get(key), Mapping):
        return values.pop(key, None) if not below else None
    values[key] = dict(values[key])
    return _taken(values[key], *below)
