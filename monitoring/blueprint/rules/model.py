"""The schema of a rule file: what Prometheus and the operator accept, and what every alert must state.

Prometheus: model/rulefmt/rulefmt.go. The operator's PrometheusRule has the same keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationError,
)
from pydantic_core import ErrorDetails

from monitoring.errors import InvalidInput, Problem
from monitoring.fleet.quantities import Duration
from monitoring.fleet.yaml_file import YamlFile, dotted

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Labels = Mapping[str, Text]
Wait = Annotated[Duration | None, BeforeValidator(lambda wait: None if wait == "0s" else wait)]
"""A duration, or `0s`, which is None."""


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


class Recording(_Form):
    """A rule that records a series."""

    record: Text
    expr: Text
    labels: Labels = {}


class AlertLabels(_Form):
    """`severity` decides who hears of it: critical is a page, warning a ticket, info neither."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    __pydantic_extra__: dict[str, Text]
    severity: Literal["critical", "warning", "info"]


class Annotations(_Form):
    """What a person reads. `runbook_url` is added when the rules are loaded."""

    summary: Text
    description: Text


class Alert(_Form):
    """A rule that alerts. `wait` is the key `for`."""

    alert: Text
    expr: Text
    wait: Wait = Field(alias="for")
    keep_firing_for: Duration | None = None
    labels: AlertLabels
    annotations: Annotations


def _some(these: tuple[Any, ...]) -> tuple[Any, ...]:
    if not these:
        raise ValueError("must hold at least one, got none")
    return these


def _kind(rule: Any) -> str:
    return "alert" if isinstance(rule, Mapping) and "alert" in rule else "record"


class Group(_Form):
    """Rules that are evaluated one after another, every `interval` (Prometheus' own where none is given)."""

    name: Text
    interval: Duration | None = None
    query_offset: Duration | None = None
    limit: int | None = Field(default=None, ge=0)
    labels: Labels = {}
    rules: Annotated[
        tuple[
            Annotated[Annotated[Recording, Tag("record")] | Annotated[Alert, Tag("alert")], Discriminator(_kind)], ...
        ],
        Field(strict=False),
        AfterValidator(_some),
    ]


class RuleFile(_Form):
    """One file."""

    groups: Annotated[tuple[Group, ...], Field(strict=False), AfterValidator(_some)]

    @classmethod
    def of(cls, file: YamlFile) -> Self:
        """The file's content; `InvalidInput` tells everything that has not the form, at its line."""
        try:
            return cls.model_validate(file.data)
        except ValidationError as invalid:
            raise InvalidInput(_problem(error, file) for error in invalid.errors()) from invalid


_TAG_AT = 4
"""Where pydantic puts the union's tag into a location: groups, 0, rules, 0, tag, key."""


def _problem(error: ErrorDetails, file: YamlFile) -> Problem:
    path = error["loc"][:_TAG_AT] + error["loc"][_TAG_AT + 1 :]
    return Problem(file=file.name, line=file.line(path), path=dotted(path), message=_sentence(error))


def _sentence(error: ErrorDetails) -> str:
    """What pydantic found, said as `must be …, got …`."""
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "extra_forbidden":
        added = error["loc"][-1] == "runbook_url"
        return "must not be here: " + ("it is added when the rules are loaded" if added else "unknown key")
    sentences: dict[str, Callable[[], str]] = {
        "missing": lambda: "must be given, got nothing",
        "literal_error": lambda: f"must be {context['expected']}, got {given!r}",
        "value_error": lambda: str(context["error"]),
        "string_type": lambda: f"must be a string, got {given!r}",
        "tuple_type": lambda: f"must be a list, got {given!r}",
    }
    return sentences[kind]() if kind in sentences else f"{error['msg']}, got {given!r}"
