"""Edits of a region's stack in memory: a part is copied, changed, and compared with what it was."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cdktf

from constructs.region_stack import RegionStack
from monitoring.blueprint.releases import releases
from monitoring.effective.facts import Facts, collected
from monitoring.effective.stack_folder import read_stack
from monitoring.effective.stacks import Part, part_facts, parts
from monitoring.review.changes import between
from monitoring.review.report import Review
from monitoring.review.risks import judged
from monitoring.synthesis.release_values import values_files, write_values
from tests.constructs.synthesized import fleet

REGION = "trial-alpha"
Place = tuple[str | int, ...]
GONE = object()
"""Stands for an attribute that is taken away."""


@cache
def region_parts() -> tuple[Part, ...]:
    """The parts of a region of the fixture fleet, synthesized once; tests only read them."""
    return tuple(parts(written(REGION)))


@cache
def written(name: str) -> Mapping[str, Any]:
    """The stack of a fixture region as `App.synth` writes it: with the paths in the construct tree."""
    region = fleet().region(name)
    with TemporaryDirectory() as outdir:
        app = cdktf.App(outdir=outdir)
        made = releases(region, fleet().peers_of(region))
        RegionStack(app, region=region, releases=made, local_state=False)
        app.synth()
        folder = Path(outdir) / "stacks" / name
        write_values(values_files(folder, made))
        return read_stack(folder)


def part(subject: str, name: str = "", section: str = "") -> Part:
    """The one part of a subject whose name begins so."""
    found = [
        one
        for one in region_parts()
        if one.subject == subject and one.name.startswith(name) and section in {"", one.section}
    ]
    assert found, f"there is no {subject} {name}"
    return min(found, key=lambda one: len(one.name))


def facts_of(*these: Part) -> Facts:
    """What parts say."""
    return collected(fact for one in these for fact in part_facts(one))


def review_of(before: Mapping[str, Facts], after: Mapping[str, Facts]) -> Review:
    """The review of two trees of facts."""
    changes = between(before, after)
    verdict = judged(changes)
    stacks = tuple(sorted({*before, *after}))
    return Review(stacks=stacks, changes=tuple(changes), risks=verdict.risks, harmless=verdict.harmless)


def edit(one: Part, path: Place, value: object) -> Review:
    """The review of one value that is set, or taken away, in a part; of the whole part without a path."""
    after = () if not path and value is GONE else (with_edit(one, path, value),)
    return review_of({REGION: facts_of(one)}, {REGION: facts_of(*after)})


def with_edit(one: Part, path: Place, value: object) -> Part:
    """A copy of the part, in which the value at the path is another; behind the end of a list it is one more."""
    if not path:
        return replace(one, body=value)
    body = copy.deepcopy(one.body)
    here = body
    for key in path[:-1]:
        here = here.setdefault(key, {}) if isinstance(here, dict) else here[key]
    last: Any = path[-1]
    if value is GONE:
        del here[last]
    elif isinstance(here, list) and last >= len(here):
        here.append(value)
    else:
        here[last] = value
    return replace(one, body=body)


def leaves(value: object, path: Place = ()) -> Iterator[Place]:
    """The path of every plain value, empty mapping and empty list."""
    below: Sequence[tuple[str | int, object]] = ()
    if isinstance(value, Mapping):
        below = list(value.items())
    elif isinstance(value, list):
        below = list(enumerate(value))
    if not below:
        yield path
    for key, inner in below:
        yield from leaves(inner, (*path, key))


def at_path(value: Any, path: Place) -> Any:
    """What stands there."""
    for key in path:
        value = value[key]
    return value


def other(value: object) -> object:
    """Something else of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value * 2 + 1
    if isinstance(value, str) and value.startswith('{"'):  # a dashboard
        return f'{{"another": 1, {value[1:]}'
    return f"{value}x" if isinstance(value, str) else "x"
