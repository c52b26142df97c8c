"""How a release's values come together: chart YAML and computed values side by side, a region's override on top."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from monitoring.errors import Problem
from monitoring.fleet.yaml_file import dotted, merged

Path = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Composed:
    """Merged values; `overrides` are the dotted paths that the region's own values set."""

    values: Mapping[str, Any]
    overrides: tuple[str, ...]


def leaves(values: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Every leaf: a plain value, a list, or an empty mapping."""
    for key, value in values.items():
        here = (*path, str(key))
        if isinstance(value, Mapping) and value:
            yield from leaves(value, here)
        else:
            yield here, value


def overlaps(written: Mapping[str, Any], computed: Mapping[str, Any], *, file: str, module: str) -> Iterator[Problem]:
    """Paths that both the YAML file and the module set: one thing stands in one place."""
    theirs = {path for path, _ in leaves(computed)}
    above = {path[:length] for path in theirs for length in range(len(path))}
    for path, _ in leaves(written):
        if path in above or any(path[:length] in theirs for length in range(1, len(path) + 1)):
            yield Problem(
                file=file,
                path=".".join(path),
                message=f"must be set in one place, got a computed value in {module} too",
            )


def compose(written: Mapping[str, Any], computed: Mapping[str, Any], override: Mapping[str, Any]) -> Composed:
    """The union of what is written and computed (which must not overlap), under the region's override."""
    return Composed(
        values=merged(merged(written, computed), override),
        overrides=tuple(dotted(path) for path, _ in leaves(override)),
    )


def nested(paths: Mapping[str, object]) -> dict[str, Any]:
    """`{"a.b": 1, "a.c": 2}` as `{"a": {"b": 1, "c": 2}}`."""
    values: dict[str, Any] = {}
    for path, value in paths.items():
        *parents, last = path.split(".")
        here = values
        for parent in parents:
            here = here.setdefault(parent, {})
        here[last] = value
    return values
