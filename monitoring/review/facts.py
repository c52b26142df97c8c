"""A tree as facts: each single value under who it belongs to and where it stands, so that two trees can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a fact is about, in the order in which a reader wants to know."""

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
    RENDERED = "rendered"
    PLAN = "plan"


@dataclass(frozen=True, kw_only=True, order=True)
class FactKey:
    """Of what (`subject`: a resource, an alert, …) and where in it (`path`; "" is the thing itself)."""

    kind: Kind
    subject: str
    path: str = ""


Scalar = str | int | float | bool | None
Facts = Mapping[FactKey, Scalar | tuple[str, ...]]
"""Value by place. A tuple is the order of a list whose elements have places of their own."""

NAMES = ("name", "id", "alert", "record", "job_name", "key", "objectName", "uid", "path", "title")
"""Keys that tell the elements of a list apart, the first that does."""

ORDER = "(order)"


def flat(
    value: object, *, kind: Kind, subject: str, path: str = ""
) -> Iterator[tuple[FactKey, Scalar | tuple[str, ...]]]:
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
            here = f"{path}[{key}]"
            rest = _flag_value(below) if isinstance(below, str) else below
            yield from flat(rest, kind=kind, subject=subject, path=here)
        yield FactKey(kind=kind, subject=subject, path=path + ORDER), tuple(keys)
    elif isinstance(value, str | int | float | None):
        yield FactKey(kind=kind, subject=subject, path=path), value
    else:  # a date in YAML
        yield FactKey(kind=kind, subject=subject, path=path), str(value)


def element_names(elements: Sequence[object]) -> list[str]:
    """One name per element, no two alike."""
    if all(isinstance(element, Mapping) for element in elements):
        for key in NAMES:
            names = [str(element.get(key, "")) for element in elements if isinstance(element, Mapping)]
            if all(names) and len(set(names)) == len(names):
                return names
    elif all(isinstance(element, str) for element in elements):
        names = [_flag_name(str(element)) for element in elements]
        if len(set(names)) == len(names):
            return names
    return [str(number) for number in range(len(elements))]


def _flag_name(text: str) -> str:
    """`--retention` of `--retention=15d`; other text is its own name, its first line if it has several."""
    return text.partition("=")[0] if text.startswith("--") else text.partition("\n")[0]


def _flag_value(text: str) -> Scalar:
    """What follows the flag; what is its own name has nothing more to say than that it is there."""
    name = _flag_name(text)
    if name == text:
        return True
    return text.removeprefix(name).removeprefix("=")
