"""How a release's values come together: chart YAML and computed values side by side, a region's override on top.

An override adds to what is below it, or changes single values. Lists whose elements say who they are (`identity`) merge
by it, others are replaced; nothing that the layers put into a list or a mapping may go, and what guards (`GUARDS`) may
not even change. All of it follows from the layers themselves.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from monitoring.blueprint.values.flags import REPEATABLE
from monitoring.errors import Problem, shown
from monitoring.fleet.yaml_file import ValuePath, merged

Path = tuple[str, ...]

NOTHING = object()
"""In place of a value that is not there."""

IDENTITIES = ("mountPath", "name", "id", "job_name", "uid", "key", "topologyKey", "secretName")
"""Keys that say which element of a list a mapping is, the first that it has."""

GUARDS = re.compile(
    r"secret|htpasswd|trusted|api-route|skip-|tls|[-_]ca\b|cert|auth|issuer|allowed-?group|allow-path|email-?domain"
    r"|existing|samesite|whitelist|secure|token|rbac|inject(request|response)headers|upstreams|serviceaccount|networkpolicy"
    r"|securitycontext|reverse-proxy|session-cookie",
    re.IGNORECASE,
)
"""Places of what lets people and programs in or keeps them out: keys, flags and names of elements."""


@dataclass(frozen=True, kw_only=True)
class Composed:
    """Merged values; `overrides` are what the region's own values change."""

    values: Mapping[str, Any]
    overrides: tuple[Change, ...]


def leaves(values: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Every leaf: a plain value, a list, or an empty mapping."""
    for key, value in values.items():
        here = (*path, str(key))
        if isinstance(value, Mapping) and value:
            yield from leaves(value, here)
        else:
            yield here, value


def overlaps(written: Mapping[str, Any], computed: Mapping[str, Any], *, file: str, module: str) -> Iterator[Problem]:
    """Paths that both the YAML file and the module set: one thing stands in one place."""
    theirs = {path for path, _ in leaves(computed)}
    above = {path[:length] for path in theirs for length in range(len(path))}
    for path, _ in leaves(written):
        if path in above or any(path[:length] in theirs for length in range(1, len(path) + 1)):
            yield Problem(
                file=file,
                path=".".join(path),
                message=f"must be set in one place, got a computed value in {module} too",
            )


def compose(written: Mapping[str, Any], computed: Mapping[str, Any], override: Mapping[str, Any]) -> Composed:
    """The union of what is written and computed (which must not overlap), under the region's override."""
    layers = merged(written, computed)
    return Composed(
        values=_over(layers, override),
        overrides=tuple(changes(layers, override)),
    )


MOST_NAMED = 8
"""Elements of a list that a message names."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that an override sets otherwise: at `path` of the override, named `place`; `NOTHING` was there before.

    `added` is an element of a list that the layers do not have.
    """

    path: ValuePath
    place: str
    before: object
    after: object
    added: bool = False

    def __str__(self) -> str:
        plain = isinstance(self.before, str | int | float | bool)
        return f"{self.place} (instead of {self.before})" if plain else self.place

    @property
    def fault(self) -> str | None:
        """What must be, where the change takes away what the layers say."""
        if GUARDS.search(self.place) and not (self.added and isinstance(self.after, Mapping)):
            was = "nothing" if self.before is NOTHING else _short(self.before)
            return f"must not be overridden, since it guards who comes in: it is {was}, got {_short(self.after)}"
        lost: list[Any] = []
        if isinstance(self.before, list | tuple):
            lost = [one for one in self.before if not isinstance(self.after, list) or one not in self.after]
        elif isinstance(self.before, Mapping) and self.before:
            lost = [dict(self.before)]
        if not lost:
            return None
        more = f" and {len(lost) - MOST_NAMED} more" if len(lost) > MOST_NAMED else ""
        return f"must keep what the program puts there, would lose {', '.join(map(_short, lost[:MOST_NAMED]))}{more}"


def _short(value: object) -> str:
    return textwrap.shorten(value if isinstance(value, str) else shown(value), width=160, placeholder=" ...")


def changes(under: object, over: object, path: ValuePath = (), place: str = "") -> Iterator[Change]:
    """What `over` changes, down to single values."""
    below = under if isinstance(under, Mapping) else {} if under is NOTHING and over else None
    if isinstance(over, Mapping) and below is not None:
        for key, value in over.items():
            # what is switched off goes with all that is said of it
            off = key == "enabled" and value is False and below.get(key) is not False and below.keys() - {key}
            before = {name: below[name] for name in below if name != key} if off else below.get(key, NOTHING)
            yield from changes(before, value, (*path, str(key)), f"{place}.{key}".removeprefix("."))
    elif (known := _by_identity(under)) is not None and (given := _by_identity(over)):
        for index, (name, value) in enumerate(given.items()):
            here, named = (*path, index), f"{place}[{name}]"
            if name in known:
                yield from changes(known[name], value, here, named)
            else:
                yield Change(path=here, place=named, before=NOTHING, after=value, added=True)
    elif over != under:
        yield Change(path=path, place=place, before=under, after=over)


def identity(element: object) -> str | None:
    """Which element of a list it is: a flag, a Kubernetes object, or a mapping with a name; None where nothing says."""
    if isinstance(element, str) and element.startswith("--"):
        flag = element.partition("=")[0]
        return element if flag in REPEATABLE else flag
    if not isinstance(element, Mapping):
        return None
    metadata = element.get("metadata")
    if isinstance(metadata, Mapping):
        return f"{element.get('kind')}/{metadata.get('namespace')}/{metadata.get('name')}"
    return next((str(element[key]) for key in IDENTITIES if element.get(key) is not None), None)


def _by_identity(value: object) -> dict[str, Any] | None:
    """The elements of a list under their identities; None where it is no list, or they have none of their own."""
    if not isinstance(value, list | tuple):
        return None
    found = {name: element for element in value if (name := identity(element)) is not None}
    return found if len(found) == len(value) else None


def _over(under: Any, over: Any) -> Any:
    """The override on top: mappings merge, lists do by identity, all else replaces."""
    if isinstance(under, Mapping) and isinstance(over, Mapping):
        return {**under, **{key: _over(under.get(key, NOTHING), value) for key, value in over.items()}}
    known, given = _by_identity(under), _by_identity(over)
    if known is not None and given:
        return list({**known, **{name: _over(known.get(name, NOTHING), one) for name, one in given.items()}}.values())
    return over


def nested(paths: Mapping[str, object]) -> dict[str, Any]:
    """`{"a.b": 1, "a.c": 2}` as `{"a": {"b": 1, "c": 2}}`."""
    values: dict[str, Any] = {}
    for path, value in paths.items():
        *parents, last = path.split(".")
        here = values
        for parent in parents:
            here = here.setdefault(parent, {})
        here[last] = value
    return values
