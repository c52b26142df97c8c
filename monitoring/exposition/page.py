"""A page of metrics as data: each metric with its type, its meaning and its series."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO

from prometheus_client.openmetrics.parser import text_fd_to_metric_families as parse_openmetrics

from monitoring.exposition.syntax import Metadata, Sample, is_openmetrics, read_lines

_PARTS: Mapping[str, tuple[str, ...]] = {
    "histogram": ("", "_bucket", "_sum", "_count", "_created"),
    "gaugehistogram": ("", "_bucket", "_gsum", "_gcount", "_sum", "_count"),
    "summary": ("", "_sum", "_count", "_created"),
    "info": ("", "_info"),
}
_COUNTER = ("", "_total", "_created")
"""Of OpenMetrics: in the text format a counter is declared with its `_total`."""

OWN_LABEL = {"histogram": "le", "gaugehistogram": "le", "summary": "quantile"}
"""The label that tells the parts of one series apart."""

Labels = tuple[tuple[str, str], ...]


@dataclass(kw_only=True)
class Family:
    """One metric as its series are named: a counter with its `_total`. `type` is "" where the page does not say it.

    `faults` are lines and messages: what is wrong with the way in which it is told.
    """

    name: str
    line: int
    type: str = ""
    help: str = ""
    samples: list[Sample] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)

    def series(self) -> dict[Labels, list[Sample]]:
        """Samples by the labels that the application gave: a histogram's or summary's parts are one series."""
        own = OWN_LABEL.get(self.type)
        found: dict[Labels, list[Sample]] = {}
        for sample in self.samples:
            labels = tuple((name, value) for name, value in sample.series[1] if name != own)
            found.setdefault(labels, []).append(sample)
        return found


@dataclass(frozen=True, kw_only=True)
class Page:
    """The metrics of a page; `faults` are lines and messages: what OpenMetrics' strict parser says."""

    families: tuple[Family, ...]
    faults: tuple[tuple[int, str], ...] = ()


def read_page(text: str) -> Page:
    """The metrics of a page; UnreadablePage where it is none. Creation times are left out."""
    openmetrics = is_openmetrics(text)
    reader = _Reader(is_openmetrics=openmetrics)
    for one in read_lines(text):
        reader.take(one)
    return Page(families=tuple(reader.finished()), faults=tuple(_faults(text)) if openmetrics else ())


def _faults(text: str) -> Iterator[tuple[int, str]]:
    """The first fault against OpenMetrics, at the line at which prometheus_client's parser sees it.

    That parser agrees with the whole parser suite of OpenMetrics, so what it says is not said again here.
    """
    if re.search(r"^# TYPE \S+_total counter$", text, re.MULTILINE):
        return  # the text format, which some servers end with `# EOF` too
    at = 0

    def lines() -> Iterator[str]:
        nonlocal at
        for line in StringIO(text):
            at += 1
            yield line

    try:
        for _ in parse_openmetrics(lines()):  # type: ignore[no-untyped-call]
            pass
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as fault:  # the parser's own
        yield at, f"must be OpenMetrics, got {fault or 'what is none'}"


class _Reader:
    """Puts lines to the metrics they belong to."""

    def __init__(self, *, is_openmetrics: bool) -> None:
        self._parts = {**_PARTS, **({"counter": _COUNTER} if is_openmetrics else {})}
        self._families: dict[str, Family] = {}
        self._owners: dict[str, Family] = {}
        self._current: Family | None = None
        self._said: set[str] = set()

    def take(self, one: Sample | Metadata) -> None:
        family = self._family(one)
        if isinstance(one, Sample):
            family.samples.append(one)
            self._said.add("samples")
            return
        if one.keyword in self._said and one.text:
            family.faults.append((one.line, f"must have one # {one.keyword} line"))
        elif one.keyword == "TYPE" and "samples" in self._said:
            family.faults.append((one.line, "must have its # TYPE line before its samples"))
        self._said.add(one.keyword)
        if one.keyword == "HELP":
            family.help = family.help or one.text
        elif one.keyword == "TYPE" and not family.type:
            family.type = "unknown" if one.text == "untyped" else one.text
            self._owners.update({family.name + part: family for part in self._parts.get(family.type, ("",))})

    def _family(self, one: Sample | Metadata) -> Family:
        """The metric that the line belongs to; a fault where the line begins a second block of it."""
        family = self._families.get(one.name)
        if isinstance(one, Sample) and (family is None or family is not self._current):
            family = self._owners.get(one.name, family)
        if family is None:
            family = self._families[one.name] = Family(name=one.name, line=one.line)
        elif family is not self._current:
            family.faults.append((one.line, "must be said in one block"))
        if family is not self._current:
            self._current, self._said = family, set()
        return family

    def finished(self) -> Iterator[Family]:
        """The metrics under the names of their series, without the times at which counting began."""
        created = {
            f"{name.removesuffix('_total')}_created"
            for name, family in self._families.items()
            if family.type in {"counter", "histogram", "summary"}
        }
        for name, family in self._families.items():
            if name in created and family.type in {"", "gauge"}:
                continue
            family.samples = [sample for sample in family.samples if sample.name not in created]
            part = {"counter": "_total", "info": "_info"}.get(family.type, "")
            if part and part in self._parts.get(family.type, ()) and not name.endswith(part):
                names = {sample.name for sample in family.samples}
                family.name = name if name in names else name + part
            yield family
