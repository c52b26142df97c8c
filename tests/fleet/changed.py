"""A correct region of the fixture fleet with some values changed, read as a file would be."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from monitoring.fleet import Region
from monitoring.fleet.yaml_file import merged

REGIONS = Path(__file__).parent / "regions"


def changed(over: Mapping[str, Any], *, of: str = "trial-gamma", name: str = "") -> Region:
    """The region `of`, under another name where one is given, with `over` over it.

    `ValidationError` where a field itself is wrong.
    """
    return Region.model_validate({**merged(_read(of), over), "name": name or of})


@cache
def _read(name: str) -> dict[str, Any]:
    files = (REGIONS / "_common.yaml", REGIONS / f"{name}.yaml")
    common, own = (yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader) for file in files)
    return merged(common, own)


def at(path: str, value: object) -> dict[str, Any]:
    """`a.b` and a value, as the mappings of a file."""
    for key in reversed(path.split(".")):
        value = {key: value}
    assert isinstance(value, dict)
    return value
