"""Closed values: a key that no template of a chart reads is refused, with the nearest key that one does.

None of the charts has a schema, so Helm takes a misspelt or misplaced key without a word. The schemas in
`helm-values/schemas/` are generated (`monitoring schema`); this module only reads them. They are JSON Schema,
for editors; the walk is our own, since it must suggest, and since importing a validator costs more than the
whole check (docs/helm-values.md).
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from monitoring.blueprint.values.charts import HELM_VALUES
from monitoring.errors import shown
from monitoring.fleet.yaml_file import ValuePath, dotted

Schema = Mapping[str, Any]

IGNORED = "x-ignored"
"""Key of a schema that says why no template reads the value, although values.yaml has it."""

SIMILAR = 0.7
"""How much of two names must agree (difflib's ratio) for one to be suggested for the other."""

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (Mapping,),
    "array": (list, tuple),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}
_ARTICLES = {"object": "a mapping", "array": "a list", "integer": "a whole number", "boolean": "true or false"}


@cache
def schema(chart: str) -> Schema:
    """The committed schema of a chart's values."""
    loaded: Schema = json.loads((HELM_VALUES / "schemas" / f"{chart}.json").read_text(encoding="utf-8"))
    return loaded


def faults(chart: str, values: Mapping[str, Any]) -> Iterator[tuple[ValuePath, str]]:
    """Every unknown path and wrong type in `values`: the path, and what must be."""
    yield from check(schema(chart), values)


def check(known: Schema, values: object) -> Iterator[tuple[ValuePath, str]]:
    """`faults` for a schema at hand."""
    for path, message in _walk(known, values, ()):
        yield path, message or f"is no value of the chart{_hint(known, path)}"


def _walk(node: Schema, value: object, path: ValuePath) -> Iterator[tuple[ValuePath, str]]:
    """An empty message stands for an unknown key."""
    if IGNORED in node:
        yield path, f"must not be set: {node[IGNORED]}"
        return
    types = node.get("type")
    if types is not None and not _is_a(value, types):
        yield path, f"must be {_wanted(types)}, got {shown(value)}"
        return
    if isinstance(value, Mapping):
        properties = node.get("properties", {})
        others = node.get("additionalProperties", True)
        for key, below in value.items():
            here = (*path, str(key))
            if key in properties:
                yield from _walk(properties[key], below, here)
            elif isinstance(others, Mapping):
                yield from _walk(others, below, here)
            elif others is False:
                yield here, ""
    elif isinstance(value, list | tuple) and "items" in node:
        for index, below in enumerate(value):
            yield from _walk(node["items"], below, (*path, index))


def _is_a(value: object, types: list[str]) -> bool:
    if isinstance(value, bool):  # a bool is an int to Python, but not to a chart
        return "boolean" in types
    return any(isinstance(value, _TYPES[name]) for name in types)


def _wanted(types: list[str]) -> str:
    return " or ".join(_ARTICLES.get(name, f"a {name}") for name in types if name != "null")


def _hint(known: Schema, path: ValuePath) -> str:
    """`, did you mean …?`: a sibling that is spelt alike, the chart's own hint, or the same key nearby."""
    suggestion = known.get("x-hints", {}).get(dotted(path)) or _sibling(known, path) or _elsewhere(known, path)
    return f", did you mean {suggestion}?" if suggestion else ""


def _sibling(known: Schema, path: ValuePath) -> str | None:
    node: Any = known
    for part in path[:-1]:
        node = node.get("items", {}) if isinstance(part, int) else _below(node, part)
    by_lower = {name.lower(): name for name in node.get("properties", {})}
    near = difflib.get_close_matches(str(path[-1]).lower(), by_lower, n=1, cutoff=SIMILAR)
    return ".".join(map(str, (*path[:-1], by_lower[near[0]]))) if near else None


def _below(node: Schema, key: str) -> Schema:
    found: Schema = node.get("properties", {}).get(key) or node.get("additionalProperties") or {}
    return found


def _elsewhere(known: Schema, path: ValuePath) -> str | None:
    """The same key where a template reads it: the longest common beginning first, then the shortest path."""

    def distance(other: tuple[str, ...]) -> tuple[int, int, tuple[str, ...]]:
        common = next((i for i, (a, b) in enumerate(zip(path, other, strict=False)) if a != b), len(path))
        return -common, len(other), other

    candidates: list[tuple[str, ...]] = [
        other for other in _paths(known, ()) if other[-1] == path[-1] and other[0] == path[0]
    ]
    nearest = min(candidates, key=distance, default=None)
    return ".".join(nearest) if nearest else None


def _paths(node: Schema, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for key, below in node.get("properties", {}).items():
        if IGNORED not in below:
            yield (*path, key)
            yield from _paths(below, (*path, key))
