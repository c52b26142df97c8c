"""cdktf's own matchers, made strict, with a failure that says what was there instead.

A matcher of `cdktf.Testing` returns a bool and is lax in four ways (cdktf 0.21, lib/testing/matchers.js):

- it is content when any resource of the type has the properties: here it is given one resource alone;
- nested mappings match in part: here they must be whole, only the first level is in part;
- None and an empty mapping match anything: here they are refused;
- a key in camelCase matches one in snake_case: below the first level it does not here.

What a matcher cannot say (absence, counts, order, laws over all resources) is asserted on the parsed JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import cdktf

from tests.constructs.synthesized import Stack, by_name

Properties = Mapping[str, Any]
Matcher = Callable[[str, str, Properties], bool]


@dataclass(frozen=True)
class Expectations:
    """What a stack is expected to have. `name` may be left out where the type has one alone."""

    stack: Stack

    def to_have_resource_with_properties(self, kind: str, properties: Properties, *, name: str | None = None) -> None:
        """AssertionError, unless the resource has them. `name`: see `name_of`."""
        found = by_name(self.stack, kind)
        _expect(cdktf.Testing.to_have_resource_with_properties, _one("resource", kind, found, name), properties)

    def to_have_data_source_with_properties(self, kind: str, properties: Properties) -> None:
        """AssertionError, unless the one data source of the type has them."""
        found = self.stack["data"].get(kind, {})
        _expect(cdktf.Testing.to_have_data_source_with_properties, _one("data", kind, found, None), properties)

    def to_have_provider_with_properties(self, kind: str, properties: Properties, *, name: str | None = None) -> None:
        """AssertionError, unless the provider has them. `name`: its alias, "" for the one without."""
        found = {body.get("alias", ""): body for body in self.stack["provider"].get(kind, [])}
        _expect(cdktf.Testing.to_have_provider_with_properties, _one("provider", kind, found, name), properties)


@dataclass(frozen=True, kw_only=True)
class _Found:
    """One block of a stack, and the stack with nothing else in it, synthesized."""

    title: str
    kind: str
    body: Properties
    synthesized: str


def expect(stack: Stack) -> Expectations:
    """Reads as a sentence: `expect(stack).to_have_resource_with_properties(…)`."""
    return Expectations(stack)


def _one(section: str, kind: str, found: Mapping[str, Properties], name: str | None) -> _Found:
    if name is None:
        assert len(found) == 1, f"one {kind} must be there, or be named; there are {len(found)}: {sorted(found)}"
        name = next(iter(found))
    assert name in found, f"no {kind} is called {name!r}; there are {sorted(found)}"
    synthesized = json.dumps({section: {kind: {name: found[name]}}})
    return _Found(title=f"{kind} {name!r}", kind=kind, body=found[name], synthesized=synthesized)


def _expect(matcher: Matcher, found: _Found, properties: Properties) -> None:
    if idle := [*_idle(properties, "")] or ([] if properties else ["properties"]):
        raise ValueError(f"a matcher takes anything for None and for an empty mapping, got one at {', '.join(idle)}")
    wrong: list[str] = []
    if not matcher(found.synthesized, found.kind, properties):
        unmatched = [key for key in properties if not matcher(found.synthesized, found.kind, {key: properties[key]})]
        wrong += unmatched or [*properties]
    wrong += [key for key in properties if _holds_more(found.body.get(key), properties[key])]
    said = "".join(
        f"\n  {key}: expected {properties[key]!r}, got {found.body.get(key)!r}" for key in dict.fromkeys(wrong)
    )
    assert not wrong, f"{found.title} differs:{said}"


def _idle(value: object, path: str) -> Iterator[str]:
    """Paths of what any value would match."""
    if value is None or (value == {} and path):
        yield path
    elif isinstance(value, Mapping):
        for key, below in value.items():
            yield from _idle(below, f"{path}.{key}".removeprefix("."))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from _idle(below, f"{path}[{index}]")


def _holds_more(found: object, expected: object) -> bool:
    """Whether a mapping at any depth has a key that is not expected."""
    if isinstance(found, Mapping) and isinstance(expected, Mapping):
        if found.keys() - expected.keys():
            return True
        return any(_holds_more(found[key], expected[key]) for key in found)
    if isinstance(found, list) and isinstance(expected, list):
        return any(_holds_more(*pair) for pair in zip(found, expected, strict=False))  # the matcher compares lengths
    return False
