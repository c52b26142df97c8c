"""Whatever YAML can hold, in any field of a region and at any path of an override: told with file and line, or taken.

A hundred examples each, the same in every run; `pytest --hypothesis-profile=many` tries thousands.
"""

from __future__ import annotations

import copy
import io
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from monitoring.blueprint.capacity.needs import check_capacity
from monitoring.blueprint.network.checks import check_flows
from monitoring.blueprint.releases import RECIPES, checked_releases
from monitoring.blueprint.releases.release import to_yaml
from monitoring.blueprint.values.closed_schema import schema
from monitoring.errors import InvalidInput
from monitoring.fleet import load_fleet
from monitoring.fleet.yaml_file import merged
from monitoring.synthesis.summary import print_summary

REGIONS = Path(__file__).parent / "fleet" / "regions"
NAME = "trial-alpha.yaml"
HERE = "@here@"
Tree = dict[str, Any]
Place = tuple[str | int, ...]


def read(name: str) -> Tree:
    tree: Tree = yaml.safe_load((REGIONS / name).read_text(encoding="utf-8"))
    return tree


REGION: Tree = {key: value for key, value in merged(read("_common.yaml"), read(NAME)).items() if key != "trust"}


def places(value: object, path: Place = ()) -> Iterator[Place]:
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, below in pairs:
        yield (*path, key)
        yield from places(below, (*path, key))


def schema_places(node: Mapping[str, Any], path: Place = ()) -> Iterator[Place]:
    for key, below in node.get("properties", {}).items():
        yield (*path, key)
        yield from schema_places(below, (*path, key))
    if isinstance(node.get("additionalProperties"), Mapping):
        yield (*path, "other")
        yield from schema_places(node["additionalProperties"], (*path, "other"))


FIELDS = sorted(set(places(REGION)), key=str)
CHARTS = {recipe.name: recipe.chart for recipe in RECIPES if recipe.written}
OVERRIDES = [
    ("helm_values", release, *path)
    for release, chart in sorted(CHARTS.items())
    for path in schema_places(schema(chart))
]
READ = {"replicas", "replicaCount", "resources", "requests", "limits", "cpu", "memory", "containers", "persistence"}
"""Keys that capacity reads."""
COUNTED = [place for place in OVERRIDES if READ & set(place)]

ODD = [
    *("null", "~", "true", "0", "-1", "1", "0.5", "1.0e+400", "-1.0e+200", "9" * 30, "9" * 5000, "010", "0x1F", ".inf"),
    *("yes", "1:30", "2026-02-30", "2026-01-01 00:00:00", "1_000", "[]", "{}", "[null]", "[{}]", "{a: null}", "[[[]]]"),
    *("''", "'0.5'", "1.5Gi", "1G", "'1e99999999'", "15d", "99999999y", "'0'", "0s", "9999999999999Gi", "'[/red]'"),
    *("'${x}'", "'%{x}'", "'TfToken[TOKEN.1]'", "'{{ .x }}'", '"\\0"', '"\\e[2J"', '"\\ud800"', '"\\n"', "'٢'", "é"),
    *("0.0.0.0/0", "10.0.0.1/8", "'::/0'", "[x, x]", "{'[/x]': 1}", "{requests: null, limits: null}"),
    *("{requests: {cpu: null}}", "{requests: {cpu: 0.5, memory: 1.5Gi}}", "{limits: {memory: 1G}}", "{limits: []}"),
    *("[{resources: null}]", "[{name: x, resources: {requests: {cpu: [], memory: {}}}}]", "!!int x", "!!set {a}"),
    *("!made x", "&a [*a]", "{? [a] : b}", "{<<: {a: 1}}", "*none", "'", "[", "{1: 2}", "!!binary aGk=", "x: y: z"),
]
"""Values as a file writes them, most of them one that has broken a program."""

# without the letters that Python's own words begin with: they would be told as its words
text_of = st.characters(exclude_characters="NTF")
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(text_of, max_size=20)
nested = st.recursive(
    plain,
    lambda below: st.lists(below, max_size=2) | st.dictionaries(st.text(text_of, max_size=5), below, max_size=2),
    max_leaves=4,
)
written = st.sampled_from(ODD) | nested.map(json.dumps)
unchanging = settings(derandomize=True, suppress_health_check=[*HealthCheck])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fleet of one region, whose file says all."""
    folder = tmp_path_factory.mktemp("any") / "regions"
    folder.mkdir()
    (folder / "_common.yaml").write_text("trust: []\n")
    return folder


def with_value(place: Place, text: str) -> str:
    """The region's file, in which the value at `place` is `text`."""
    tree = copy.deepcopy(REGION)
    below: Any = tree
    for key in place[:-1]:
        if isinstance(below, dict) and not isinstance(below.get(str(key)), dict | list):
            below[str(key)] = {}
        below = below[key]
    below[place[-1]] = HERE
    return json.dumps(tree, indent=1).replace(f'"{HERE}"', text)


def synthesized(folder: Path) -> None:
    """What main.py does, as far as plain data goes."""
    fleet = load_fleet(folder)
    check_flows(fleet)
    releases = checked_releases(fleet)
    check_capacity(fleet, releases)
    texts = [to_yaml(release.values) for made in releases.values() for release in made]
    assert not [text for text in texts if "TfToken[" in text]
    out = Console(file=io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    print_summary(
        [], releases=releases, digests={}, warnings=fleet.warnings(datetime(2026, 6, 1, tzinfo=UTC)), console=out
    )


TOLD = re.compile(rf"regions/{re.escape(NAME)}(:\d+)?: .+")
OF_PYTHON = re.compile(r"\b(None|True|False)\b|set_int_max|string conversion|object at 0x|Input should|Traceback")


def told(folder: Path, place: Place, text: str) -> list[str]:
    """The problems, each of which says where; none where the value is taken."""
    (folder / NAME).write_text(with_value(place, text), encoding="utf-8", errors="replace")
    try:
        synthesized(folder)
    except InvalidInput as invalid:
        lines = str(invalid).encode().decode().split("\n")
        assert [line for line in lines if not TOLD.fullmatch(line) or OF_PYTHON.search(line) or len(line) > 2000] == []
        return lines
    return []


@unchanging
@given(st.sampled_from(FIELDS), written)
def test_any_value_in_a_field_is_told_or_taken(folder: Path, place: Place, text: str) -> None:
    told(folder, place, text)


@unchanging
@given(st.sampled_from(OVERRIDES) | st.sampled_from(COUNTED), written)
def test_any_value_in_an_override_is_told_or_taken(folder: Path, place: Place, text: str) -> None:
    told(folder, place, text)


def test_no_field_may_be_null_unless_it_says_so(folder: Path) -> None:
    optional = {
        "api_server_subnet",
        "databases",
        "postgresql",
        "redis",
        "disk_snapshots",
        "series_budgets",
        "info",
        "cache",
        "maintenance_window",
    }
    taken = {str(place[-1]) for place in FIELDS if not told(folder, place, "null")}
    assert taken == optional
