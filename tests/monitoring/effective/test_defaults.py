"""What is not set runs with the chart's default; null takes it away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitoring.effective.defaults import defaults, effective
from monitoring.effective.facts import Collision, FactKey, Kind, collected, element_names
from monitoring.effective.stacks import release_values

UNDER = {"a": 1, "b": {"c": 2, "d": [1, 2]}, "e": {"f": None}}


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, {"a": 1, "b": {"c": 2, "d": [1, 2]}, "e": {}}),
        ({"a": 1}, {"a": 1, "b": {"c": 2, "d": [1, 2]}, "e": {}}),
        ({"a": None}, {"b": {"c": 2, "d": [1, 2]}, "e": {}}),
        ({"b": {"d": []}}, {"a": 1, "b": {"c": 2, "d": []}, "e": {}}),
        ({"b": None, "e": {"f": 3}}, {"a": 1, "e": {"f": 3}}),
        ({"g": {"h": None}}, {"a": 1, "b": {"c": 2, "d": [1, 2]}, "e": {}, "g": {}}),
    ],
)
def test_values_over_defaults_as_helm_puts_them(values: object, found: object) -> None:
    assert effective(values, UNDER) == found


def test_the_charts_defaults_are_those_of_its_values() -> None:
    thanos = defaults("thanos")
    assert (thanos["image"]["repository"], thanos["receive"]["enabled"]) == ("quay.io/thanos/thanos", False)
    assert defaults("kube-prometheus-stack")["grafana"]["service"]["type"] == "ClusterIP"
    assert defaults("no-such-chart") == {}


def test_each_tree_has_defaults_of_its_own(tmp_path: Path) -> None:
    schema = {"properties": {"replicas": {"default": 7}, "open": {}, "empty": {"default": {}}}}
    (tmp_path / "thanos.json").write_text(json.dumps(schema))
    body = {"name": "thanos-global", "chart": "thanos", "values": ["image: {tag: v1}"]}
    assert release_values(body, schemas=tmp_path) == {"replicas": 7, "empty": {}, "image": {"tag": "v1"}}


def test_two_facts_at_one_place_are_an_error() -> None:
    key = FactKey(kind=Kind.OBJECT, subject="ConfigMap/m/x", path="data")
    with pytest.raises(Collision, match="object ConfigMap/m/x data must be said once, got it twice"):
        collected([(key, "a"), (key, "a")])


def test_a_flag_that_is_given_several_times_is_told_by_its_text() -> None:
    assert element_names(["--a=1", "--ip=10.0.0.1", "--ip=10.0.0.2"]) == ["--a", "--ip=10.0.0.1", "--ip=10.0.0.2"]
    assert element_names(["x", "x"]) == ["0", "1"]
