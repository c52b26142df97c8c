"""The flags of rendered containers: the chart's own and ours end up in one list, where one given twice is fatal.

Thanos (kingpin) does not start with `flag 'log.level' cannot be repeated`; Helm renders it without a word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from monitoring.blueprint.values.manifests import Manifest, pod_spec, title

REPEATABLE = frozenset(
    {
        "--deduplication.replica-label",
        "--endpoint",
        "--label",
        "--query.replica-label",
        "--trusted-proxy-ip",
    }
)
"""Flags that are lists."""


def names(arguments: Iterable[object]) -> list[str]:
    """`--a=1`, `--b` as `--a`, `--b`; what is no flag is left out."""
    return [text.partition("=")[0] for text in map(str, arguments) if text.startswith("--")]


def of_workloads(manifests: Iterable[Manifest]) -> dict[str, list[str]]:
    """The flags of every container of every workload: `Deployment/thanos-query/query`."""
    found = {
        f"{title(manifest)}/{container['name']}": names(container["args"])
        for manifest in manifests
        for container in _containers(manifest)
        if container.get("args")
    }
    return dict(sorted(found.items()))


def repeated(flags: Iterable[str]) -> list[str]:
    """Flags that are given more than once although they are no lists."""
    return sorted(flag for flag, count in Counter(flags).items() if count > 1 and flag not in REPEATABLE)


def faults(manifest: Manifest) -> Iterator[str]:
    """What is wrong with the flags of an object's pods."""
    for place, flags in of_workloads([manifest]).items():
        for flag in repeated(flags):
            yield f"{place.rpartition('/')[2]}: {flag} must be given once"


def _containers(manifest: Manifest) -> Iterator[Mapping[str, Any]]:
    pod = pod_spec(manifest)
    for key in ("initContainers", "containers"):
        yield from (pod.spec.get(key) or ()) if pod else ()
