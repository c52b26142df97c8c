"""What rules and alerts use, held against what is known to be produced."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from monitoring.blueprint.rules import ring
from monitoring.blueprint.rules.loader import ARRIVED, labels_of, level_labels, rules, rules_of
from monitoring.errors import Problem
from monitoring.fleet.yaml_file import YamlFile, dotted
from tests.stack.known_metrics import TARGET_LABELS, known_metrics
from tests.stack.promql_names import Selector, names
from tests.stack.samples import TARGETS

OF_A_POD = frozenset({"pod", "container"})
"""Labels of a target that is a pod; a database's, a node's or another region's has none of its own."""

OUTSIDE = frozenset({"cluster", "environment"})
"""External labels, which every series has outside Prometheus."""

VALUES: Mapping[str, frozenset[str]] = {
    "job": frozenset(target.job for target in TARGETS),
    "namespace": frozenset(target.namespace for target in TARGETS),
}
"""Texts that the labels have, where they are ours to say: others match them to no avail."""


def known(files: Iterable[YamlFile]) -> Mapping[str, frozenset[str]]:
    """Labels by name: everything that is scraped or federated, and what the rules of `files` record."""
    of_pods = {metric for part in _parts(of_pods=True) for metric in known_metrics(part)}
    of_no_pods = {metric for part in _parts(of_pods=False) for metric in known_metrics(part)} - of_pods
    found = {}
    for name, labels in known_metrics().items():
        target = TARGET_LABELS - OF_A_POD if name in of_no_pods else TARGET_LABELS
        found[name] = labels | OUTSIDE | (frozenset() if ":" in name else target)
    for name in rules().federated:
        level = level_labels(name.partition(":")[0]) or frozenset()
        found[f"{ARRIVED}{name}"] = OUTSIDE | level | {"job", "prometheus_replica"}
    for file in files:
        for path, rule in rules_of(file):
            if "record" in rule:
                group = file.data["groups"][path[1]]
                kept = labels_of(rule["record"]) or frozenset()
                found[rule["record"]] = OUTSIDE | kept | group.get("labels", {}).keys() | rule.get("labels", {}).keys()
    found[ring.RING] = OUTSIDE | {"namespace", "pod", "zone"}
    return found


def _parts(*, of_pods: bool) -> Iterator[str]:
    for target in TARGETS:
        if bool(target.pods) is of_pods:
            yield from (*target.parts, "scrape")


def unknown(expr: str, sources: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """What an expression uses that nothing produces: a metric, metric{label}, a label it groups by, or a value."""
    read = names(expr)
    labels = set(read.made)
    for selector in read.selectors:
        if selector.metric not in sources:
            yield selector.metric or "a series without a name"
            continue
        labels |= sources[selector.metric]
        yield from (f"{selector.metric}{{{one}}}" for one in selector.matchers if one not in sources[selector.metric])
        yield from _unknown_values(selector)
    if all(selector.metric in sources for selector in read.selectors):
        yield from sorted(read.grouping - labels)


def problems(files: Iterable[YamlFile]) -> Iterator[Problem]:
    """Everything in `files` that no known source produces, at its line."""
    files = tuple(files)
    sources = known(files)
    for file in files:
        for path, rule in rules_of(file):
            told: list[tuple[tuple[str, ...], str]] = [(("expr",), one) for one in unknown(rule["expr"], sources)]
            told += [(("annotations", key), label) for key, label in _unknown_in_texts(rule, sources)]
            for key, what in told:
                here = (*path, *key)
                message = f"must use what tests/stack/expositions or a rule produces, got {what}"
                yield Problem(file=file.name, line=file.line(here), path=dotted(here), message=message)


def _unknown_values(selector: Selector) -> Iterator[str]:
    for label, values in VALUES.items():
        operator, text = selector.matchers.get(label, ("", ""))
        if operator == "=" or (operator == "=~" and re.fullmatch(r"[\w-]+(\|[\w-]+)*", text)):
            yield from (f"{label} {one}" for one in text.split("|") if one not in values)


def _unknown_in_texts(rule: Mapping[str, object], sources: Mapping[str, frozenset[str]]) -> Iterator[tuple[str, str]]:
    read = names(str(rule["expr"]))
    labels = set(read.made) | {"alertname", "severity"}
    for selector in read.selectors:
        labels |= sources.get(selector.metric, frozenset())
    annotations = rule.get("annotations", {})
    assert isinstance(annotations, Mapping)
    for key, text in annotations.items():
        yield from (
            (key, f"$labels.{label}") for label in re.findall(r"\$labels\.(\w+)", str(text)) if label not in labels
        )
