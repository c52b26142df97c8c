"""What differs between two trees of facts, told once for all stacks in which it is the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from monitoring.effective.facts import ORDER, FactKey, Facts, Kind, Value
from monitoring.effective.safe_values import unsafe
from monitoring.effective.same import same


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
    """One place that differs: in which stacks, from what, to what (`MISSING` where it is not there).

    `held_back`: Terraform will not make it, as `lifecycle.ignore_changes` says.
    """

    key: FactKey
    before: Value | _Missing
    after: Value | _Missing
    stacks: tuple[str, ...]
    held_back: bool = False

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
    """Every change of a stack. What comes or goes as a whole is one change, without its parts but the unsafe ones."""
    wholes = {(place.kind, place.subject) for place in before.keys() ^ after.keys() if not place.path}
    for place in sorted(before.keys() | after.keys()):
        old, new = before.get(place, MISSING), after.get(place, MISSING)
        if same(place.path, old, new):
            continue
        if place.path and (place.kind, place.subject) in wholes and not (old is MISSING and unsafe(place, new)):
            continue
        if place.path.endswith(ORDER) and not _is_reordered(old, new):
            continue
        if place.path and {old, new} & {"{}", "[]"} and MISSING in (old, new) and _has_below(place, before, after):
            continue
        yield Change(key=place, before=old, after=new, stacks=(stack,), held_back=_held_back(place, before, after))


def _has_below(place: FactKey, *sides: Facts) -> bool:
    """Whether a mapping or list that is empty on one side has something in it on the other: that has its own lines."""
    inner = (f"{place.path}.", f"{place.path}[")
    return any(
        key.path.startswith(inner)
        for side in sides
        for key in side
        if (key.kind, key.subject) == (place.kind, place.subject)
    )


def _is_reordered(old: object, new: object) -> bool:
    """The same elements in another order; where elements come or go, their own changes say so."""
    return isinstance(old, tuple) and isinstance(new, tuple) and sorted(old) == sorted(new)


def _held_back(place: FactKey, before: Facts, after: Facts) -> bool:
    """Whether Terraform leaves the attribute as it is, by `lifecycle.ignore_changes` of both sides."""
    if place.kind is not Kind.RESOURCE or not place.path or place.path.startswith("lifecycle."):
        return False
    parts = re.split(r"(?=[.\[])", place.path)
    above = ["".join(parts[:length]) for length in range(1, len(parts) + 1)]
    listed = [replace(place, path=f"lifecycle.ignore_changes[{attribute}]") for attribute in (*above, "all")]
    return any(one in before and one in after for one in listed)


def between(before: Mapping[str, Facts], after: Mapping[str, Facts]) -> list[Change]:
    """All changes of all stacks, those that several stacks share told once; sorted by kind, subject and path."""
    found: list[Change] = []
    anew = dict(_made_anew(before, after))
    for old, new in anew.items():
        place = FactKey(kind=Kind.STACK, subject=old)
        found.append(Change(key=place, before=old, after=new, stacks=(new,)))
    for stack in sorted((before.keys() | after.keys()) - anew.keys() - set(anew.values())):
        if stack in before and stack in after:
            found += _of_stack(before[stack], after[stack], stack=stack)
        else:
            there: Value = True
            old_value, new_value = (there, MISSING) if stack in before else (MISSING, there)
            place = FactKey(kind=Kind.STACK, subject=stack)
            found.append(Change(key=place, before=old_value, after=new_value, stacks=(stack,)))
    return shared(found)


def _made_anew(before: Mapping[str, Facts], after: Mapping[str, Facts]) -> Iterator[tuple[str, str]]:
    """Stacks that have gone, each with a new one of the same cluster: renamed, as a person would say."""
    for old in sorted(before.keys() - after.keys()):
        cluster = _cluster(before[old])
        for new in sorted(after.keys() - before.keys()):
            if cluster and _cluster(after[new]) == cluster:
                yield old, new


def _cluster(facts: Facts) -> list[tuple[str, object]]:
    """The cluster that a stack reads."""
    return sorted(
        (place.path, value)
        for place, value in facts.items()
        if place.subject.startswith("data azurerm_kubernetes_cluster ")
        and place.path in {"name", "resource_group_name"}
    )


def _of_stack(before: Facts, after: Facts, *, stack: str) -> Iterator[Change]:
    """The changes of a stack; a namespace that has another name is one change, without all that names it."""
    old, new = _namespaces(before) - _namespaces(after), _namespaces(after) - _namespaces(before)
    if len(old) != 1 or len(new) != 1:
        yield from differences(before, after, stack=stack)
        return
    (was,), (becomes,) = old, new
    place = FactKey(kind=Kind.NAMESPACE, subject=was)
    yield Change(key=place, before=was, after=becomes, stacks=(stack,))
    name = re.compile(rf"(?<![A-Za-z0-9-]){re.escape(was)}(?![A-Za-z0-9-])")
    # only places that are gone are renamed, to places that were not there: the name may be a word elsewhere
    moved = {key: _renamed(key, name, becomes) for key in before.keys() - after.keys()}
    renamed = {(moved[key] if moved.get(key, key) not in before else key): value for key, value in before.items()}
    for change in differences(renamed, after, stack=stack):
        if not same(change.key.path, _replaced(change.before, name, becomes), _replaced(change.after, name, becomes)):
            yield change


def _namespaces(facts: Facts) -> set[str]:
    return {
        str(value)
        for place, value in facts.items()
        if place.path == "metadata.name" and place.subject.startswith("kubernetes_namespace_v1 ")
    }


def _renamed(place: FactKey, name: re.Pattern[str], becomes: str) -> FactKey:
    return replace(place, subject=name.sub(becomes, place.subject), path=name.sub(becomes, place.path))


def _replaced(value: object, name: re.Pattern[str], becomes: str) -> object:
    if isinstance(value, tuple):
        return tuple(name.sub(becomes, text) for text in value)
    return name.sub(becomes, value) if isinstance(value, str) else value


def shared(changes: Iterable[Change]) -> list[Change]:
    """Changes that say the same, but for the name of their stack, as one change with all those stacks."""
    groups: dict[tuple[object, ...], list[Change]] = {}
    for change in changes:
        (stack,) = change.stacks
        said = (_without(change.key.subject, stack), _without(change.key.path, stack))
        values = (_without(change.before, stack), _without(change.after, stack))
        groups.setdefault((change.key.kind, change.held_back, *said, *map(repr, values)), []).append(change)
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
