"""Terraform, run in a stack's folder."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from monitoring.blueprint.components.names import STACK_FILE
from monitoring.deploy import saved_plan
from monitoring.errors import CannotHave, InvalidInput, Problem
from monitoring.review.plan import redacted
from monitoring.synthesis.provider_locks import LOCK, committed_lock

PLATFORMS = ("linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64")
"""Where Terraform is run: runners and people's machines."""
_CHANGES = 2
"""Exit code of `terraform plan -detailed-exitcode` where something is to be done."""


class TerraformFailed(Exception):  # noqa: N818  (Terraform has said on standard error what is wrong)
    """Terraform ended with an error; `code` is its exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"terraform ended with exit code {code}")
        self.code = code


def stack_folder(outdir: Path, name: str) -> Path:
    """Folder of a synthesized stack; `InvalidInput` names those that exist."""
    folder = outdir / "stacks" / name
    if not name or not (folder / STACK_FILE).is_file():
        known = ", ".join(file.parent.name for file in sorted(outdir.glob(f"stacks/*/{STACK_FILE}")))
        raise InvalidInput([Problem(file="STACK", message=f"must be one of {known}, got {name}")])
    return folder


def make_plan(stack: Path) -> bool:
    """Plan, show what would be done, and keep exactly that; True where something changes."""
    saved_plan.forget(stack)
    _init(stack)
    line = ("plan", "-input=false", "-lock-timeout=10m", "-detailed-exitcode", f"-out={saved_plan.PLAN}")
    changes = _run(stack, *line, well=(0, _CHANGES)).returncode == _CHANGES
    shown = _run(stack, "show", "-json", saved_plan.PLAN, captured=True).stdout
    (stack / saved_plan.REDACTED).write_text(json.dumps(redacted(shown)), encoding="utf-8")
    saved_plan.keep(stack, changes=changes)
    return changes


def apply_plan(stack: Path) -> None:
    """Apply the saved plan, once; Terraform refuses it where the state has changed since."""
    saved_plan.refuse_other_plans(stack)
    _init(stack)
    _run(stack, "apply", "-input=false", "-lock-timeout=10m", saved_plan.PLAN)
    saved_plan.forget(stack)


def lock_providers(stack: Path, *, mirror: Path | None) -> Path:
    """The lock file of the stack's providers made anew, for every platform: from their registry, or from `mirror`."""
    lock = stack / LOCK
    lock.unlink(missing_ok=True)
    source = [f"-fs-mirror={mirror.resolve()}"] if mirror else []
    _run(stack, "providers", "lock", *(f"-platform={platform}" for platform in PLATFORMS), *source)
    return lock


def _init(stack: Path) -> None:
    committed = committed_lock(stack)
    fixed = ["-lockfile=readonly"] if committed and committed.is_file() else []
    _run(stack, "init", "-input=false", *fixed)


def _run(
    stack: Path, *line: str, well: tuple[int, ...] = (0,), captured: bool = False
) -> subprocess.CompletedProcess[bytes]:
    terraform = shutil.which("terraform")
    if terraform is None:
        raise CannotHave("terraform is not on PATH (1.11 or newer, https://developer.hashicorp.com/terraform/install)")
    done = subprocess.run(  # noqa: S603  (no shell, names of ours)
        [terraform, f"-chdir={stack}", *line],
        stdout=subprocess.PIPE if captured else None,
        check=False,
        umask=0o077,  # a plan may hold what is sensitive
    )
    if done.returncode not in well:
        raise TerraformFailed(done.returncode)
    return done
