"""The generated schema knows what values.yaml and the hand-kept list say, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitoring.blueprint.values.closed_schema import check
from monitoring.blueprint.values.schema_generator import Extra, generate, stale

VALUES = """
# Default: the name of the release
# nameOverride: other
replicas: 1
enabled: true
ratio: 0.5
name: ""
nothing:
labels: {}
args: []
image:
  tag: v1
  ## A reference, see: the documentation
  # pullPolicy: Always
sub:
  replicas: 1
"""
SUBCHART = """
storage:
  size: 1Gi
  # class: fast
"""


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    (tmp_path / "charts" / "sub-1.2.3").mkdir(parents=True)
    (tmp_path / "values.yaml").write_text(VALUES)
    (tmp_path / "charts" / "sub-1.2.3" / "values.yaml").write_text(SUBCHART)
    return tmp_path


def _schema(chart: Path, **extra: Any) -> dict[str, Any]:
    return generate(chart, name="example", version="1.0.0", extra=Extra(**extra))


GOOD: list[dict[str, Any]] = [
    {"replicas": 2},
    {"replicas": None},
    {"ratio": 1},
    {"nothing": {"anything": [1]}},
    {"labels": {"any": "x"}},
    {"args": ["a"]},
    {"nameOverride": "x"},
    {"image": {"pullPolicy": "Never"}},
    {"sub": {"replicas": 2, "storage": {"size": "2Gi", "class": "slow"}, "enabled": False}},
]
BAD: list[dict[str, Any]] = [
    {"replica": 2},
    {"replicas": "2"},
    {"enabled": "yes"},
    {"name": 1},
    {"labels": []},
    {"args": {}},
    {"image": {"tags": "v1"}},
    {"image": {"see": "x"}},
    {"default": "x"},
    {"sub": {"storage": {"sizes": "2Gi"}}},
]


@pytest.mark.parametrize("values", GOOD, ids=str)
def test_what_the_chart_knows_passes(chart: Path, values: dict[str, Any]) -> None:
    assert list(check(_schema(chart), values)) == []


@pytest.mark.parametrize("values", BAD, ids=str)
def test_what_the_chart_does_not_know_is_refused(chart: Path, values: dict[str, Any]) -> None:
    assert list(check(_schema(chart), values))


@pytest.mark.parametrize(
    ("extra", "values", "passes"),
    [
        ({"undocumented": ["{image,sub}.sha"]}, {"image": {"sha": "x"}, "sub": {"sha": "x"}}, True),
        ({"undocumented": ["image.sha"]}, {"sub": {"sha": "x"}}, False),
        ({"open": ["image"]}, {"image": {"any": 1}}, True),
        ({"open": [r"dotted\.key"]}, {"dotted.key": {"any": 1}}, True),
        ({"examples": ["image.pullPolicy"]}, {"image": {"pullPolicy": "Never"}}, False),
        ({"closed": {"labels": ["app"]}}, {"labels": {"app": 1}}, True),
        ({"closed": {"labels": ["app"]}}, {"labels": {"ap": 1}}, False),
        ({"closed": {"labels.*": ["app"]}}, {"labels": {"free": {"app": 1}}}, True),
        ({"closed": {"labels.*": ["app"]}}, {"labels": {"free": {"ap": 1}}}, False),
        ({"closed": {"args[]": ["name"]}}, {"args": [{"name": 1}]}, True),
        ({"closed": {"args[]": ["name"]}}, {"args": [{"nme": 1}]}, False),
        ({"ignored": {"image.tag": "in vain"}}, {"image": {"tag": "v2"}}, False),
    ],
)
def test_the_hand_kept_list_counts(chart: Path, extra: dict[str, Any], values: dict[str, Any], passes: bool) -> None:
    assert (list(check(_schema(chart, **extra), values)) == []) is passes


@pytest.mark.parametrize(
    ("extra", "values", "passes"),
    [
        ({"by_name": {"labels": {"*": "string"}}}, {"labels": {"a": "x"}}, True),
        ({"by_name": {"labels": {"*": "string"}}}, {"labels": {"a": 1}}, False),
        ({"by_name": {"labels": ["string"]}}, {"labels": {"a": 1}}, True),  # its default is no list
        ({"by_name": {"image": "string"}}, {"image": {"tag": "v2"}}, True),  # the chart says more
        ({"by_name": {"name": "duration"}}, {"name": ""}, True),  # the default stays
        ({"by_name": {"name": "duration"}}, {"name": "5 minutes"}, False),
        ({"by_name": {"{args,nothing}": ["Toleration"]}}, {"nothing": [{"key": "a"}]}, True),
        ({"by_name": {"{args,nothing}": ["Toleration"]}}, {"nothing": [{"keys": "a"}]}, False),
        ({"types": {"args": ["Toleration | string"]}}, {"args": ["x", {"key": "a"}]}, True),
        ({"types": {"args": ["Toleration | string"]}}, {"args": [1]}, False),
        ({"open": ["image"], "types": {"image": {"tag": "string", "~^x-": "integer"}}}, {"image": {"x-a": 1}}, True),
        ({"open": ["image"], "types": {"image": {"tag": "string", "~^x-": "integer"}}}, {"image": {"y-a": 1}}, False),
        ({"like": {"sub": "Toleration"}, "undocumented": ["sub.effect"]}, {"sub": {"effect": 1}}, False),
    ],
)
def test_open_keys_get_types(chart: Path, extra: dict[str, Any], values: dict[str, Any], passes: bool) -> None:
    assert (list(check(_schema(chart, **extra), values)) == []) is passes


def test_a_type_that_refuses_the_charts_own_default_is_not_taken(chart: Path) -> None:
    with pytest.raises(ValueError, match="the types of example refuse its defaults"):
        _schema(chart, types={"image": {"sha": "string"}})


def test_a_schema_that_refuses_the_charts_own_defaults_is_not_made(chart: Path) -> None:
    with pytest.raises(ValueError, match="the schema of example refuses its defaults"):
        _schema(chart, closed={"image": ["sha"]})


def test_a_bump_or_a_changed_list_makes_a_schema_stale(chart: Path) -> None:
    schema = _schema(chart)
    assert stale(schema, version="1.0.0", extra=Extra()) is None
    assert stale(schema, version="1.0.1", extra=Extra()) == "must be of version 1.0.1, got 1.0.0"
    assert "hand-kept list" in str(stale(schema, version="1.0.0", extra=Extra(open=("image",))))


def test_what_is_not_set_runs_with_the_default_that_the_schema_says(chart: Path) -> None:
    properties = _schema(chart, open=["image"])["properties"]
    assert (properties["replicas"]["default"], properties["nothing"]["default"]) == (1, None)
    assert "default" not in properties["nameOverride"]
    assert properties["image"]["default"] == {"tag": "v1"}  # open: its keys are not known one by one
    sub = properties["sub"]["properties"]
    assert (sub["replicas"]["default"], sub["storage"]["properties"]["size"]["default"]) == (1, "1Gi")


def test_a_charts_own_default_comes_before_its_subcharts(chart: Path) -> None:
    (chart / "values.yaml").write_text(f"{VALUES}  storage: {{size: 9Gi}}\n")
    storage = _schema(chart)["properties"]["sub"]["properties"]["storage"]["properties"]
    assert storage["size"]["default"] == "9Gi"


def test_a_library_has_no_values(chart: Path) -> None:
    (chart / "charts" / "common").mkdir()
    (chart / "charts" / "common" / "values.yaml").write_text("# A library.\n")
    assert [*check(_schema(chart), {"common": {"enabled": True}})]
