"""Types of values as a person writes them, and what they are as JSON Schema.

A word (`WORDS`), the name of a type, `[one]` for a list of it, `{"*": one}` for a mapping of any keys to it, or fields,
each with its type: no other key passes. A key `~expression` stands for every key that it matches; `a | b` is either.
`{a,b}` in a key stands for both. Null is allowed everywhere: Helm takes a default away with it.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from monitoring.blueprint.values.charts import HELM_VALUES

Node = dict[str, Any]

SCHEMAS = HELM_VALUES / "schemas"
TYPES = "types.json"
"""The compiled types, beside the schemas of the charts, which refer to them."""

DURATION = "^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$"
GO_DURATION = r"^(0|[-+]?([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+)$"
QUANTITY = (
    "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))"
    "(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$"
)
GRAMMARS: Mapping[str, str] = {
    DURATION: "a duration such as 30s, 1h30m or 15d",
    "^(0|(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$": "a duration such as 30s, 1h30m or 120h",
    GO_DURATION: "a duration such as 30s or 1h30m",
    QUANTITY: "a quantity such as 500m, 0.5, 4Gi or 1.5Gi",
    "(^0|([0-9]*[.])?[0-9]+((K|M|G|T|E|P)i?)?B)$": "a size such as 50GB",
}
"""Patterns, the operator's own among them, in words."""


def _matching(pattern: str, *types: str) -> Node:
    return {"type": [*types, "null"], "pattern": pattern, "description": GRAMMARS[pattern]}


WORDS: Mapping[str, Node] = {
    "any": {},
    "mapping": {"type": ["object", "null"]},
    "string": {"type": ["string", "null"]},
    "boolean": {"type": ["boolean", "null"]},
    "integer": {"type": ["integer", "null"]},
    "number": {"type": ["number", "null"]},
    "integer or string": {"type": ["integer", "string", "null"]},
    "duration": _matching(DURATION, "string"),
    "go duration": _matching(GO_DURATION, "string"),
    "quantity": _matching(QUANTITY, "number", "string"),
}


def hand_kept() -> Mapping[str, Any]:
    """`types.yaml`."""
    found: Mapping[str, Any] = yaml.safe_load((SCHEMAS / "types.yaml").read_text(encoding="utf-8"))
    return found


def written_hash() -> str:
    """Of what the compiled types are made from, as far as it is in this repository."""
    files = [SCHEMAS / "types.yaml", *sorted((SCHEMAS / "structures").glob("*.yaml"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def compiled(written: Any, *, scope: str = "", known: Iterable[str] = ()) -> Node:
    """A type as JSON Schema; names of `known` are looked for in `scope` (`alertmanager.`) first."""
    known = frozenset(known)
    if isinstance(written, str):
        if " | " in written:
            return {"anyOf": [compiled(one, scope=scope, known=known) for one in written.split(" | ")]}
        return dict(WORDS[written]) if written in WORDS else reference(scope * (written in known) + written)
    if isinstance(written, list):
        return {"type": ["array", "null"], "items": compiled(written[0], scope=scope, known=known)}
    fields = {key: compiled(below, scope=scope, known=known) for key, below in written.items()}
    patterns = {key.removeprefix("~"): fields.pop(key) for key in list(fields) if key.startswith("~")}
    node: Node = {"type": ["object", "null"], "additionalProperties": fields.pop("*", False), "properties": fields}
    return {**node, "patternProperties": patterns} if patterns else node


def reference(name: str) -> Node:
    """A reference to a type of that name."""
    return {"$ref": f"{TYPES}#/$defs/{name}"}


def structures() -> Iterator[tuple[str, Node]]:
    """Every type of `structures/*.yaml`, named `<file>.<type>`."""
    for file in sorted((SCHEMAS / "structures").glob("*.yaml")):
        written = yaml.safe_load(file.read_text(encoding="utf-8"))
        for name, fields in written.items():
            yield f"{file.stem}.{name}", compiled(fields, scope=f"{file.stem}.", known=written)


def by_name(written: Mapping[str, Any]) -> dict[str, Node]:
    """The types of keys, alternatives expanded."""
    return {key: compiled(one) for pattern, one in written.items() for (key,) in expanded([pattern])}


def expanded(patterns: Iterable[str]) -> Iterator[tuple[str, ...]]:
    r"""`a.{b,c}.d` as the paths (a, b, d) and (a, c, d); `\.` is a dot inside a key."""
    for pattern in patterns:
        parts = re.split(r"(\{[^}]*\})", pattern)
        choices = [part[1:-1].split(",") if part.startswith("{") else [part] for part in parts]
        for chosen in itertools.product(*choices):
            yield tuple(part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", "".join(chosen)))
