"""A page of metrics as data, with the line of each metric; the text format of Prometheus, and OpenMetrics."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

_PARTS = {"histogram": ("_bucket", "_sum", "_count", "_created"), "summary": ("_sum", "_count", "_created")}


class UnreadablePage(ValueError):  # noqa: N818  (a fault of the page, not of the program)
    """The text is no page of metrics; the message says what its parser says."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One line: its name, its labels, whether it brings a time of its own."""

    name: str
    labels: Mapping[str, str]
    timed: bool


@dataclass(frozen=True, kw_only=True)
class Family:
    """One metric as the page names it: a counter with its `_total`, if it has one. `type` is "" if it is not said."""

    name: str
    type: str
    help: str
    line: int
    samples: tuple[Sample, ...]

    def label_sets(self) -> Iterator[tuple[tuple[str, str], ...]]:
        """Labels of each series as the application made them: a histogram's or summary's parts are one."""
        own = {"histogram": "le", "summary": "quantile"}.get(self.type)
        seen = {
            tuple(sorted((name, value) for name, value in sample.labels.items() if name != own))
            for sample in self.samples
        }
        yield from sorted(seen)


@dataclass(frozen=True, kw_only=True)
class Page:
    """The metrics of a page; `fault` is what OpenMetrics' strict parser says where a lax one had to read it."""

    families: tuple[Family, ...]
    fault: str = ""


def read_page(text: str) -> Page:
    """The metrics of a page; UnreadablePage where it is none. Creation times are left out."""
    if not text.rstrip().endswith("# EOF"):
        return Page(families=_families(text, text_string_to_metric_families, is_openmetrics=False))
    try:
        return Page(families=_families(text, openmetrics.text_string_to_metric_families, is_openmetrics=True))
    except UnreadablePage as fault:
        lax = _as_plain_text(text)
        return Page(families=_families(lax, text_string_to_metric_families, is_openmetrics=False), fault=str(fault))


def _as_plain_text(text: str) -> str:
    """OpenMetrics as the older format would say it: counters are typed with their `_total`, nothing has an exemplar."""
    text = re.sub(r" # \{.*$", "", text, flags=re.MULTILINE)
    for name in set(re.findall(r"^(\w+)_total\b", text, re.MULTILINE)):
        text = re.sub(rf"^# (TYPE|HELP) {name} ", rf"# \1 {name}_total ", text, flags=re.MULTILINE)
    return text


def _families(text: str, parse: Callable[[str], Iterable[Metric]], *, is_openmetrics: bool) -> tuple[Family, ...]:
    try:
        parsed = list(parse(text))
    except (
        ValueError,
        IndexError,
        KeyError,
        TypeError,
        AttributeError,
    ) as fault:  # the parsers' own: a line breaks off
        raise UnreadablePage(str(fault) or "not a page of metrics") from fault
    counters = iter(re.findall(r"^\s*#\s+TYPE\s+(\S+)\s+counter", text, re.MULTILINE))
    lines = _first_lines(text)
    families = []
    for one in parsed:
        name = one.name
        if one.type == "counter":  # the parsers call a counter the same with and without its _total
            whole = f"{name}_total"
            declared = next((one for one in counters if one.removesuffix("_total") == name), whole)
            name = whole if is_openmetrics else declared
        kind = "" if one.type in {"unknown", "untyped"} else one.type
        parts = tuple(one.name + part for part in _PARTS.get(kind, ()))
        if kind == "gauge" and name.endswith("_created"):
            continue
        families.append(
            Family(
                name=name,
                type=kind,
                help=one.documentation,
                line=next((lines[key] for key in (name, one.name, *parts) if key in lines), 1),
                samples=tuple(
                    Sample(name=sample.name, labels=sample.labels, timed=sample.timestamp is not None)
                    for sample in one.samples
                    if not sample.name.endswith("_created")
                ),
            )
        )
    return tuple(families)


def _first_lines(text: str) -> dict[str, int]:
    """Where each name is first said, from 1."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        match = re.match(r"(?:# (?:TYPE|HELP) )?([a-zA-Z_:][\w:]*)", line)
        if match:
            found.setdefault(match[1], number)
    return found
