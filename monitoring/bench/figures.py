"""What is measured: figures by part, their bounds, and the file that holds what the last run found."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitoring.fleet import Fleet

Values = Mapping[str, float]
"""Figures of a part by name."""

FILE = "docs/figures.json"
TOLERANCE = 0.3
"""How far the capacity model may be off."""

DIGITS = 4
"""Significant ones, in the file."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number: its name in the file, what it says, its unit, and the name of the figure that it stands beside."""

    name: str
    what: str
    unit: str
    baseline: str = ""


@dataclass(frozen=True, kw_only=True)
class Bound:
    """What figures must keep to; `of` makes the number of them, KeyError where one was not measured."""

    what: str
    of: Callable[[Values], float]
    bound: float
    at_least: bool = False

    def check(self, values: Values) -> Checked:
        """The bound with its number."""
        try:
            value: float | None = self.of(values)
        except KeyError:
            value = None
        return Checked(what=self.what, value=value, bound=self.bound, at_least=self.at_least)


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A bound with what was measured; None: it was not."""

    what: str
    value: float | None
    bound: float
    at_least: bool

    @property
    def met(self) -> bool:
        """Whether the value is on the right side of the bound; what was not measured is not."""
        if self.value is None:
            return False
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    @property
    def verdict(self) -> str:
        """In words."""
        return "not measured" if self.value is None else "met" if self.met else "NOT MET"

    def __str__(self) -> str:
        side = "at least" if self.at_least else "at most"
        value = "nothing" if self.value is None else f"{self.value:.2f}"
        return f"{self.what}: must be {side} {self.bound:g}, got {value}"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a measurement is given: a folder of its own, the regions, the tools, how to say what it is at.

    `scale` makes it small (tests): 1 is what the page shows.
    """

    folder: Path
    regions: Path
    fleet: Fleet
    tool: Callable[[str], Path]
    say: Callable[[str], None]
    runs: int = 3
    scale: float = 1

    def scaled(self, number: int) -> int:
        """Seconds or turns at the scale: fewer where there is little to do, and at least one."""
        return max(1, int(number * min(1, self.scale * 10)))


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """A measurement: `about` says how; `measure` gives values by the figures' names.

    `more` is the unit of figures whose names only the run knows. `tools` are the binaries that it runs.
    """

    name: str
    title: str
    about: str
    measure: Callable[[Setting], dict[str, float]]
    figures: tuple[Figure, ...] = ()
    bounds: tuple[Bound, ...] = ()
    more: str = ""
    tools: tuple[str, ...] = ()

    def all_figures(self, values: Values) -> Iterator[Figure]:
        """The known ones, and those that only the run knows."""
        yield from self.figures
        known = {figure.name for figure in self.figures}
        if self.more:
            yield from (Figure(name=name, what=name, unit=self.more) for name in values if name not in known)

    def check(self, values: Values) -> list[Checked]:
        """Every bound with its number."""
        return [bound.check(values) for bound in self.bounds]


def model_deviation(name: str, what: str, *, model: str = "") -> Bound:
    """How far a figure may be from that of the capacity model, above or below, as a share of the model's.

    `model` is the name of the model's figure, where it is not the name and `, model`.
    """
    other = model or f"{name}, model"
    return Bound(what=f"{what}, off the model", of=lambda values: abs(ratio(values, name, other) - 1), bound=TOLERANCE)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A part's values, the day, the command, and the machine in words (`cpu`, `cores`, versions)."""

    date: str
    command: str
    machine: Mapping[str, str]
    values: dict[str, float] = field(default_factory=dict)


def read(file: Path) -> dict[str, Measured]:
    """What was measured, by part; nothing where there is no file."""
    if not file.is_file():
        return {}
    parts: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return {name: Measured(**part) for name, part in parts.items()}


def text(parts: Mapping[str, Measured]) -> str:
    """The file's text."""
    rows = {
        name: {**vars(part), "values": {key: rounded(value) for key, value in part.values.items()}}
        for name, part in parts.items()
    }
    return json.dumps(rows, indent=2) + "\n"


def rounded(value: float) -> float:
    """To a few significant digits: the rest is noise."""
    return float(f"{value:.{DIGITS}g}")


def median(values: Iterable[float]) -> float:
    """The middle of some values; ValueError without any."""
    return statistics.median(values)


def ratio(values: Values, one: str, other: str) -> float:
    """One figure to another; KeyError where one of them was not measured."""
    return values[one] / values[other]
