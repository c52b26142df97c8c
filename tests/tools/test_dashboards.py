"""The pictures of the dashboards, and the values that they are drawn from."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from tests.stack.known_metrics import Series
from tools.dashboards.__main__ import waves

DOCS = Path(__file__).parents[2] / "docs"
COMMITTED = {file.stem for file in (DOCS.parent / "helm-values" / "dashboards").glob("*.json")}
MOST = 250_000
"""Bytes of a picture: it stays in the repository's history."""


def test_each_committed_dashboard_has_a_picture_and_no_other() -> None:
    assert {"application", "capacity", "fleet", "monitoring-health"} == COMMITTED
    assert {file.stem.removeprefix("dashboard-") for file in DOCS.glob("dashboard-*.png")} == COMMITTED


def test_the_page_shows_each_of_them_once() -> None:
    shown = re.findall(r"!\[[^]]+\]\(dashboard-([a-z-]+)\.png\)", (DOCS / "dashboards.md").read_text(encoding="utf-8"))
    assert sorted(shown) == sorted(COMMITTED)


@pytest.mark.parametrize("uid", sorted(COMMITTED))
def test_a_picture_is_a_small_png_of_the_window_s_width(uid: str) -> None:
    png = (DOCS / f"dashboard-{uid}.png").read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    assert width == 1280
    assert 500 <= height <= 1100
    assert len(png) < MOST


def counter(name: str) -> Series:
    return Series(name=name, labels={}, value=7.0, rising=True)


@pytest.mark.parametrize(
    ("name", "trouble", "rises"),
    [
        ("prometheus_rule_evaluations_total", False, True),
        ("prometheus_rule_evaluations_total", True, True),
        ("prometheus_rule_evaluation_failures_total", False, False),
        ("prometheus_rule_evaluation_failures_total", True, True),
    ],
)
def test_faults_rise_in_trouble_only(name: str, trouble: bool, rises: bool) -> None:
    values = [waves({"pod": "a"}, counter(name), step, trouble=trouble) for step in range(120)]
    assert values == sorted(values)
    assert (values[-1] > values[0]) is rises


def test_a_share_that_is_whole_stays_whole() -> None:
    share = Series(name="job:up:ratio", labels={}, value=1.0, rising=False)
    assert {waves({"cluster": "one"}, share, step, trouble=True) for step in range(120)} == {1.0}
