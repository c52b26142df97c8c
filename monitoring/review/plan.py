"""What Terraform says that it will do: `terraform show -json`, read without a value that it calls sensitive.

Format: Terraform's documentation, "JSON Output Format", format version 1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from monitoring.fleet.yaml_file import dotted, leaves

LARGEST = 100 * 2**20
"""Bytes; a plan beyond is none of ours."""


class UnreadablePlan(Exception):  # noqa: N818  (the file's fault, not the program's)
    """What is wrong with a plan's file."""


class Does(StrEnum):
    """What is done to a resource."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    REPLACE = "replace"
    FORGET = "forget"
    READ = "read"
    DRIFTED = "drifted"


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One resource of a plan: what forces its replacement, which attributes change, which are known after apply.

    `changed` holds attribute, before and after as text; `SENSITIVE` stands for what must not be shown.
    """

    address: str
    type: str
    does: Does
    forced_by: tuple[str, ...] = ()
    changed: tuple[tuple[str, str, str], ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A stack's plan; `left_out` says what of it could not be read."""

    stack: str
    planned: tuple[Planned, ...]
    left_out: tuple[str, ...] = ()


SENSITIVE = "(sensitive)"
CHANGED = "(sensitive) changed"
UNKNOWN = "(known after apply)"
_ACTIONS: Mapping[tuple[str, ...], Does] = {
    ("create",): Does.CREATE,
    ("update",): Does.UPDATE,
    ("delete",): Does.DELETE,
    ("delete", "create"): Does.REPLACE,
    ("create", "delete"): Does.REPLACE,
    ("forget",): Does.FORGET,
    ("read",): Does.READ,
}


def read_plan(content: bytes, *, stack: str, addresses: frozenset[str]) -> Plan:
    """The plan of `stack`, whose resources have `addresses` before or after the change.

    `UnreadablePlan` for what is no plan, of another stack or of a format that is not known here. What is new in a
    minor version is left out and named.
    """
    plan = _parsed(content)
    secrets = frozenset(_secrets(plan))
    planned: list[Planned] = []
    left_out: list[str] = []
    for kind, rows in (("change", plan["resource_changes"]), ("drift", plan.get("resource_drift", []))):
        for number, row in enumerate(rows):
            try:
                planned += _planned(row, drift=kind == "drift", secrets=secrets)
            except (KeyError, TypeError, AttributeError) as odd:
                left_out.append(f"{kind} {number}: {type(odd).__name__} {odd}")
            except UnreadablePlan as odd:
                left_out.append(str(odd))
    foreign = [one.address for one in planned if one.address not in addresses and one.does is not Does.DRIFTED]
    if foreign and len(foreign) * 2 > len(planned):
        raise UnreadablePlan(f"must be a plan of {stack}, got one with {foreign[0]}: another stack, or a stale tree")
    left_out += [f"{address} is in no tree that was compared: a stale plan?" for address in foreign]
    return Plan(stack=stack, planned=tuple(planned), left_out=tuple(left_out))


def redacted(content: bytes) -> dict[str, Any]:
    """The plan with all that a review reads and no value that is marked anywhere as sensitive: it may be kept."""
    plan = _parsed(content)
    secrets = frozenset(_secrets(plan))
    return {
        "format_version": plan["format_version"],
        **{
            key: [_redacted_row(row, secrets) for row in plan.get(key, []) if isinstance(row, Mapping)]
            for key in ("resource_changes", "resource_drift")
        },
    }


_KEPT = ("actions", "replace_paths", "after_unknown", "before_sensitive", "after_sensitive")


def _redacted_row(row: Mapping[str, Any], secrets: frozenset[str]) -> dict[str, Any]:
    change = row.get("change") or {}
    hidden = {side: set(_marked(change.get(f"{side}_sensitive"))) for side in ("before", "after")}
    before, after = dict(_leaves(change.get("before"))), dict(_leaves(change.get("after")))
    # two masks where the values differ, so that the change itself stays
    masks = {
        "before": dict.fromkeys(before, SENSITIVE),
        "after": {path: SENSITIVE if before.get(path) == value else CHANGED for path, value in after.items()},
    }
    values = {
        side: _masked(change.get(side), hidden=hidden[side], secrets=secrets, masks=masks[side]) for side in hidden
    }
    return {
        "address": row.get("address"),
        "type": row.get("type"),
        "change": {**{key: change[key] for key in _KEPT if key in change}, **values},
    }


def _masked(
    value: object, *, hidden: set[str], secrets: frozenset[str], masks: Mapping[str, str], path: str = ""
) -> object:
    if isinstance(value, Mapping):
        return {
            key: _masked(below, hidden=hidden, secrets=secrets, masks=masks, path=f"{path}.{key}" if path else str(key))
            for key, below in value.items()
        }
    if isinstance(value, list):
        return [
            _masked(below, hidden=hidden, secrets=secrets, masks=masks, path=f"{path}[{number}]")
            for number, below in enumerate(value)
        ]
    if value is None or isinstance(value, bool):
        return value
    return masks[path] if _below(path, hidden) or _tells(str(value), secrets) else value


def _tells(text: str, secrets: frozenset[str]) -> bool:
    return SENSITIVE in text or any(secret in text for secret in secrets if len(secret) >= SHORTEST_SECRET)


def _parsed(content: bytes) -> dict[str, Any]:
    if len(content) > LARGEST:
        raise UnreadablePlan(f"must be at most {LARGEST >> 20} MiB, got {len(content) >> 20}")
    try:
        plan = json.loads(content)
    except (ValueError, RecursionError) as broken:
        raise UnreadablePlan(f"must be JSON of `terraform show -json`: {broken}") from broken
    if not isinstance(plan, dict) or "format_version" not in plan:
        raise UnreadablePlan("must be JSON of `terraform show -json`, got no format_version")
    version = str(plan["format_version"])
    if version.partition(".")[0] != "1":
        raise UnreadablePlan(f"must have format version 1, got {version}")
    if plan.get("errored"):
        raise UnreadablePlan("must be a complete plan, got one that ended with an error")
    if not isinstance(plan.setdefault("resource_changes", []), list):
        raise UnreadablePlan("resource_changes must be a list")
    return plan


def _planned(row: Mapping[str, Any], *, drift: bool, secrets: frozenset[str]) -> Iterator[Planned]:
    change = row["change"]
    actions = tuple(change["actions"])
    if actions == ("no-op",):
        return
    does = Does.DRIFTED if drift else _ACTIONS.get(actions)
    address = str(row["address"])
    if does is None:
        raise UnreadablePlan(f"{address}: action {'+'.join(actions)} is not known here")
    if does is Does.READ:
        return
    unknown = tuple(sorted(_marked(change.get("after_unknown"))))
    yield Planned(
        address=address,
        type=str(row["type"]),
        does=does,
        forced_by=tuple(dotted(tuple(path)) for path in change.get("replace_paths", ())),
        changed=tuple(_changed(change, unknown=set(unknown), secrets=secrets)),
        unknown=unknown,
    )


def _secrets(plan: Mapping[str, Any]) -> Iterator[str]:
    """Values that the plan marks somewhere: it repeats them without the mark (`output` of terraform_data does)."""
    for name, variable in plan.get("configuration", {}).get("root_module", {}).get("variables", {}).items():
        if variable.get("sensitive"):
            yield str(plan.get("variables", {}).get(name, {}).get("value", ""))
    for row in (*plan["resource_changes"], *plan.get("resource_drift", [])):
        change = row.get("change", {}) if isinstance(row, Mapping) else {}
        for side in ("before", "after"):
            hidden = set(_marked(change.get(f"{side}_sensitive")))
            yield from (str(value) for path, value in _leaves(change.get(side)) if _below(path, hidden))


def _below(path: str, hidden: set[str]) -> bool:
    return any(one in {"", path} or path.startswith((f"{one}.", f"{one}[")) for one in hidden)


SHORTEST_SECRET = 4
"""Characters; a shorter value is hidden where it is marked, but not wherever else it stands."""


def _changed(
    change: Mapping[str, Any], *, unknown: set[str], secrets: frozenset[str]
) -> Iterator[tuple[str, str, str]]:
    before, after = dict(_leaves(change.get("before"))), dict(_leaves(change.get("after")))
    hidden = {
        *_marked(change.get("before_sensitive")),
        *_marked(change.get("after_sensitive")),
    }
    for path in sorted(before.keys() | after.keys() | unknown):
        old, new = before.get(path), UNKNOWN if path in unknown else after.get(path)
        if old == new:
            continue
        texts = (_text(old), _text(new))
        told = _below(path, hidden) or any(_tells(text, secrets) for text in texts)
        yield (path, SENSITIVE, SENSITIVE) if told else (path, *texts)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _leaves(value: object) -> Iterator[tuple[str, object]]:
    yield from ((dotted(path), leaf) for path, leaf in leaves(value) if leaf is not None)


def _marked(marks: object) -> Iterator[str]:
    """Paths under which Terraform's marks say true."""
    yield from (path for path, mark in _leaves(marks) if mark is True)
