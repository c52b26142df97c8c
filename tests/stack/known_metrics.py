"""What is known to exist: the recorded expositions, read. Panels, rules and alerts may use nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "expositions"

TARGET_LABELS = frozenset(
    {
        "cluster",
        "environment",
        "region",
        "job",
        "namespace",
        "pod",
        "service",
        "endpoint",
        "container",
        "instance",
        "node",
    }
)
"""What the operator's scrapes and the external labels add to every series."""

_SERIES = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}


@dataclass(frozen=True, kw_only=True)
class Series:
    """One line of an exposition; `rising` is true of what counts (counters, and all of a histogram)."""

    name: str
    labels: Mapping[str, str] = field(hash=False)
    value: float
    rising: bool


def types(part: str) -> dict[str, str]:
    """Type by family, as the part's page says it."""
    text = (FOLDER / f"{part}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))


def series(part: str) -> Iterator[Series]:
    """The recorded series of a part."""
    rising = {
        family + suffix
        for family, kind in types(part).items()
        if kind in {"counter", "histogram", "summary"}
        for suffix in _SUFFIXES.get(kind, ("",))
        if kind != "summary" or suffix
    }
    for number, line in enumerate((FOLDER / f"{part}.txt").read_text(encoding="utf-8").splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        match = _SERIES.match(line)
        if match is None:
            raise ValueError(f"{part}.txt:{number}: must be a series, got {line!r}")
        name, labels, value = match.groups()
        yield Series(name=name, labels=dict(_LABEL.findall(labels or "")), value=float(value), rising=name in rising)


def parts() -> tuple[str, ...]:
    """Names of all recorded parts."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.txt")))


@cache
def known_metrics(only: str | None = None) -> Mapping[str, frozenset[str]]:
    """Labels by metric name, over all parts or `only` one, without the target's own.

    A family without any series yet (a type alone) is known with no labels.
    """
    known: dict[str, frozenset[str]] = {}
    for part in (only,) if only else parts():
        for family, kind in types(part).items():
            for suffix in _SUFFIXES.get(kind, ("",)):
                known.setdefault(family + suffix, frozenset())
        for one in series(part):
            known[one.name] = known.get(one.name, frozenset()) | one.labels.keys()
    return known
