"""One Helm release, complete: what Terraform installs is what `values`, `render`, local and review see."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import yaml

from monitoring.blueprint.values.charts import Chart
from monitoring.blueprint.values.layers import Change

Values = Mapping[str, object]
"""Chart values as plain data: mappings, lists, strings, numbers, booleans, None."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """A chart with its values.

    `after` names the releases that must come first. `known_after_apply` lists the value paths (Helm's
    `set` syntax) that only Terraform knows, each with the component whose identity's client id goes there.
    `overrides` are what the region's `helm_values` change. `timeout` is in seconds;
    `atomic` rolls a failed upgrade back, which a stateful release must not do in the middle.
    """

    name: str
    chart: Chart
    namespace: str
    values: Values = field(hash=False)
    after: tuple[str, ...] = ()
    known_after_apply: Mapping[str, str] = field(default_factory=dict, hash=False)
    overrides: tuple[Change, ...] = field(default=(), hash=False)
    timeout: int
    atomic: bool

    @property
    def values_file(self) -> str:
        """Where the values lie, from the stack's folder: the same name in every synthesis, for a diff by lines."""
        return f"values/{self.name}.yaml"

    @cached_property
    def text(self) -> str:
        """The values as YAML: what Helm is given."""
        return to_yaml(self.values)


class _Dumper(yaml.CSafeDumper):
    """Plain YAML: no anchors, several lines as a block."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


def _string(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _string)


def to_yaml(values: Values) -> str:
    """Values as a person reads them, the same text for the same values: keys sorted."""
    return "".join(_section({key: values[key]}) for key in sorted(values)) or "{}\n"


_sections: dict[bytes, str] = {}


def _section(values: Values) -> str:
    """One top-level key; regions share the largest ones (dashboards, rules), which are written once."""
    digest = hashlib.blake2b(repr(values).encode(), digest_size=16).digest()
    if digest not in _sections:
        _sections[digest] = yaml.dump(values, Dumper=_Dumper, sort_keys=True, width=120, allow_unicode=True)
    return _sections[digest]
