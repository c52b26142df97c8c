"""What a chart runs with where nothing is set: the defaults in its schema, under the values as Helm puts them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from monitoring.blueprint.values.structures import SCHEMAS


@cache
def defaults(chart: str, schemas: Path = SCHEMAS) -> Mapping[str, Any]:
    """The chart's default values, from its schema in a folder of schemas; empty where none says any."""
    file = schemas / f"{chart}.json"
    return _below(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}


def _below(node: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, below in node.get("properties", {}).items():
        if "default" in below:
            found[key] = below["default"]
        elif inner := _below(below):
            found[key] = inner
    return found


def effective(values: object, under: object) -> Any:
    """`values` over the defaults: mappings merge, null takes a default away, all else replaces (Helm, CoalesceValues).

    What is null is not there, as templates see it.
    """
    if not isinstance(values, Mapping):
        return values
    below = under if isinstance(under, Mapping) else {}
    merged = {
        key: effective(values[key], below.get(key)) if key in values else effective(below[key], None)
        for key in {**below, **values}
    }
    return {key: value for key, value in merged.items() if value is not None}
