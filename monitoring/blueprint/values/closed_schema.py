"""Closed values: a key that no template of a chart reads is refused, with the nearest key that one does.

None of the charts has a schema, so Helm takes a misspelt or misplaced key without a word. The schemas in
`helm-values/schemas/` are generated (`monitoring schema`); this module only reads them. They are JSON Schema,
for editors; the walk is our own, since it must suggest, and since importing a validator costs more than the
whole check (docs/helm-values.md).
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from monitoring.blueprint.values.structures import SCHEMAS
from monitoring.errors import shown
from monitoring.fleet.yaml_file import ValuePath, dotted

Schema = Mapping[str, Any]

IGNORED = "x-ignored"
"""Key of a schema that says why no template reads the value, although values.yaml has it."""

SIMILAR = 0.65
"""How much of two names must agree (difflib's ratio) for one to be suggested for the other."""

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),  # plain data, not any Mapping: three times as fast
    "array": (list, tuple),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}
_LIMITS = frozenset({"enum", "pattern", "minimum", "maximum"})
_ARTICLES = {"object": "a mapping", "array": "a list", "integer": "a whole number", "boolean": "true or false"}


@cache
def schema(chart: str) -> Schema:
    """The committed schema of a chart's values."""
    return _load(f"{chart}.json")


@cache
def _load(name: str) -> Schema:
    loaded: Schema = json.loads((SCHEMAS / name).read_text(encoding="utf-8"))
    return loaded


def resolved(node: Schema) -> Schema:
    """The node, or the type that it refers to (`types.json#/$defs/Toleration`), read when it is first needed."""
    while (reference := node.get("$ref")) is not None:
        node = _referred(reference)
    return node


@cache
def _referred(reference: str) -> Schema:
    name, _, pointer = reference.partition("#/")
    node = _load(name)
    for part in pointer.split("/"):
        node = node[part]
    return node


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
    if value is None:
        return
    node = resolved(node)
    if "anyOf" in node:
        yield from min((list(_walk(one, value, path)) for one in node["anyOf"]), key=len)
        return
    types = node.get("type")
    if types is not None and not _is_a(value, types):
        yield path, f"must be {_wanted(types)}, got {shown(value)}"
    elif isinstance(value, dict):
        yield from _walk_keys(node, value, path)
    elif isinstance(value, list | tuple) and "items" in node:
        for index, below in enumerate(value):
            if below is None:
                yield (*path, index), "must not be null in a list"
            yield from _walk(node["items"], below, (*path, index))
    elif not _LIMITS.isdisjoint(node):
        yield from ((path, f"must be {wanted}, got {shown(value)}") for wanted in _unmet(node, value))


def _walk_keys(node: Schema, value: Mapping[str, object], path: ValuePath) -> Iterator[tuple[ValuePath, str]]:
    for key, below in value.items():
        known = _of_key(node, str(key))
        if known:
            yield from _walk(known, below, (*path, str(key)))
        elif known is None:
            yield (*path, str(key)), ""


def _of_key(node: Schema, key: str) -> Schema | None:
    """What may stand under the key; None where nothing may."""
    if key in node.get("properties", {}):
        known: Schema = node["properties"][key]
        return known
    for pattern, known in node.get("patternProperties", {}).items():
        if re.search(pattern, key):
            return known
    others = node.get("additionalProperties", True)
    return others if isinstance(others, Mapping) else {} if others else None


def _unmet(node: Schema, value: object) -> Iterator[str]:
    """What a plain value of the right type must be, and is not."""
    if "enum" in node and value not in node["enum"]:
        yield " or ".join(map(str, node["enum"]))
    if isinstance(value, str) and "pattern" in node and not re.search(node["pattern"], value):
        yield node.get("description", f"text that matches {node['pattern']}")
    if isinstance(value, int | float) and not node.get("minimum", value) <= value <= node.get("maximum", value):
        yield f"from {node.get('minimum', 'any')} to {node.get('maximum', 'any')}"


def _is_a(value: object, types: list[str]) -> bool:
    if isinstance(value, bool):  # a bool is an int to Python, but not to a chart
        return "boolean" in types
    return isinstance(value, _classes(tuple(types)))


@cache
def _classes(types: tuple[str, ...]) -> tuple[type, ...]:
    return tuple(one for name in types for one in _TYPES[name])


def _wanted(types: list[str]) -> str:
    return " or ".join(_ARTICLES.get(name, f"a {name}") for name in types if name != "null")


def _hint(known: Schema, path: ValuePath) -> str:
    """`, did you mean …?`: the chart's own hint, a sibling that is spelt alike, or the same key elsewhere.

    A hint for a key at the top holds for what is below it.
    """
    hints = known.get("x-hints", {})
    renamed = f"{hints.get(dotted(path[:1]))}.{dotted(path[1:])}"
    suggestion = (
        hints.get(dotted(path))
        or _sibling(known, path)
        or (renamed if renamed in map(".".join, _paths(known, ())) else None)
        or _elsewhere(known, path)
    )
    return f", did you mean {suggestion}?" if suggestion else ""


def _sibling(known: Schema, path: ValuePath) -> str | None:
    nodes = [known]
    for part in path[:-1]:
        nodes = [below for node in _either(nodes) if (below := _below(node, part)) is not None]
    by_lower = {name.lower(): name for node in _either(nodes) for name in node.get("properties", {})}
    near = difflib.get_close_matches(str(path[-1]).lower(), by_lower, n=1, cutoff=SIMILAR)
    return dotted((*path[:-1], by_lower[near[0]])) if near else None


def _either(nodes: list[Schema]) -> Iterator[Schema]:
    """The alternatives of nodes that are one of several."""
    for node in map(resolved, nodes):
        yield from _either(node["anyOf"]) if "anyOf" in node else (node,)


def _below(node: Schema, part: str | int) -> Schema | None:
    return node.get("items") if isinstance(part, int) else _of_key(node, part)


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
