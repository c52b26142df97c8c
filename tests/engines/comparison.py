"""Two folders of synthesized stacks, and where they differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

Difference = tuple[str | None, str | None]
"""What one and the other say, as JSON or as a file's text; None where there is nothing."""


def differences(one: Path, other: Path) -> dict[str, Difference]:
    """By file and path of the value in it, or by file alone where it is no JSON. Keys have no order, lists have."""
    left, right = dict(_said(one)), dict(_said(other))
    return {
        place: (left.get(place), right.get(place))
        for place in sorted(left.keys() | right.keys())
        if left.get(place) != right.get(place)
    }


def _said(folder: Path) -> Iterator[tuple[str, str]]:
    for file in folder.rglob("*"):
        if file.is_file():
            name, text = file.relative_to(folder).as_posix(), file.read_text(encoding="utf-8")
            yield from _leaves(json.loads(text), f"{name}:") if file.suffix == ".json" else [(name, text)]


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Every value that holds no other, an empty mapping or list too."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}/{key}")
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}/{index}")
    else:
        yield path, json.dumps(value)
