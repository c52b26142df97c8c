"""docs/performance.md: the figures of docs/figures.json in tables, between what performance.template.md explains."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from monitoring.bench.figures import FILE, Measured, Measurement, Values, read
from monitoring.bench.measurements import MEASUREMENTS
from monitoring.blueprint.values.charts import ROOT

PAGE = "docs/performance.md"
TEMPLATE = Path(__file__).with_name("performance.template.md")
MISSING = "not measured"
_PLACE = re.compile(r"^<!-- figures: (\S+) -->$", re.MULTILINE)


def page() -> str:
    """The page's text, from the committed figures."""
    return render(TEMPLATE.read_text(encoding="utf-8"), read(ROOT / FILE))


def render(template: str, measured: Mapping[str, Measured]) -> str:
    """The template with each part's figures in their place; ValueError where a part has none, or a place no part."""
    places = _PLACE.findall(template)
    if sorted(places) != sorted(MEASUREMENTS):
        raise ValueError(
            f"the template must have a place for each of {', '.join(MEASUREMENTS)}, got {', '.join(places)}"
        )
    return _PLACE.sub(lambda place: section(MEASUREMENTS[place[1]], measured.get(place[1])), template)


def section(part: Measurement, measured: Measured | None) -> str:
    """How it was measured, the figures, and the bounds."""
    lines = [part.about, "", _where(measured), "", *figures_table(part, measured.values if measured else {})]
    if part.bounds:
        lines += ["", *bounds_table(part, measured.values if measured else {})]
    return "\n".join(lines)


def figures_table(part: Measurement, values: Values) -> Iterator[str]:
    """The rows as Markdown."""
    yield "| | | baseline | x baseline |"
    yield "|---|---:|---:|---:|"
    for row in rows(part, values):
        yield f"| {' | '.join(row)} |"


def rows(part: Measurement, values: Values) -> Iterator[tuple[str, str, str, str]]:
    """What, value, baseline, ratio; a figure that has no value says so.

    The baseline of one figure stands beside it by name, that of several has a row of its own.
    """
    figures = {figure.name: figure for figure in part.all_figures(values)}
    stands_for = Counter(figure.baseline for figure in figures.values() if figure.baseline)
    for figure in figures.values():
        if stands_for[figure.name] == 1:
            continue
        value, baseline = values.get(figure.name), figures.get(figure.baseline)
        beside = by = ""
        if baseline:
            other = values.get(baseline.name)
            name = f" ({baseline.what})" if stands_for[baseline.name] == 1 else ""
            beside = f"{number(other, baseline.unit)}{name}"
            by = times(value / other) if value is not None and other else ""
        yield figure.what, number(value, figure.unit), beside, by


def bounds_table(part: Measurement, values: Values) -> Iterator[str]:
    """A row per bound, with whether it is met."""
    yield "| bound | must be | is | |"
    yield "|---|---:|---:|---|"
    for one in part.check(values):
        side = "at least" if one.at_least else "at most"
        verdict = one.verdict if one.met else f"**{one.verdict.lower()}**"
        yield f"| {one.what} | {side} {one.bound:g} | {number(one.value, '')} | {verdict} |"


def number(value: float | None, unit: str) -> str:
    """With its unit, short: `1.23 s`, `280 MB`, `12,300`."""
    if value is None:
        return MISSING
    if unit == "B" and value >= 10_000:  # noqa: PLR2004
        for larger, of in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
            if value >= of:
                value, unit = value / of, larger
                break
    if unit == "s" and 0 < value < 1:
        value, unit = value * 1000, "ms"
    digits = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004
    return f"{digits} {unit}".rstrip()


def times(ratio: float) -> str:
    """`3.4`, or `1/145` of what is far below."""
    return f"1/{1 / ratio:.0f}" if 0 < ratio < 0.1 else f"{ratio:.3g}"  # noqa: PLR2004


def _where(measured: Measured | None) -> str:
    if measured is None:
        return "Not measured."
    machine = ", ".join(f"{what} {version}".strip() for what, version in measured.machine.items())
    return f"{measured.date}, `{measured.command}`: {machine}."
