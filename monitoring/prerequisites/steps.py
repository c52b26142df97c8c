"""All prerequisites of a region, in the order in which they can be made."""

from __future__ import annotations

import re
from collections.abc import Iterator

from monitoring.errors import InvalidInput, Problem
from monitoring.fleet import Fleet
from monitoring.fleet.model import Region
from monitoring.prerequisites import cluster, github, network, rights, sign_in, subscription, vault
from monitoring.prerequisites.step import Step


def steps(region: Region, fleet: Fleet, *, repository: str) -> tuple[Step, ...]:
    """Each once, behind what it needs."""
    found = {step.name: step for step in _steps(region, fleet, repository)}
    return tuple(found.values())


def _steps(region: Region, fleet: Fleet, repository: str) -> Iterator[Step]:
    yield from subscription.steps(region)
    yield from network.steps(region, fleet)
    yield from cluster.steps(region)
    yield from vault.steps(region)
    yield from sign_in.steps(region)
    yield from github.steps(region, repository)
    yield from rights.steps(region, repository)


def step_of(name: str, found: tuple[Step, ...]) -> tuple[Step, ...]:
    """The step of that name, last, behind those that it needs; `InvalidInput` where there is none."""
    by_name = {step.name: step for step in found}
    if name not in by_name:
        raise InvalidInput([Problem(file="step", message=f"must be one of those of --all, got {name}")])
    wanted = {name}
    for step in reversed(found):
        if step.name in wanted:
            wanted.update(step.needs)
    return tuple(step for step in found if step.name in wanted)


def repository_of(region: Region) -> str | None:
    """The repository on GitHub, `owner/name`, of which `runbooks` is a page; None where it is elsewhere."""
    match = re.match(r"https://github\.com/([^/]+/[^/]+)/", region.runbooks)
    return match[1] if match else None
