"""What will run, as facts: each single value under who it belongs to and where it stands, so that trees compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import yaml


class Kind(StrEnum):
    """What a fact is about, in the order in which a reader wants to know."""

    STACK = "stack"
    STATE = "state"
    NAMESPACE = "namespace"
    RESOURCE = "resource"
    RELEASE = "release"
    VALUE = "value"
    OBJECT = "object"
    POLICY = "policy"
    ALERT = "alert"
    RULE = "rule"
    ROUTE = "route"
    DASHBOARD = "dashboard"
    SCRAPE = "scrape job"
    SETTING = "setting"
    WORKFLOW = "workflow"
    MAKEFILE = "Makefile"
    LOCK = "lock file"
    RUNBOOK = "runbook"
    RENDERED = "rendered"
    PLAN = "plan"


@dataclass(frozen=True, kw_only=True, order=True)
class FactKey:
    """Of what (`subject`: a resource, an alert, …) and where in it (`path`; "" is the thing itself)."""

    kind: Kind
    subject: str
    path: str = ""


Scalar = str | int | float | bool | None
Value = Scalar | tuple[str, ...]
Fact = tuple[FactKey, Value]
Facts = Mapping[FactKey, Value]
"""Value by place. A tuple is the order of a list whose elements have places of their own."""


class Collision(ValueError):  # noqa: N818  (a fault of what is read)
    """Two facts at one place: whichever was kept, the other would change in silence."""


def collected(found: Iterable[Fact]) -> Facts:
    """The facts by their place; `Collision` names the first place that is said twice."""
    facts: dict[FactKey, Value] = {}
    for key, value in found:
        if key in facts:
            raise Collision(f"{key.kind} {key.subject} {key.path}".rstrip() + " must be said once, got it twice")
        facts[key] = value
    return facts


NAMES = ("name", "id", "job_name", "key", "objectName", "uid", "path", "title", "address", "condition")
"""Keys that tell the elements of a list apart, the first that does."""

ORDER = "(order)"


def flat(value: object, *, kind: Kind, subject: str, path: str = "") -> Iterator[Fact]:
    """Every leaf below a value. Elements of lists stand under their name, their flag or their text, else by number."""
    if isinstance(value, Mapping):
        if not value:
            yield FactKey(kind=kind, subject=subject, path=path), "{}"
        for key, below in value.items():
            yield from flat(below, kind=kind, subject=subject, path=f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        if not value:
            yield FactKey(kind=kind, subject=subject, path=path), "[]"
            return
        keys = element_names(value)
        for key, below in zip(keys, value, strict=True):
            rest = _flag_value(below, key) if isinstance(below, str) else below
            yield from flat(rest, kind=kind, subject=subject, path=f"{path}[{key}]")
        yield FactKey(kind=kind, subject=subject, path=path + ORDER), tuple(keys)
    elif isinstance(value, str | int | float | None):
        yield FactKey(kind=kind, subject=subject, path=path), value
    else:  # a date in YAML
        yield FactKey(kind=kind, subject=subject, path=path), str(value)


def thing(value: Mapping[str, object], *, kind: Kind, subject: str) -> Iterator[Fact]:
    """That it is there, and every leaf below it."""
    yield FactKey(kind=kind, subject=subject), True
    if value:
        yield from flat(value, kind=kind, subject=subject)


def element_names(elements: Sequence[object]) -> list[str]:
    """One name per element, no two alike."""
    if all(isinstance(element, Mapping) for element in elements):
        for key in NAMES:
            names = [str(element.get(key, "")) for element in elements if isinstance(element, Mapping)]
            if all(names) and len(set(names)) == len(names):
                return names
    elif all(isinstance(element, str) for element in elements):
        texts = [str(element) for element in elements]
        flags = Counter(map(_flag_name, texts))
        # a flag that is given several times is told by all of its text: `--trusted-proxy-ip` is a list of addresses
        names = [text if flags[_flag_name(text)] > 1 else _flag_name(text) for text in texts]
        if len(set(names)) == len(names):
            return names
    return [str(number) for number in range(len(elements))]


def numbered(names: Iterable[str]) -> Iterator[str]:
    """The names, those that come again with their number: `x`, `x #2`."""
    seen: Counter[str] = Counter()
    for name in names:
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name} #{seen[name]}"


def _flag_name(text: str) -> str:
    """`--retention` of `--retention=15d`; other text is its own name, its first line if it has several."""
    return text.partition("=")[0] if text.startswith("--") else text.partition("\n")[0]


def _flag_value(text: str, name: str) -> object:
    """What follows the flag; what is its own name has nothing more to say than that it is there."""
    if name == text:
        return True
    value = text.removeprefix(name).removeprefix("=") if text.startswith("--") else text
    return embedded(value) if "\n" in value else value


def embedded(text: str) -> object:
    """YAML in a text as what it says; other text as it is."""
    try:
        said = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return text
    return said if isinstance(said, Mapping | list) else text
