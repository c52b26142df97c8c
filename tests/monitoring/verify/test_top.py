"""What costs most: from Prometheus' answers as recorded, and from who answers otherwise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from monitoring.__main__ import main
from monitoring.verify.client import UnreachableError
from monitoring.verify.model import NotHereError
from monitoring.verify.top import Count, Label, Namespace, top
from tests.monitoring.verify.test_checks import DEPLOYMENT, Canned, series

STATUS: dict[str, Any] = {
    # Prometheus 3.14.0, cut
    "status": "success",
    "data": {
        "headStats": {
            "numSeries": 735,
            "numLabelPairs": 583,
            "chunkCount": 735,
            "minTime": 1795889586541,
            "maxTime": 1795889668561,
        },
        "seriesCountByMetricName": [
            {"name": "prometheus_http_requests_total", "value": 63},
            {"name": "prometheus_engine_query_duration_histogram_seconds_bucket", "value": 20},
            {"name": "prometheus_sd_kubernetes_events_total", "value": 18},
        ],
        "labelValueCountByLabelName": [
            {"name": "__name__", "value": 361},
            {"name": "le", "value": 97},
            {"name": "handler", "value": 63},
        ],
        "memoryInBytesByLabelName": [
            {"name": "__name__", "value": 38161},
            {"name": "service", "value": 22050},
            {"name": "le", "value": 6100},
        ],
        "seriesCountByLabelValuePair": [{"name": "job=self", "value": 735}],
    },
}
NAMESPACES = "query=namespace:scrape_samples_post_metric_relabeling:sum"
JOBS = "query=sum by (namespace, job) (scrape_samples_post_metric_relabeling"
ANSWERS: dict[str, Any] = {
    "https://p0:9090/api/v1/status/tsdb?limit=": STATUS,
    "max(prometheus_tsdb_head_series{job=": series(({}, 700)),
    'count({__name__="prometheus_http_requests_total"} offset 7d)': series(({}, 43)),
    "count({__name__=": series(),
    f"{JOBS} offset 7d)": series(({"namespace": "shop", "job": "orders"}, 1000)),
    f"{JOBS})": series(
        ({"job": "azure-vms"}, 500),
        ({"namespace": "shop", "job": "orders"}, 1800),
        ({"namespace": "shop", "job": "carts"}, 500),
    ),
    f"{NAMESPACES} offset 7d": series(({"namespace": "shop"}, 2500)),
    NAMESPACES: series(({"namespace": "billing"}, 300), ({"namespace": "shop"}, 2300)),
    "query=namespace:scrape_samples_post_metric_relabeling:rate5m": series(({"namespace": "shop"}, 76.7)),
    "query=namespace:scrape_series_added:increase1h": series(({"namespace": "shop"}, 12)),
    "query=namespace:series_budget:limit": series(({"namespace": "shop"}, 4600)),
}


def canned(**other: Any) -> Canned:
    return Canned(answers={**other, **ANSWERS})


def test_metrics_labels_jobs_and_namespaces_the_most_expensive_first() -> None:
    found = top(canned(), DEPLOYMENT, most=10)
    assert found.series == Count(now=735, before=700)
    assert found.series.grown == 35
    assert dict(found.metrics) == {
        "prometheus_http_requests_total": Count(now=63, before=43),
        "prometheus_engine_query_duration_histogram_seconds_bucket": Count(now=20, before=None),
        "prometheus_sd_kubernetes_events_total": Count(now=18, before=None),
    }
    assert found.labels == [
        Label(name="__name__", values=361, bytes=38161),
        Label(name="le", values=97, bytes=6100),
        Label(name="handler", values=63, bytes=None),
    ]
    assert list(found.jobs.items()) == [
        (("shop", "orders"), Count(now=1800, before=1000)),
        (("", "azure-vms"), Count(now=500, before=None)),
        (("shop", "carts"), Count(now=500, before=None)),
    ]
    assert found.namespaces == [
        Namespace(name="shop", series=Count(now=2300, before=2500), samples=76.7, new=12, budget=4600),
        Namespace(name="billing", series=Count(now=300, before=None), samples=None, new=None, budget=None),
    ]
    assert found.namespaces[0].series.grown == -200


def test_no_more_than_is_asked_for() -> None:
    found = top(canned(), DEPLOYMENT, most=1)
    assert [len(part) for part in (found.metrics, found.labels, found.jobs, found.namespaces)] == [1, 1, 1, 1]


@pytest.mark.parametrize("said", ["sign in first", {"status": "success", "data": {"result": []}}, {"status": "error"}])
def test_who_has_no_statistics_is_said_to_be_unreachable(said: object) -> None:
    with pytest.raises(UnreachableError, match="has no statistics of its head"):
        top(canned(**{"/api/v1/status/tsdb": said}), DEPLOYMENT, most=10)


def test_a_deployment_without_prometheus_is_told() -> None:
    with pytest.raises(NotHereError, match="prometheus"):
        top(canned(), type(DEPLOYMENT)(region=DEPLOYMENT.region, components={}), most=10)


REGIONS = str(Path(__file__).parents[2] / "fleet" / "regions")


def command(folder: Path, components: Mapping[str, list[str]], *more: str) -> list[str]:
    file = folder / "addresses.json"
    file.write_text(json.dumps({"trial-alpha": {"components": components}}), encoding="utf-8")
    return ["top", "trial-alpha", "--regions", REGIONS, "--addresses", str(file), *more]


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.verify.addresses.HttpClient", lambda **_: canned())


@pytest.mark.usefixtures("answered")
def test_the_tables_say_growth_and_budget(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, command(tmp_path, {"prometheus": ["https://p0:9090"]}))
    assert result.exit_code == 0, result.output
    assert "trial-alpha: 735 series in the head, +35 in a week" in result.stdout
    lines = [" ".join(line.replace("│", " ").split()) for line in result.stdout.splitlines()]
    assert "prometheus_http_requests_total 63 +20" in lines
    assert "prometheus_sd_kubernetes_events_total 18 nothing of then" in lines
    assert "handler 63 -" in lines
    assert "azure-vms 500 nothing of then" in lines
    assert "shop 2,300 -200 77 12 50%" in lines
    assert "billing 300 nothing of then - - -" in lines


@pytest.mark.usefixtures("answered")
def test_the_report_for_machines_has_the_same(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, command(tmp_path, {"prometheus": ["https://p0:9090"]}, "--json", "--most", "2"))
    report = json.loads(result.stdout)
    assert report["region"] == "trial-alpha"
    assert report["series"] == {"series": 735, "week_ago": 700, "grown": 35}
    assert report["metrics"][0] == {"name": "prometheus_http_requests_total", "series": 63, "week_ago": 43, "grown": 20}
    assert report["jobs"][1] == {"namespace": "", "job": "azure-vms", "series": 500, "week_ago": None, "grown": None}
    assert report["namespaces"][0]["budget"] == 4600
    assert len(report["metrics"]) == 2


def test_nobody_to_ask_ends_with_2(tmp_path: Path) -> None:
    for components, told in (
        ({"prometheus": ["http://127.0.0.1:1"]}, "127.0.0.1:1"),
        ({}, "no prometheus among the addresses"),
    ):
        result = CliRunner().invoke(main, command(tmp_path, components))
        assert (result.exit_code, told in result.stderr) == (2, True), result.output


def test_without_a_file_of_addresses_the_way_to_one_is_told(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["top", "--addresses", str(tmp_path / "none.json"), "--regions", REGIONS])
    assert result.exit_code == 2
    assert "`make local` writes it while it runs" in result.stderr
