"""`monitoring top` of a real Prometheus that has evaluated the rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitoring.__main__ import main
from tests.stack.evaluated import evaluated
from tests.stack.prometheus import Prometheus
from tests.stack.samples import TARGETS

pytestmark = pytest.mark.stack

REGIONS = Path(__file__).parents[1] / "fleet" / "regions"


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Of its own: `top` asks for now, and the samples of the one that others share may be older than the lookback."""
    with evaluated(tmp_path_factory.mktemp("top"), targets=TARGETS) as prometheus:
        yield prometheus


def test_a_real_prometheus_says_what_costs_most(region: Prometheus, tmp_path: Path) -> None:
    file = tmp_path / "addresses.json"
    here = {"trial-alpha": {"components": {"prometheus": [f"http://127.0.0.1:{region.port}"]}}}
    file.write_text(json.dumps(here), encoding="utf-8")
    line = ["top", "trial-alpha", "--regions", str(REGIONS), "--addresses", str(file)]
    result = CliRunner().invoke(main, [*line, "--json", "--most", "100"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)

    # what rules record is in the head; what they read is in blocks
    names = {one["name"] for one in report["metrics"]}
    assert report["series"]["series"] > 0
    assert names
    assert all(one["week_ago"] is None for one in report["metrics"])  # the samples are two hours old
    asked = region.query("namespace:scrape_samples_post_metric_relabeling:sum")
    expected = {one["metric"]["namespace"]: float(one["value"][1]) for one in asked}
    assert {one["name"]: one["series"] for one in report["namespaces"]} == expected
    # of the expositions: 900 series of each of two pods of orders
    assert expected["shop"] == 1800
    orders = [one for one in report["jobs"] if one["job"] == "orders"]
    assert [(one["namespace"], one["series"]) for one in orders] == [("shop", 1800)]
    assert {one["name"] for one in report["labels"]} >= {"__name__", "namespace"}
    table = CliRunner().invoke(main, line)
    assert "namespace" in table.stdout
