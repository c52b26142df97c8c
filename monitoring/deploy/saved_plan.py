"""The plan that is kept beside a stack's JSON, and the record that says of what it is the plan."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from monitoring.errors import InvalidInput, Problem

PLAN = "plan.tfplan"
"""Terraform's own file. It may hold what is sensitive: mode 0600, nowhere but here and sealed."""
RECORD = "plan.record.json"
REDACTED = "plan.json"
_NOT_GIVEN = (".terraform", "plan.", "terraform.tfstate", "errored.tfstate")
"""How names begin of what Terraform writes beside the JSON; all else is what it was given. That the lock file and
the state are those of the plan is looked at by Terraform itself."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a saved plan belongs to. `plan` and `given` are sha256: of the plan, and of all that Terraform read."""

    stack: str
    plan: str
    given: str
    changes: bool


def digest_of_given(stack: Path) -> str:
    """The sha256 of the stack's JSON and of what lies beside it: charts, values."""
    digest = hashlib.sha256()
    for file in sorted(path for path in stack.rglob("*") if path.is_file()):
        name = file.relative_to(stack).as_posix()
        if not name.startswith(_NOT_GIVEN):
            digest.update(f"{name}\0{_sha256(file)}\n".encode())
    return digest.hexdigest()


def keep(stack: Path, *, changes: bool) -> None:
    """Write the record of the plan that Terraform has just made of `stack`."""
    record = Record(stack=stack.name, plan=_sha256(stack / PLAN), given=digest_of_given(stack), changes=changes)
    (stack / RECORD).write_text(json.dumps(asdict(record)) + "\n", encoding="utf-8")


def forget(stack: Path) -> None:
    """Remove plan and record, where there are any: no plan is applied twice, and none survives a failed one."""
    for name in (PLAN, RECORD, REDACTED):
        (stack / name).unlink(missing_ok=True)


def refuse_other_plans(stack: Path) -> None:
    """`InvalidInput` unless the saved plan is there, of this stack, and of what is synthesized now."""
    again = f"make plan STACK={stack.name}"
    if not (stack / PLAN).is_file() or not (stack / RECORD).is_file():
        raise _refused(stack, f"must have been made and read before ({again}), got none")
    try:
        record = Record(**json.loads((stack / RECORD).read_text(encoding="utf-8")))
    except (ValueError, TypeError) as odd:
        raise _refused(stack, f"must have its record in {RECORD} ({again}), got {odd}") from odd
    if record.stack != stack.name:
        raise _refused(stack, f"must be a plan of {stack.name} ({again}), got one of {record.stack}")
    if record.plan != _sha256(stack / PLAN):
        raise _refused(stack, f"must be the plan that {RECORD} tells of ({again}), got another")
    if record.given != digest_of_given(stack):
        raise _refused(stack, f"must be of what is synthesized now ({again}), got a stale one: the stack has changed")


def _refused(stack: Path, message: str) -> InvalidInput:
    return InvalidInput([Problem(file=f"{stack.name}/{PLAN}", message=message)])


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
