"""Removes stacks of earlier syntheses, which cdktf never deletes."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

from monitoring.blueprint.components.names import STACK_FILE


def remove_stale_stacks(outdir: Path, *, keep: Collection[str]) -> None:
    """Remove the stacks that are not in `keep`, of regions that are gone; a local state among them stays."""
    for file in sorted(outdir.glob(f"stacks/*/{STACK_FILE}")):
        folder = file.parent
        if folder.name in keep:
            continue
        if any(folder.glob("*.tfstate*")):
            file.unlink()
        else:
            shutil.rmtree(folder)
