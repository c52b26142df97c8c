"""Recording rules and alerts: native rule files of Prometheus, checked, completed and handed to the stack.

`helm-values/rules/*.yaml` are read by promtool and Prometheus as they are. What promtool does not ask for is asked
here: names that say their level, an alert that says how bad, how long and what to do. The link to an alert's page is
added on the way, so that the address stands once. Whether an expression is right, promtool says (tests/rules/).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from monitoring.blueprint.rules import ring, runbooks
from monitoring.blueprint.rules.model import RuleFile
from monitoring.blueprint.values.charts import ROOT
from monitoring.errors import InvalidInput, Problem
from monitoring.fleet.yaml_file import ValuePath, YamlFile, dotted, read_yaml

FOLDER = "helm-values/rules"

LEVEL_LABELS: Mapping[str, frozenset[str]] = {
    "cluster": frozenset(),  # an external label: Prometheus adds it on the way out
    "job": frozenset({"namespace", "job"}),  # a Service's name is unique in its namespace only
    "instance": frozenset({"namespace", "job", "instance"}),
    **{
        label: frozenset({label})
        for label in (
            "cache_name",
            "code",
            "component",
            "currency",
            "handler",
            "kind",
            "le",
            "level",
            "method",
            "namespace",
            "node",
            "operation",
            "persistentvolumeclaim",
            "phase",
            "pod",
            "resolution",
            "route",
            "rule_group",
            "severity",
            "status",
            "status_code",
            "table",
            "tenant",
            "type",
            "window",
            "zone",
        )
    },
}
"""What a word of a level stands for: the labels that the series keeps."""

OF_ONE_TARGET = frozenset({"instance", "node", "persistentvolumeclaim", "pod"})
"""Labels of a single target, which no aggregate for other regions may hold."""

FEDERATED = r"(job|cluster)(_[a-z0-9_]+)?:[a-z0-9_]+:[a-z0-9_]+"
"""Names of the aggregates that leave the region (anchored, as Prometheus matches).

Three parts and no more: upstream's `cluster:namespace:pod_cpu:active:…` has a series per pod.
"""

ARRIVED = "federated:"
"""What the names of other regions' aggregates begin with where they arrive, so that no rule of a region meets them."""

ONCE = "global:"
"""The same without the doubles of replicas."""

OF_ANOTHER_REGION = frozenset({"cluster", "environment"})
"""External labels of a region, which are labels of its series in another."""

WITH_GLOBAL_VIEW = frozenset({"alerts-federation", "global_rules"})
"""Files for regions with the global view alone: elsewhere nothing is federated."""

UPSTREAM_FEDERATED = ("cluster:node_cpu:ratio_rate5m",)
"""Aggregates by the stack's own rules that leave the region too."""

_NAME = re.compile(r"[a-z][a-z0-9_]*:[a-z][A-Za-z0-9_]*:[a-z][a-z0-9_]*")
_ALERT = re.compile(r"[A-Z][A-Za-z0-9]+")
_STEM = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The rule files of a folder, sorted by name, and everything that is wrong with them.

    `files` leaves out what has not the form of a rule file.
    """

    files: tuple[YamlFile, ...]
    problems: tuple[Problem, ...]

    @property
    def recorded(self) -> tuple[str, ...]:
        """Names of all series that are recorded."""
        return tuple(rule["record"] for file in self.files for _, rule in rules_of(file) if "record" in rule)

    @property
    def federated(self) -> tuple[str, ...]:
        """Names of the aggregates that leave the region; to fetch them by name lets nothing else in."""
        return (*(name for name in self.recorded if re.fullmatch(FEDERATED, name)), *UPSTREAM_FEDERATED)

    @property
    def object_names(self) -> frozenset[str]:
        """Names of the PrometheusRules, before the chart puts its own before them."""
        return frozenset({*map(_object_name, self.files), ring.OBJECT})

    def delivered(self, *, runbook_base: str, global_view: bool) -> dict[str, Any]:
        """For the chart's `additionalPrometheusRulesMap`: each file is a PrometheusRule, each alert has its link."""
        return {
            _object_name(file): {"groups": [_linked(group, runbook_base) for group in groups]}
            for file in self.files
            if global_view or Path(file.name).stem not in WITH_GLOBAL_VIEW
            for groups in [file.data["groups"]]
        }


@cache
def rules() -> Rules:
    """The repository's own."""
    return read_rules(ROOT / FOLDER, root=ROOT)


def read_rules(folder: Path, *, root: Path) -> Rules:
    """Read and check every file of `folder`; pages of alerts are looked for below `root`."""
    files: list[YamlFile] = []
    problems: list[Problem] = []
    for path in sorted(folder.glob("[!.]*")):
        try:
            files.append(_read(path))
        except InvalidInput as invalid:
            problems += invalid.problems
    for file in files:
        problems += _file_problems(file, root)
    problems += [*_repeated(files), *_same_object(files)]
    return Rules(files=tuple(files), problems=tuple(problems))


def _read(path: Path) -> YamlFile:
    name = f"{FOLDER}/{path.name}"
    if path.suffix != ".yaml" or not _STEM.fullmatch(path.stem):
        message = "must be named like performance_rules.yaml or alerts-thanos.yaml"
        raise InvalidInput([Problem(file=name, message=message)])
    file = read_yaml(path, name=name)
    RuleFile.of(file)
    return file


def level_labels(level: str) -> frozenset[str] | None:
    """Labels of a series of that level; None where a part of it is no label: `job_status_code`, `cluster`."""
    if level in LEVEL_LABELS:
        return LEVEL_LABELS[level]
    for word in sorted(LEVEL_LABELS, key=len, reverse=True):  # status_code is one label, not status and code
        if level.startswith(f"{word}_") and (rest := level_labels(level.removeprefix(f"{word}_"))) is not None:
            return LEVEL_LABELS[word] | rest
    return None


def labels_of(record: str) -> frozenset[str] | None:
    """Labels of a recorded series by its name; None where the name does not say them."""
    own = record.removeprefix(ONCE)
    labels = level_labels(own.partition(":")[0])
    return labels if labels is None or own == record else labels | OF_ANOTHER_REGION


def rules_of(file: YamlFile) -> Iterator[tuple[ValuePath, Mapping[str, Any]]]:
    """Every rule of a file with its path."""
    for number, group in enumerate(file.data["groups"]):
        for position, rule in enumerate(group["rules"]):
            yield ("groups", number, "rules", position), rule


def _linked(group: Mapping[str, Any], base: str) -> dict[str, Any]:
    return {**group, "rules": [_with_link(rule, base) if "alert" in rule else rule for rule in group["rules"]]}


def _with_link(alert: Mapping[str, Any], base: str) -> dict[str, Any]:
    link = {"runbook_url": runbooks.url(base, alert["alert"])}
    return {**alert, "annotations": {**alert["annotations"], **link}}


def _file_problems(file: YamlFile, root: Path) -> Iterator[Problem]:
    for path, rule in rules_of(file):
        told = _record_faults(rule["record"], file) if "record" in rule else _alert_faults(rule, root)
        for key, message in told:
            here = (*path, *key)
            yield Problem(file=file.name, line=file.line(here), path=dotted(here), message=message)


def _record_faults(name: str, file: YamlFile) -> Iterator[tuple[tuple[str, ...], str]]:
    if Path(file.name).stem in WITH_GLOBAL_VIEW:
        name = name.removeprefix(ONCE)
    if not _NAME.fullmatch(name):
        yield ("record",), f"must be level:metric:operations, got {name}"
        return
    level, metric, _ = name.split(":")
    labels = level_labels(level)
    if labels is None:
        yield ("record",), f"must begin with labels of monitoring/blueprint/rules/loader.py, joined by _, got {level}"
    elif re.fullmatch(FEDERATED, name) and labels & OF_ONE_TARGET:
        shown = ", ".join(sorted(labels & OF_ONE_TARGET))
        yield ("record",), f"must not keep {shown}: names that begin with job or cluster leave the region, got {name}"
    if metric.endswith("_total"):
        yield ("record",), f"must drop _total, which stands for what is counted and not for its rate, got {name}"


def _alert_faults(rule: Mapping[str, Any], root: Path) -> Iterator[tuple[tuple[str, ...], str]]:
    name = rule["alert"]
    if not _ALERT.fullmatch(name):
        yield ("alert",), f"must be words in CamelCase, got {name}"
    elif not (root / runbooks.page(name)).is_file():
        yield ("alert",), f"must have its page {runbooks.page(name)}, got none"
    if "$value" not in rule["annotations"]["description"]:
        yield ("annotations", "description"), "must say the value, {{ $value }}"


def _repeated(files: list[YamlFile]) -> Iterator[Problem]:
    """A group, a series or an alert that is there twice: told at the later one."""
    seen: dict[tuple[str, str], str] = {}
    for file in files:
        for path, name in _named(file):
            place = f"{file.name}:{file.line(path)}"
            first = seen.setdefault((str(path[-1]), name), place)
            if first != place:
                message = f"must be there once, got {name} at {first} too"
                yield Problem(file=file.name, line=file.line(path), path=dotted(path), message=message)


def _same_object(files: list[YamlFile]) -> Iterator[Problem]:
    """Files that would be one object: `a_b.yaml` and `a-b.yaml`."""
    seen: dict[str, str] = {}
    for file in files:
        first = seen.setdefault(_object_name(file), file.name)
        if first != file.name:
            message = f"must have a name of its own, got the PrometheusRule {_object_name(file)} of {first}"
            yield Problem(file=file.name, message=message)


def _object_name(file: YamlFile) -> str:
    """Kubernetes takes no underscore."""
    return Path(file.name).stem.replace("_", "-")


def _named(file: YamlFile) -> Iterator[tuple[ValuePath, str]]:
    """Every name of a group, a series or an alert with its path."""
    for number, group in enumerate(file.data["groups"]):
        yield ("groups", number, "name"), group["name"]
    for path, rule in rules_of(file):
        kind = "record" if "record" in rule else "alert"
        yield (*path, kind), rule[kind]
