"""A summary table of the synthesized Terraform JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from monitoring.blueprint.components.names import STACK_FILE
from monitoring.blueprint.releases.release import Release
from monitoring.errors import Problem

KINDS: Mapping[str, tuple[str, ...]] = {
    "node pools": ("azurerm_kubernetes_cluster_node_pool",),
    "storage": ("azurerm_storage_account", "azurerm_storage_container"),
    "disks": ("azurerm_managed_disk",),
    "volumes, claims": ("kubernetes_persistent_volume_v1", "kubernetes_persistent_volume_claim_v1"),
    "identities": ("azurerm_user_assigned_identity",),
    "releases": ("helm_release",),
}
"""Columns of the table, each with the resource types that it counts; all others are counted together."""


@dataclass(frozen=True, kw_only=True)
class StackSummary:
    """One stack: how many resources of each kind."""

    name: str
    kinds: Mapping[str, int]
    others: int


def read_stacks(outdir: Path) -> list[StackSummary]:
    """Every stack below `<outdir>/stacks`, by name."""
    return [
        _stack(file.parent.name, json.loads(file.read_text(encoding="utf-8")).get("resource", {}))
        for file in sorted(outdir.glob(f"stacks/*/{STACK_FILE}"))
    ]


def _stack(name: str, resources: Mapping[str, Mapping[str, object]]) -> StackSummary:
    counts = Counter({kind: len(named) for kind, named in resources.items()})
    kinds = {column: sum(counts.pop(kind, 0) for kind in types) for column, types in KINDS.items()}
    return StackSummary(name=name, kinds=kinds, others=counts.total())


def print_summary(
    stacks: Iterable[StackSummary],
    *,
    releases: Mapping[str, Sequence[Release]],
    digests: Mapping[str, str | None],
    warnings: Sequence[Problem],
    console: Console,
    notes: Sequence[str] = (),
) -> None:
    """Table of stacks; then chart versions, notes, what regions override, and what must be filled in.

    `digests` are of images, None while not recorded.
    """
    table = Table("stack", *KINDS, "others", "overrides", box=box.SIMPLE)
    for stack in stacks:
        overridden = [
            f"{release.name}: {change}" for release in releases.get(stack.name, ()) for change in release.overrides
        ]
        table.add_row(
            stack.name,
            *(str(count or "") for count in stack.kinds.values()),
            str(stack.others),
            escape("\n".join(overridden)),
        )
    console.print(table)
    charts = sorted({release.chart for region in releases.values() for release in region}, key=lambda chart: chart.name)
    console.print("charts: " + ", ".join(f"{chart.name} {chart.version}" for chart in charts))
    for note in notes:
        console.print(note, soft_wrap=True)
    missing = [chart.name for chart in charts if chart.digest is None and not chart.folder]
    if images := sum(digest is None for digest in digests.values()):
        missing.append(f"{images} of {len(digests)} images")
    if undigested := ", ".join(missing):
        _warn(console, f"helm-values/versions.yaml: digest must be recorded, got null: {undigested}")
    for (file, message), paths in _grouped(warnings).items():
        _warn(console, ": ".join(filter(None, (file, message, ", ".join(paths)))))


def _warn(console: Console, text: str) -> None:
    console.print(escape(f"warning: {text}"), soft_wrap=True)


def _grouped(warnings: Sequence[Problem]) -> dict[tuple[str, str], list[str]]:
    """Warnings that differ in their path alone, as one: `path (line)`."""
    groups: dict[tuple[str, str], list[str]] = {}
    for warning in warnings:
        groups.setdefault((warning.file, warning.message), []).append(
            f"{warning.path} ({warning.line})" if warning.path else ""
        )
    return groups
