"""Every panel's query, asked of a real Prometheus: none is empty."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from monitoring.blueprint.dashboards import DASHBOARDS, FOLDER
from monitoring.blueprint.values.charts import ROOT
from tests.stack.prometheus import Prometheus
from tests.stack.samples import REGIONS

pytestmark = pytest.mark.stack


def panels() -> list[tuple[str, dict[str, Any]]]:
    """Dashboard and panel, rows left out."""
    return [
        (uid, panel)
        for uid in DASHBOARDS
        for panel in json.loads((ROOT / FOLDER / f"{uid}.json").read_text(encoding="utf-8"))["panels"]
        if panel["type"] != "row"
    ]


PANELS = panels()
NAMES = [f"{uid}: {panel['title']}" for uid, panel in PANELS]


def ask(prometheus: Prometheus, target: dict[str, Any], *, cluster: str) -> list[dict[str, Any]]:
    """Series of a panel's target, those without any number left out."""
    text = target["expr"].replace("$__rate_interval", "5m").replace("$cluster", cluster)
    text = re.sub(r"\$(namespace|job)\b", ".*", text)
    assert "$" not in text
    if target.get("instant"):
        return [one for one in prometheus.query(text) if math.isfinite(float(one["value"][1]))]
    span = {"start": prometheus.until - 1800, "end": prometheus.until, "step": 60}
    found = prometheus.get("/api/v1/query_range", query=text, **span)["result"]
    return [one for one in found if any(math.isfinite(float(value)) for _, value in one["values"])]


@pytest.mark.parametrize(("uid", "panel"), PANELS, ids=NAMES)
@pytest.mark.parametrize("cluster", [".*", REGIONS[0]], ids=["all", "one"])
def test_every_query_answers_with_a_number(
    prometheus: Prometheus, uid: str, panel: dict[str, Any], cluster: str
) -> None:
    for target in panel["targets"]:
        assert ask(prometheus, target, cluster=cluster), f"{uid}: {panel['title']}: no series: {target['expr']}"


@pytest.mark.parametrize(("uid", "panel"), PANELS, ids=NAMES)
def test_every_label_of_a_legend_is_on_the_series(prometheus: Prometheus, uid: str, panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        wanted = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        for one in ask(prometheus, target, cluster=".*"):
            assert wanted <= one["metric"].keys(), f"{uid}: {panel['title']}: {target['expr']}"


@pytest.mark.parametrize(("uid", "panel"), PANELS, ids=NAMES)
def test_legend_distinguishes_series(prometheus: Prometheus, uid: str, panel: dict[str, Any]) -> None:
    drawn = [
        re.sub(r"\{\{(\w+)\}\}", lambda label, one=one: one["metric"].get(label[1], ""), target["legendFormat"])  # type: ignore[misc]
        for target in panel["targets"]
        for one in ask(prometheus, target, cluster=".*")
    ]
    assert len(drawn) == len(set(drawn)), f"{uid}: {panel['title']}: {sorted(drawn)}"


def test_unknown_region_gives_no_series(prometheus: Prometheus) -> None:
    for uid, panel in PANELS:
        for target in panel["targets"]:
            left = ask(prometheus, target, cluster="trial-nowhere")
            assert not left, f"{uid}: {panel['title']} does not heed the choice of region: {target['expr']}"


@pytest.mark.parametrize("fault", ["http_request_total", 'http_requests_total{status="500"}'])
def test_a_misspelt_metric_or_label_gives_no_series(prometheus: Prometheus, fault: str) -> None:
    assert not ask(prometheus, {"expr": f"rate({fault}[5m])"}, cluster=".*")


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_each_dashboard_variable_has_values(prometheus: Prometheus, uid: str) -> None:
    page = json.loads((ROOT / FOLDER / f"{uid}.json").read_text(encoding="utf-8"))
    for variable in page["templating"]["list"]:
        if variable["type"] == "query":
            found = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"])
            assert found
            match = found[1].replace("$cluster", ".*").replace("$namespace", ".*")
            span = {"start": prometheus.until - 3600, "end": prometheus.until}
            values = {one.get(found[2]) for one in prometheus.get("/api/v1/series", **{"match[]": match}, **span)}
            assert values - {None}, f"{uid}: {variable['name']}"


def test_the_table_of_panels(prometheus: Prometheus, capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("dashboard", "panel", "series", title=f"{len(PANELS)} panels, {len(REGIONS)} regions")
    counts = [
        (uid, str(panel["title"]), sum(len(ask(prometheus, target, cluster=".*")) for target in panel["targets"]))
        for uid, panel in PANELS
    ]
    for uid, title, count in counts:
        table.add_row(uid, title, str(count))
    with capsys.disabled():
        Console(width=120).print(table)
    assert all(count for _, _, count in counts)
