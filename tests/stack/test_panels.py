"""Every panel's query, asked of a real Prometheus: none is empty."""

from __future__ import annotations

import json
import math
import re
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from monitoring.blueprint.charts import ROOT
from monitoring.blueprint.dashboards import DASHBOARDS, FOLDER
from monitoring.commands._charts import CannotHave
from monitoring.commands._tools import find_tool
from tests.stack.known_metrics import known_metrics
from tests.stack.processes import free_ports, running
from tests.stack.samples import REGIONS, write_database

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


class Prometheus:
    """The real one, with the samples."""

    def __init__(self, port: int, until: int) -> None:
        self.port = port
        self.until = until

    def get(self, path: str, **parameters: object) -> Any:
        """The answer's data; the error's text where there is none."""
        query = urllib.parse.urlencode(parameters).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", data=query, timeout=60) as answer:
            return json.load(answer)["data"]

    def ask(self, target: dict[str, Any], *, cluster: str) -> list[dict[str, Any]]:
        """Series of a panel's target, those without any number left out."""
        text = target["expr"].replace("$__rate_interval", "5m").replace("$cluster", cluster)
        text = re.sub(r"\$(namespace|job)\b", ".*", text)
        assert "$" not in text
        if target.get("instant"):
            found = self.get("/api/v1/query", query=text, time=self.until)["result"]
            return [one for one in found if math.isfinite(float(one["value"][1]))]
        span = {"start": self.until - 1800, "end": self.until, "step": 60}
        found = self.get("/api/v1/query_range", query=text, **span)["result"]
        return [one for one in found if any(math.isfinite(float(value)) for _, value in one["values"])]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    try:
        binary, promtool = find_tool("prometheus"), find_tool("promtool")
    except CannotHave as missing:
        pytest.fail(str(missing))
    folder: Path = tmp_path_factory.mktemp("prometheus")
    until = int(time.time()) // 60 * 60
    write_database(folder, promtool=promtool, until=until, names=known_metrics().keys() & _used())
    (folder / "prometheus.yml").write_text("{}\n")
    (port,) = free_ports(1)
    line = [
        str(binary),
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with running(line, log=folder / "log", port=port):
        yield Prometheus(port, until)


def _used() -> set[str]:
    """Every word of every query: names of metrics among them."""
    return {
        word for _, panel in PANELS for target in panel["targets"] for word in re.findall(r"[\w:]+", target["expr"])
    }


@pytest.mark.parametrize(("uid", "panel"), PANELS, ids=NAMES)
@pytest.mark.parametrize("cluster", [".*", REGIONS[0]], ids=["all", "one"])
def test_every_query_answers_with_a_number(
    prometheus: Prometheus, uid: str, panel: dict[str, Any], cluster: str
) -> None:
    for target in panel["targets"]:
        assert prometheus.ask(target, cluster=cluster), f"{uid}: {panel['title']}: no series: {target['expr']}"


@pytest.mark.parametrize(("uid", "panel"), PANELS, ids=NAMES)
def test_every_label_of_a_legend_is_on_the_series(prometheus: Prometheus, uid: str, panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        wanted = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        for one in prometheus.ask(target, cluster=".*"):
            assert wanted <= one["metric"].keys(), f"{uid}: {panel['title']}: {target['expr']}"


@pytest.mark.parametrize(("uid", "panel"), PANELS, ids=NAMES)
def test_a_series_of_a_legend_is_told_from_the_others(prometheus: Prometheus, uid: str, panel: dict[str, Any]) -> None:
    drawn = [
        re.sub(r"\{\{(\w+)\}\}", lambda label, one=one: one["metric"].get(label[1], ""), target["legendFormat"])  # type: ignore[misc]
        for target in panel["targets"]
        for one in prometheus.ask(target, cluster=".*")
    ]
    assert len(drawn) == len(set(drawn)), f"{uid}: {panel['title']}: {sorted(drawn)}"


def test_a_region_that_is_not_there_gives_no_series(prometheus: Prometheus) -> None:
    for uid, panel in PANELS:
        for target in panel["targets"]:
            left = prometheus.ask(target, cluster="trial-nowhere")
            assert not left, f"{uid}: {panel['title']} does not heed the choice of region: {target['expr']}"


@pytest.mark.parametrize("fault", ["http_request_total", 'http_requests_total{status="500"}'])
def test_a_misspelt_metric_or_label_gives_no_series(prometheus: Prometheus, fault: str) -> None:
    assert not prometheus.ask({"expr": f"rate({fault}[5m])"}, cluster=".*")


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_every_choice_has_values(prometheus: Prometheus, uid: str) -> None:
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
        (uid, str(panel["title"]), sum(len(prometheus.ask(target, cluster=".*")) for target in panel["targets"]))
        for uid, panel in PANELS
    ]
    for uid, title, count in counts:
        table.add_row(uid, title, str(count))
    with capsys.disabled():
        Console(width=120).print(table)
    assert all(count for _, _, count in counts)
