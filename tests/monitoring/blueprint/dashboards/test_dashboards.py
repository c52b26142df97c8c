"""The dashboards as committed: whole, told apart, and built of what exists."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from monitoring.blueprint.dashboards import DASHBOARDS, FOLDER, dashboard_json
from monitoring.blueprint.dashboards.delivery import config_maps
from monitoring.blueprint.dashboards.page import NEVER, SCOPE, Page, Panel, Query, above, below, to_json
from monitoring.blueprint.rules.loader import rules
from monitoring.blueprint.values.charts import ROOT
from tests.rules import sources

UNITS = {"s", "bytes", "percentunit", "short", "reqps", "ops", "cps"}
"""Ids of Grafana's units that the pages use (packages/grafana-data/src/valueFormats/categories.ts)."""

SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\{([^{}]*)\}")


def dashboard(uid: str) -> dict[str, Any]:
    page: dict[str, Any] = json.loads((ROOT / FOLDER / f"{uid}.json").read_text(encoding="utf-8"))
    return page


def panels(page: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in page["panels"] if panel["type"] != "row"]


def place(uid: str, expr: str) -> str:
    """File and line of a query."""
    name = f"{FOLDER}/{uid}.json"
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    number = next(number for number, line in enumerate(lines, start=1) if json.dumps(expr) in line)
    return f"{name}:{number}"


def unknown(expr: str) -> list[str]:
    """What a query uses that no known source and no rule produces."""
    return list(sources.unknown(expr, sources.known(rules().files)))


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_the_file_is_what_the_code_builds(uid: str) -> None:
    assert (ROOT / FOLDER / f"{uid}.json").read_text(encoding="utf-8") == dashboard_json(uid)


def test_no_other_file_lies_beside_them() -> None:
    assert sorted(file.stem for file in (ROOT / FOLDER).iterdir()) == sorted(DASHBOARDS)


def test_uids_and_titles_tell_the_dashboards_apart() -> None:
    assert [dashboard(uid)["uid"] for uid in DASHBOARDS] == list(DASHBOARDS)
    assert len({dashboard(uid)["title"] for uid in DASHBOARDS}) == len(DASHBOARDS)


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_every_panel_says_what_it_shows_in_which_unit_and_from_where_on_it_is_bad(uid: str) -> None:
    for panel in panels(dashboard(uid)):
        defaults = panel["fieldConfig"]["defaults"]
        assert panel["description"].endswith("."), panel["title"]
        assert defaults["unit"] in UNITS, panel["title"]
        steps = defaults["thresholds"]["steps"]
        assert steps[0]["value"] is None, panel["title"]
        assert {"green", "red"} <= {step["color"] for step in steps}, panel["title"]
        values = [step["value"] for step in steps[1:]]
        assert values == sorted(values), panel["title"]


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_a_figure_without_data_is_grey(uid: str) -> None:
    for panel in panels(dashboard(uid)):
        if panel["type"] == "stat":
            (mapping,) = panel["fieldConfig"]["defaults"]["mappings"]
            assert mapping["options"]["match"] == "null+nan", panel["title"]
            assert mapping["options"]["result"] == {"text": "No data", "color": "#6e6e6e"}, panel["title"]


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_an_axis_of_shares_reaches_no_further_than_all_while_they_are_zero(uid: str) -> None:
    for panel in panels(dashboard(uid)):
        if panel["type"] == "timeseries" and panel["fieldConfig"]["defaults"]["unit"] == "percentunit":
            assert 0 < panel["fieldConfig"]["defaults"]["custom"]["axisSoftMax"] <= 1, panel["title"]


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_every_query_heeds_the_choice_of_region_and_of_data_source(uid: str) -> None:
    page = dashboard(uid)
    assert [one["name"] for one in page["templating"]["list"]][:2] == ["datasource", "cluster"]
    for panel in panels(page):
        assert panel["datasource"]["uid"] == "${datasource}"
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}"
            for name, matchers in SELECTOR.findall(target["expr"]):
                assert SCOPE in matchers, f"{panel['title']}: {name}"


def test_the_data_source_at_first_is_one_that_the_release_makes(zoned: Any) -> None:
    from monitoring.blueprint.releases.kube_prometheus_stack import computed

    made = {source["uid"] for source in computed(zoned, ())["grafana"]["additionalDataSources"]}
    for uid in DASHBOARDS:
        assert dashboard(uid)["templating"]["list"][0]["current"]["value"] in made


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_panels_fill_the_width_and_do_not_overlap(uid: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard(uid)["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not taken & cells, panel["title"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        taken |= cells


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_every_metric_and_label_comes_from_a_known_source(uid: str) -> None:
    for panel in panels(dashboard(uid)):
        for target in panel["targets"]:
            assert SELECTOR.search(target["expr"]), panel["title"]
            faults = unknown(target["expr"])
            assert not faults, f"{place(uid, target['expr'])}: {panel['title']}: no known source of {', '.join(faults)}"


def test_a_misspelt_metric_or_label_is_found() -> None:
    assert unknown('rate(http_request_total{route!=""}[5m])') == ["http_request_total"]
    assert unknown('http_requests_total{cluster="a",status="500"}') == ["http_requests_total{status}"]


def test_what_counts_is_read_as_a_rate() -> None:
    for uid in DASHBOARDS:
        for panel in panels(dashboard(uid)):
            for target in panel["targets"]:
                for match in re.finditer(r"\b\w+_(?:total|count|sum|bucket)\{[^{}]*\}", target["expr"]):
                    after = target["expr"][match.end() :]
                    counts_series = target["expr"][: match.start()].endswith("group by (cluster, namespace, job) (")
                    assert after.startswith("[") or counts_series, f"{panel['title']}: {target['expr']}"


def test_the_application_page_leaves_out_what_only_shares_a_name() -> None:
    for panel in panels(dashboard("application")):
        for target in panel["targets"]:
            for name, matchers in SELECTOR.findall(target["expr"]):
                if name.startswith("http_request"):
                    assert 'route!=""' in matchers, panel["title"]


def test_runbooks_that_panels_link_to_are_there() -> None:
    for uid in DASHBOARDS:
        for panel in panels(dashboard(uid)):
            for link in panel.get("links", []):
                assert (ROOT / "docs" / "runbooks" / link["url"].rpartition("/")[2]).is_file(), link["url"]


def test_synthesis_does_not_read_the_library() -> None:
    check = "import sys, monitoring.commands.generate, monitoring.blueprint.releases; " + (
        "sys.exit(any(name.startswith('grafana_foundation_sdk') for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=True)


@pytest.mark.parametrize(
    ("thresholds", "colours"),
    [
        (above(1, 2), [(None, "green"), (1, "yellow"), (2, "red")]),
        (above(1), [(None, "green"), (1, "red")]),
        (below(2, 1), [(None, "red"), (1, "yellow"), (2, "green")]),
        (below(1), [(None, "red"), (1, "green")]),
    ],
)
def test_thresholds_colour_from_their_value_upwards(thresholds: Any, colours: list[tuple[float | None, str]]) -> None:
    assert [(step.value, step.color) for step in thresholds.steps()] == colours


def test_a_panel_links_to_the_runbooks_of_its_alerts() -> None:
    panel = Panel(
        title="t",
        description="d.",
        unit="s",
        thresholds=NEVER,
        queries=(Query(expr=f"up{{{SCOPE}}}", legend=""),),
        alerts=("SomethingWrong",),
    )
    built = json.loads(to_json(Page(uid="u", title="t", description="d.", variables=(), rows={"r": (panel,)})))
    assert panels(built)[0]["links"][0]["url"].endswith("/docs/runbooks/SomethingWrong.md")


def test_what_helm_makes_of_the_config_maps_is_the_committed_text() -> None:
    for uid, made in zip(DASHBOARDS, config_maps(), strict=True):
        text = made["data"][f"{uid}.json"]
        actions = re.findall(r"\{\{.*?\}\}", text.replace("{{`{{`}}", "\0"))
        assert not actions, "Helm would evaluate these"
        assert text.replace("{{`{{`}}", "{{") == (ROOT / FOLDER / f"{uid}.json").read_text(encoding="utf-8")


def test_the_sidecar_finds_the_config_maps() -> None:
    values = yaml.safe_load((ROOT / "helm-values" / "kube-prometheus-stack.yaml").read_text(encoding="utf-8"))
    sidecar = values["grafana"]["sidecar"]["dashboards"]
    assert (sidecar["searchNamespace"], sidecar["resource"]) == ("monitoring", "configmap")
    for made in config_maps():
        assert made["metadata"]["labels"] == {"grafana_dashboard": "1"}
        assert made["metadata"]["namespace"] == "monitoring"
