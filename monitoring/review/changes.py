"""What differs between two trees of facts, told once for all stacks in which it is the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from monitoring.review.facts import ORDER, FactKey, Facts, Kind, Scalar

Value = Scalar | tuple[str, ...]


class Action(StrEnum):
    """What happens to a place."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class _Missing:
    """Stands for "is not there", which None does not: it is a value."""

    def __repr__(self) -> str:
        return "nothing"


MISSING = _Missing()


@dataclass(frozen=True, kw_only=True)
class Change:
    """One place that differs: in which stacks, from what, to what (`MISSING` where it is not there)."""

    key: FactKey
    before: Value | _Missing
    after: Value | _Missing
    stacks: tuple[str, ...]

    @property
    def action(self) -> Action:
        """Added, removed or changed."""
        if self.before is MISSING:
            return Action.ADDED
        return Action.REMOVED if self.after is MISSING else Action.CHANGED

    @property
    def whole(self) -> bool:
        """Whether the thing itself comes or goes, not a part of it."""
        return not self.key.path and self.action is not Action.CHANGED

    def inverted(self) -> Change:
        """The same change backwards."""
        return replace(self, before=self.after, after=self.before)


def differences(before: Facts, after: Facts, *, stack: str) -> Iterator[Change]:
    """Every change of a stack. What comes or goes as a whole is one change, without its parts."""
    wholes = {(place.kind, place.subject) for place in before.keys() ^ after.keys() if not place.path}
    for place in sorted(before.keys() | after.keys()):
        old, new = before.get(place, MISSING), after.get(place, MISSING)
        if old == new and type(old) is type(new):
            continue
        if place.path and (place.kind, place.subject) in wholes:
            continue
        if place.path.endswith(ORDER) and not _is_reordered(old, new):
            continue
        yield Change(key=place, before=old, after=new, stacks=(stack,))


def _is_reordered(old: object, new: object) -> bool:
    """The same elements in another order; where elements come or go, their own changes say so."""
    return isinstance(old, tuple) and isinstance(new, tuple) and sorted(old) == sorted(new)


def between(before: Mapping[str, Facts], after: Mapping[str, Facts]) -> list[Change]:
    """All changes of all stacks, those that several stacks share told once; sorted by kind, subject and path."""
    found: list[Change] = []
    for stack in sorted(before.keys() | after.keys()):
        if stack in before and stack in after:
            found += differences(before[stack], after[stack], stack=stack)
        else:
            whole = FactKey(kind=Kind.SETTING, subject=f"stack {stack}")
            there: Value = True
            old, new = (there, MISSING) if stack in before else (MISSING, there)
            found.append(Change(key=whole, before=old, after=new, stacks=(stack,)))
    return shared(found)


def shared(changes: Iterable[Change]) -> list[Change]:
    """Changes that say the same, but for the name of their stack, as one change with all those stacks."""
    groups: dict[tuple[object, ...], list[Change]] = {}
    for change in changes:
        (stack,) = change.stacks
        said = (_without(change.key.subject, stack), _without(change.key.path, stack))
        values = (_without(change.before, stack), _without(change.after, stack))
        groups.setdefault((change.key.kind, *said, *map(repr, values)), []).append(change)
    order = {kind: number for number, kind in enumerate(Kind)}
    merged = [
        replace(group[0], stacks=tuple(sorted({stack for one in group for stack in one.stacks})))
        for group in groups.values()
    ]
    return sorted(merged, key=lambda one: (order[one.key.kind], one.key, one.stacks))


def _without(value: object, stack: str) -> object:
    """A text with the stack's name, or its last part as in addresses and locations, taken out."""
    if not isinstance(value, str):
        return value
    short = stack.rpartition("-")[2]
    return re.sub(rf"{re.escape(stack)}|\b{re.escape(short)}\b", "<region>", value)


_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")


def jump(change: Change) -> str | None:
    """`major`, `minor` or `patch` where a version changes to another; None where it is none."""
    old, new = (_VERSION.fullmatch(str(value)) for value in (change.before, change.after))
    if old is None or new is None or not re.search(r"version|tag", change.key.path):
        return None
    for name, one, other in zip(("major", "minor", "patch"), old.groups(), new.groups(), strict=True):
        if one != other:
            return name
    return None
