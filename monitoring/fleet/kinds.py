"""What must hold of every value of a kind, wherever it stands: in a region's file, or in a release's final values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from monitoring.fleet.quantities import Cpu, Size
from monitoring.fleet.yaml_file import ValuePath

REPLICAS = frozenset({"replicas", "replicaCount", "minReplicas", "shards"})
"""Keys that say how many pods there are."""

QUANTITIES: Mapping[str, type[Cpu | Size]] = {"cpu": Cpu, "memory": Size}


def kind_faults(value: object, path: ValuePath = ()) -> Iterator[tuple[ValuePath, str]]:
    """Every count of pods below 1, and every limit below its request, of what is not switched off."""
    if isinstance(value, list | tuple):
        for index, below in enumerate(value):
            yield from kind_faults(below, (*path, index))
    elif (fields := _fields(value)).get("enabled") is not False:
        for key, below in fields.items():
            if isinstance(below, str):  # most of what there is
                continue
            here = (*path, str(key))
            if key in REPLICAS and (below is None or (isinstance(below, int) and below < 1)):
                yield here, f"must be at least 1, got {'null' if below is None else below}"
            elif key == "resources":
                yield from _resources(_fields(below), here)
            yield from kind_faults(below, here)


def _fields(value: object) -> Mapping[str, Any]:
    """Of a mapping, or of a part of a region; empty for all else."""
    return value if isinstance(value, dict) else vars(value) if isinstance(value, BaseModel) else {}


def _resources(resources: Mapping[str, Any], path: ValuePath) -> Iterator[tuple[ValuePath, str]]:
    requests, limits = _fields(resources.get("requests")), _fields(resources.get("limits"))
    for name, kind in QUANTITIES.items():
        amounts: dict[str, Cpu | Size] = {}
        for part, given in (("requests", requests), ("limits", limits)):
            try:
                amounts |= {part: kind.of_kubernetes(given[name])} if name in given else {}
            except ValueError as fault:
                yield (*path, part, name), str(fault)
        if amounts.keys() == {"requests", "limits"} and amounts["limits"].amount < amounts["requests"].amount:
            yield (*path, "limits", name), f"must be at least requests.{name} {requests[name]}, got {limits[name]}"
