"""This tree and a base, each as its JSON and what that means; and what Terraform plans, where plans are given."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from monitoring.blueprint.components.names import FLEET_STACK
from monitoring.blueprint.values.charts import ROOT
from monitoring.effective.facts import Collision, Facts, Kind, collected
from monitoring.effective.objects import object_facts
from monitoring.effective.repository import repository_facts, repository_files
from monitoring.effective.stacks import stack_facts
from monitoring.review.plan import Plan, UnreadablePlan, read_plan
from monitoring.review.trees import CannotCompare, Stacks, checked_out, python_of, render, synthesize


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """Whether, and with which charts, objects are rendered."""

    rendered: bool
    charts: Path | None


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two trees: its JSON and what that means, by stack."""

    stacks: Stacks
    facts: Mapping[str, Facts]


def both_sides(
    base: str, scratch: Path, *, wanted: Rendered, say: Callable[[str], object]
) -> tuple[Side, Side, list[str]]:
    """Head and base; an empty base and a note where it does not synthesize. A head that does not is an error."""
    say("this tree")
    try:
        head = _side(ROOT, sys.executable, scratch / "head-out", wanted=wanted)
    except CannotCompare as broken:
        raise CannotCompare(f"this tree {broken}") from broken
    say(base)
    try:
        tree = checked_out(base, into=scratch)
        return head, _side(tree, python_of(tree), scratch / "base-out", wanted=wanted), []
    except CannotCompare as broken:
        alone = [f"this tree alone, {name}: {_size(stack)}" for name, stack in head.stacks.items()]
        return head, Side(stacks={}, facts={}), [f"base {base} {broken}", *alone]


def _side(tree: Path, python: str, out: Path, *, wanted: Rendered) -> Side:
    stacks = synthesize(tree, python=python, outdir=out)
    try:
        facts = {name: dict(stack_facts(stack, schemas=tree / SCHEMAS)) for name, stack in stacks.items()}
        facts[REPOSITORY] = dict(repository_facts(repository_files(tree)))
        if wanted.rendered:
            for name in stacks.keys() - {FLEET_STACK}:
                folder = out / f"rendered-{name}"
                objects = render(tree, python=python, region=name, outdir=folder, charts=wanted.charts)
                found = (object_facts(one, kind=Kind.RENDERED) for one in objects)
                facts[name].update(collected(chain.from_iterable(found)))
    except Collision as twice:
        raise CannotCompare(f"says two things at one place: {twice}") from twice
    return Side(stacks=stacks, facts=facts)


SCHEMAS = Path("helm-values/schemas")
"""In each tree: the defaults of its charts."""

REPOSITORY = "repository"
"""Stands beside the stacks for what is no stack: workflows, lock files, runbooks."""


def _size(stack: Mapping[str, Any]) -> str:
    resources = stack.get("resource", {})
    releases = resources.get("helm_release", {})
    return f"{sum(map(len, resources.values()))} resources, releases {', '.join(r['name'] for r in releases.values())}"


def read_plans(given: Iterable[str], *, head: Stacks, base: Stacks) -> tuple[list[Plan], list[str]]:
    """The plans that are given as STACK=FILE, and what could not be read, in sentences."""
    read: list[Plan] = []
    notes: list[str] = []
    for text in given:
        stack, _, file = text.partition("=")
        if stack not in {*head, *base} or not file:
            notes.append(f"--plan must be STACK=FILE with a stack of {', '.join(head)}, got {text!r}")
            continue
        known = frozenset(address for tree in (head, base) if stack in tree for address in _addresses(tree, stack))
        try:
            plan = read_plan(Path(file).read_bytes(), stack=stack, addresses=known)
        except (OSError, UnreadablePlan) as fault:
            notes.append(f"plan of {stack}: {fault}")
            continue
        read.append(plan)
        notes += [f"plan of {stack}, in part: {one}" for one in plan.left_out]
    return read, notes


def _addresses(tree: Stacks, stack: str) -> Iterable[str]:
    for type_, named in tree[stack].get("resource", {}).items():
        yield from (f"{type_}.{name}" for name in named)
