"""Checksums of Terraform's providers: one committed lock file per set of providers, copied beside each stack's JSON."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from monitoring.blueprint.components.names import STACK_FILE
from monitoring.blueprint.values.charts import ROOT
from monitoring.errors import Problem

LOCK = ".terraform.lock.hcl"
FOLDER = ROOT / "providers"


def committed_lock(stack: Path) -> Path | None:
    """Where the lock file of the stack's providers is committed, whether it is there or not.

    None for a stack that needs no provider. The name says the set: `azurerm+helm+kubernetes.lock.hcl`.
    """
    terraform = json.loads((stack / STACK_FILE).read_text(encoding="utf-8")).get("terraform", {})
    providers = "+".join(sorted(terraform.get("required_providers", {})))
    return FOLDER / f"{providers}.lock.hcl" if providers else None


def stacks_by_lock(outdir: Path) -> dict[Path, list[Path]]:
    """The committed file of each set of providers, with the stacks that need it."""
    found: dict[Path, list[Path]] = {}
    for file in sorted(outdir.glob(f"stacks/*/{STACK_FILE}")):
        if committed := committed_lock(file.parent):
            found.setdefault(committed, []).append(file.parent)
    return found


def copy_locks(outdir: Path) -> Iterator[Problem]:
    """Put its lock file beside every stack's JSON; yields the sets of providers that have none yet."""
    for committed, stacks in stacks_by_lock(outdir).items():
        if not committed.is_file():
            yield no_lock(committed)
            continue
        for stack in stacks:
            shutil.copyfile(committed, stack / LOCK)


def no_lock(committed: Path) -> Problem:
    """That nobody has recorded the checksums of a set of providers: a warning of synth, an error of a deploy."""
    message = "must hold the providers' checksums before a deploy (make lock-providers), got no such file"
    return Problem(file=f"{FOLDER.name}/{committed.name}", message=message)
