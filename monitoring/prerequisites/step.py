"""A prerequisite as a row: the command that looks, what its answer must say, and the command that makes it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from monitoring.errors import shown


class State(StrEnum):
    """What is known of a prerequisite. What could not be asked is unknown, never there."""

    THERE = "there"
    DIFFERS = "differs"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Condition:
    """What a value must be where it need not be equal to another; `says` completes "must be …"."""

    says: str
    holds: Callable[[Any], bool] = field(compare=False)


PRESENT = Condition("given", bool)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What an answer must say.

    `among` is the path of a list in which there must be an element that `item` describes ("": the answer is the list);
    None: the answer itself is meant. `fields` are values by path, below the element. A text is compared without
    regard to case, as Azure does with ids.
    """

    among: str | None = None
    item: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Known:
    """A value that only Azure, the cluster or GitHub knows: where in which answer it is, and a shell's text for it."""

    name: str
    look: Look
    wanted: Wanted = Wanted()
    path: str
    text: str


Look = tuple[str | Known, ...]
"""A command that only reads."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A prerequisite. `make` and `mend` are for a POSIX shell with arrays (bash); neither holds a secret.

    `make` makes it ("": only a person can, as `by_hand` says); `mend` puts right what differs (None: it would break
    something, or somebody must decide). `needs` are names of steps without which this one cannot be there.
    """

    name: str
    look: Look
    wanted: tuple[Wanted, ...] = (Wanted(),)
    make: str = ""
    mend: str | None = None
    by_hand: str = ""
    needs: tuple[str, ...] = ()


class Raw(str):
    """Text that the shell is to read."""

    __slots__ = ()


def shell(*parts: str | Known) -> str:
    """A command line, each part quoted where it must be."""
    return " ".join(
        f'"{part.text}"' if isinstance(part, Known) else part if isinstance(part, Raw) else shlex.quote(part)
        for part in parts
    )


def at(value: Any, path: str) -> Any:
    """The value at a path of keys, a dot between them: what is not there is None; of a list, that of each element.

    The case of keys does not count: Azure CLI's versions differ in it (`enableAzureRbac`, `enableAzureRBAC`).
    """
    for key in path.casefold().split(".") if path else ():
        if isinstance(value, list):
            found = [at(element, key) for element in value]
            value = [one for each in found for one in (each if isinstance(each, list) else [each]) if one is not None]
        else:
            below = value.items() if isinstance(value, Mapping) else ()
            value = next((one for name, one in below if name.casefold() == key), None)
    return value


def judged(wanted: tuple[Wanted, ...], answer: Any) -> tuple[State, str]:
    """What an answer says, and of what differs what it must be. An empty one is that of what is not there."""
    if not answer:
        return State.MISSING, ""
    told: list[str] = []
    for one in wanted:
        found = elements(answer, one)
        if not found:
            return State.MISSING, ""
        faults = [_faults(element, one.fields) for element in found]
        best: list[str] = min(faults, key=len)
        told += best
    return (State.DIFFERS, "; ".join(told)) if told else (State.THERE, "")


def elements(answer: Any, wanted: Wanted) -> list[Any]:
    """What the wanted fields are of: the answer, or those of its list that the item describes."""
    if wanted.among is None:
        return [answer]
    found = at(answer, wanted.among)
    return [element for element in found or () if not _faults(element, wanted.item)]


def _faults(element: Any, fields: Mapping[str, Any]) -> list[str]:
    return [
        f"{path} must be {_said(value)}, got {shown(at(element, path))}"
        for path, value in fields.items()
        if not _meets(at(element, path), value)
    ]


def _said(value: Any) -> str:
    return value.says if isinstance(value, Condition) else shown(value)


def _meets(got: Any, value: Any) -> bool:
    if isinstance(value, Condition):
        try:
            return bool(value.holds(got))
        except (AttributeError, TypeError, ValueError):  # another shape than is documented
            return False
    if isinstance(got, list) and not isinstance(value, list):
        return any(_meets(one, value) for one in got)
    if isinstance(got, str) and isinstance(value, str):
        return got.casefold() == value.casefold()
    return bool(got == value)
