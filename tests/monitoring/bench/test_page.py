"""The page says what was measured, and what was not; a bound that is not met is marked."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.bench.figures import Bound, Figure, Measured, Measurement, Values, median, ratio, read, rounded, text
from monitoring.bench.measurements import MEASUREMENTS
from monitoring.bench.page import TEMPLATE, number, render, section

VALUES = {"raw": 2.0, "recorded": 0.5}


def part(*bounds: Bound, more: tuple[Figure, ...] = (), unit: str = "") -> Measurement:
    return Measurement(
        name="panels",
        title="Panels",
        about="Asked ten times.",
        measure=lambda _: {},
        figures=(
            Figure(name="raw", what="raw series", unit="s"),
            Figure(name="recorded", what="recorded series", unit="s", baseline="raw"),
            *more,
        ),
        bounds=bounds,
        more=unit,
    )


def bound(limit: float, *, at_least: bool = False) -> Bound:
    return Bound(
        what="raw / recorded", of=lambda values: ratio(values, "raw", "recorded"), bound=limit, at_least=at_least
    )


def measured(values: Values) -> Measured:
    return Measured(date="2026-01-02", command="make bench", machine={"cores": "2", "Node": "24"}, values=dict(values))


def test_figure_has_its_baseline_in_the_same_row() -> None:
    lines = section(part(), measured(VALUES)).splitlines()
    assert "| recorded series | 500 ms | 2 s (raw series) | 0.25 |" in lines
    assert not any(line.startswith("| raw series") for line in lines)


def test_the_baseline_of_several_has_a_row_of_its_own() -> None:
    cached = Figure(name="cached", what="cached", unit="s", baseline="raw")
    lines = section(part(more=(cached,)), measured({**VALUES, "cached": 0.01})).splitlines()
    assert "| raw series | 2 s |  |  |" in lines
    assert "| recorded series | 500 ms | 2 s | 0.25 |" in lines
    assert "| cached | 10 ms | 2 s | 1/200 |" in lines


def test_a_section_says_when_how_and_where_it_was_measured() -> None:
    lines = section(part(), measured(VALUES)).splitlines()
    assert lines[0] == "Asked ten times."
    assert "2026-01-02, `make bench`: cores 2, Node 24." in lines


def test_figure_without_a_value_is_marked_unmeasured() -> None:
    lines = section(part(bound(3, at_least=True)), measured({"raw": 2.0})).splitlines()
    assert "| recorded series | not measured | 2 s (raw series) |  |" in lines
    assert "| raw / recorded | at least 3 | not measured | **not measured** |" in lines


def test_unmeasured_part_is_marked_unmeasured() -> None:
    lines = section(part(bound(3)), None).splitlines()
    assert "Not measured." in lines
    assert "| recorded series | not measured | not measured (raw series) |  |" in lines


@pytest.mark.parametrize(
    ("of", "verdict"),
    [
        (bound(4), "met"),
        (bound(3), "**not met**"),
        (bound(4, at_least=True), "met"),
        (bound(5, at_least=True), "**not met**"),
    ],
)
def test_a_bound_that_is_not_met_is_marked(of: Bound, verdict: str) -> None:
    assert section(part(of), measured(VALUES)).splitlines()[-1].split("|")[4].strip() == verdict


def test_bound_row_has_limit_and_measured_value() -> None:
    assert str(bound(3).check(VALUES)) == "raw / recorded: must be at most 3, got 4.00"
    assert str(bound(3).check({})) == "raw / recorded: must be at most 3, got nothing"


def test_figures_named_at_run_time_have_rows() -> None:
    rows = section(part(unit="s"), measured({**VALUES, "the router restarted": 1.5})).splitlines()
    assert "| the router restarted | 1.5 s |  |  |" in rows


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (None, "s", "not measured"),
        (0, "s", "0 s"),
        (0.01234, "s", "12.3 ms"),
        (1.234, "s", "1.23 s"),
        (123.4, "s", "123 s"),
        (6.5, "B", "6.5 B"),
        (287_332_800, "B", "287 MB"),
        (4567, "B", "4,567 B"),
        (101_296, "", "101,296"),
    ],
)
def test_numbers_are_short(value: float | None, unit: str, shown: str) -> None:
    assert number(value, unit) == shown


def test_the_template_has_a_place_for_every_part() -> None:
    template = TEMPLATE.read_text(encoding="utf-8")
    page = render(template, {})
    assert "<!--" not in page
    with pytest.raises(ValueError, match="the template must have a place for each of"):
        render(template.replace("<!-- figures: panels -->", ""), {})


def test_figure_names_are_unique_and_baselines_exist() -> None:
    for one in MEASUREMENTS.values():
        names = [figure.name for figure in one.figures]
        assert len(names) == len(set(names)), one.name
        assert {figure.baseline for figure in one.figures if figure.baseline} <= set(names), one.name


def test_bound_without_a_measured_value_is_not_met() -> None:
    assert [bound.what for one in MEASUREMENTS.values() for bound in one.check({}) if bound.met] == []


def test_the_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    assert read(file) == {}
    file.write_text(text({"panels": measured({"raw": 1.23456789})}), encoding="utf-8")
    assert read(file) == {"panels": measured({"raw": 1.235})}


def test_the_median_stands_for_the_runs() -> None:
    assert median([9, 1, 2]) == 2
    with pytest.raises(ValueError, match="no median"):
        median([])


def test_a_ratio_needs_both_figures() -> None:
    assert ratio(VALUES, "raw", "recorded") == 4
    with pytest.raises(KeyError):
        ratio({"raw": 1}, "raw", "recorded")


def test_figures_are_rounded_to_significant_digits() -> None:
    assert (rounded(123_456.0), rounded(0.000123456)) == (123_500, 0.0001235)
