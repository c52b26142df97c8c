"""A fleet of any size, made of copies of one region: for measuring how synthesis grows."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from monitoring.fleet.loader import COMMON, load_fleet
from monitoring.fleet.yaml_file import merged

LARGEST = 200
"""Every region gets a second octet of its own in 10.0.0.0/8."""


def _readdressed(value: Any, number: int) -> Any:
    """The value with every address 10.x.y.z moved to 10.<number>.y.z."""
    if isinstance(value, Mapping):
        return {key: _readdressed(item, number) for key, item in value.items()}
    if isinstance(value, list):
        return [_readdressed(item, number) for item in value]
    return re.sub(r"^10\.\d+\.", f"10.{number}.", value) if isinstance(value, str) else value


def another_region(region: Mapping[str, Any], number: int) -> dict[str, Any]:
    """A region's file under names and addresses of its own; number 1, the first of a fleet, holds the global view."""
    own = {
        "network": {"virtual_network_id": f"{region['network']['virtual_network_id']}-{number}"},
        "global_view": number == 1,
        "resource_group": f"rg-bench-{number}",
        "cluster": {"name": f"aks-bench-{number}"},
        "key_vault": {"name": f"kv-bench-{number}"},
        "object_store": {"account": f"stbench{number}"},
        "access": {"host": f"prometheus-bench-{number}.oversight.com"},
    }
    return merged(_readdressed(region, number), own)


def write_fleet(folder: Path, *, size: int, regions: Path) -> Path:
    """Fill `folder` with `size` regions like the first one in `regions`; returns the folder."""
    if not 1 <= size <= LARGEST:
        raise ValueError(f"size must be 1 to {LARGEST}, got {size}")
    model = load_fleet(regions).files[0].own.data
    folder.mkdir()
    shutil.copy(regions / COMMON, folder)
    for number in range(1, size + 1):
        text = yaml.safe_dump(another_region(model, number), sort_keys=False)
        (folder / f"bench-{number:03}.yaml").write_text(text, encoding="utf-8")
    return folder
