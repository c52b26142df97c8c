"""What GitHub's settings must hold for the workflows, read from the workflows."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from monitoring.blueprint.values.charts import ROOT

WORKFLOWS = ROOT / ".github" / "workflows"
PER_STACK = "${{ matrix.stack }}"


@dataclass(frozen=True, kw_only=True)
class Environment:
    """An environment of GitHub: the variable that names its identity at Azure, and its secrets.

    `applies`: it is one of those that change a stack, so somebody approves each run.
    """

    name: str
    client_id: str
    secrets: tuple[str, ...]
    applies: bool


@cache
def _jobs() -> tuple[dict[str, Any], ...]:
    files = sorted(Path(WORKFLOWS).glob("*.yml"))
    return tuple(job for file in files for job in yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"].values())


def environments(*stacks: str) -> tuple[Environment, ...]:
    """Those that the workflows name; of one per stack, those of the stacks."""
    secrets: dict[str, set[str]] = defaultdict(set)
    clients: dict[str, str] = {}
    for job in _jobs():
        if name := job.get("environment"):
            secrets[name] |= set(_named("secrets", job))
            clients[name] = next(_named("vars", job["env"]["ARM_CLIENT_ID"]))
    return tuple(
        Environment(
            name=template.replace(PER_STACK, stack),
            client_id=clients[template],
            secrets=tuple(sorted(names)),
            applies=PER_STACK in template,
        )
        for template, names in sorted(secrets.items(), reverse=True)  # `plan` first: nothing is applied without
        for stack in (stacks if PER_STACK in template else ("",))
    )


def variables() -> tuple[str, ...]:
    """Names of the repository's variables, sorted."""
    return tuple(sorted({name for job in _jobs() for name in _named("vars", job)}))


def _named(kind: str, part: Any) -> Iterator[str]:
    return (match[1] for match in re.finditer(rf"\b{kind}\.(\w+)", json.dumps(part)))
