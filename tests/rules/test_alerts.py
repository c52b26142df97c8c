"""Alerts of ours: each has its page, its tests, and reads no other region's series."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from monitoring.blueprint.components.workloads import COMPONENTS
from monitoring.blueprint.releases.kube_prometheus_stack import computed
from monitoring.blueprint.rules import upstream_alerts
from monitoring.blueprint.rules.loader import rules, rules_of
from monitoring.blueprint.values.charts import ROOT, versions
from monitoring.fleet import Fleet, load_fleet
from tests.rules.alert_cases import untested
from tests.rules.pages import FOLDER, alerts, faults, pages, procedures, queries
from tests.rules.promtool import promtool
from tests.rules.sources import known, unknown
from tests.rules.texts import GOLDEN, texts
from tests.stack.promql_names import names

HERE = Path(__file__).parent
OF_OTHER_REGIONS = ("federated:", "global:")
WORKLOADS = ROOT / "tests" / "golden" / "workloads.json"
EXPRESSIONS = ROOT / "tests" / "golden" / "upstream-expressions.json"
REPEATED = ROOT / "tests" / "golden" / "upstream-repeated.json"
UPSTREAM = ROOT / "tests" / "golden" / "upstream-alerts.txt"

GOOD = """\
# Any

## Meaning

a

## Impact

a

## First look

```promql
up
```

```sh
ls
```

## Fix

a

## Escalation

a
"""


def test_every_alert_has_its_page_and_every_page_its_alert() -> None:
    assert {page.stem for page in pages()} == set(alerts())


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_runbook_has_all_five_sections(page: Path) -> None:
    assert list(faults(page.stem, page.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("page", [*pages(), *procedures()], ids=lambda page: page.stem)
def test_runbook_queries_use_only_known_metrics(page: Path) -> None:
    sources = known(rules().files)
    found = {query: list(unknown(query, sources)) for query in queries(page.read_text(encoding="utf-8"))}
    assert {query: what for query, what in found.items() if what} == {}


def unknown_workloads(text: str) -> list[str]:
    """Workloads of ours that a page's commands name and no chart renders, or pods that no component's labels select."""
    named = re.findall(r"-n monitoring.* (deployment|statefulset|daemonset)/([a-z][\w-]*)", text)
    rendered = {(row["kind"].lower(), row["name"]) for row in json.loads(WORKLOADS.read_text(encoding="utf-8"))}
    asked = re.findall(r"pods? -n monitoring.* -l ([\w./-]+)=([\w-]+)", text)
    labels = {label for component in COMPONENTS for label in component.labels.items()}
    return [
        *(f"{kind}/{name}" for kind, name in named if (kind, name) not in rendered),
        *(f"{label}={value}" for label, value in asked if (label, value) not in labels),
    ]


@pytest.mark.parametrize("page", [*pages(), *procedures()], ids=lambda page: page.stem)
def test_runbook_commands_name_existing_workloads(page: Path) -> None:
    assert unknown_workloads(page.read_text(encoding="utf-8")) == []


def test_misspelt_workload_in_a_runbook_is_reported() -> None:
    commands = "kubectl logs -n monitoring deployment/thanos-qery\nkubectl get pods -n monitoring -l app=thanos"
    assert unknown_workloads(commands) == ["deployment/thanos-qery", "app=thanos"]
    assert unknown_workloads("kubectl logs -n monitoring deployment/thanos-query --tail=5") == []


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        (GOOD, []),
        (GOOD.replace("# Any", "# Other"), ["the heading Any"]),
        (GOOD.replace("## Impact\n\na\n\n", ""), ["the headings Meaning, Impact, First look, Fix, Escalation"]),
        (GOOD.replace("## Fix\n\na\n", "## Fix\n"), ["a text under Fix"]),
        (GOOD.replace("promql", "text"), ["a query to paste"]),
        (GOOD.replace("```sh", "```text"), ["a command to paste"]),
    ],
)
def test_missing_runbook_section_is_reported(page: str, fault: list[str]) -> None:
    assert list(faults("Any", page)) == fault


def test_other_runbooks_are_linked_from_the_runbook_readme() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert procedures()
    assert [page.name for page in procedures() if f"]({page.name})" not in readme] == []


def test_each_alert_has_firing_and_silent_test_cases() -> None:
    assert untested(alerts(), HERE.glob("*.yaml")) == []


@pytest.mark.parametrize(
    ("case", "fault"),
    [
        ({"input_series": [1], "exp_samples": []}, ["Any: no case in which it fires"]),
        ({"input_series": [1], "exp_samples": [1]}, ["Any: no case in which it is silent"]),
        ({"exp_samples": []}, ["Any: no case in which it fires", "Any: no case in which it is silent"]),
    ],
)
def test_alert_without_a_test_case_is_reported(case: dict[str, list[int]], fault: list[str], tmp_path: Path) -> None:
    file = tmp_path / "any.yaml"
    expr = 'count (ALERTS{alertname="Any",alertstate="firing"})'
    asked = {"expr": expr, "eval_time": "1h", "exp_samples": case["exp_samples"]}
    test = {"input_series": case.get("input_series"), "promql_expr_test": [asked]}
    file.write_text(yaml.safe_dump({"tests": [test]}), encoding="utf-8")
    assert untested(["Any"], [file]) == fault


def reads_other_regions(expr: str) -> list[str]:
    """Series of other regions that an expression may match: by name, or by having no name."""
    metrics = (selector.metric for selector in names(expr).selectors)
    return [metric for metric in metrics if not metric or metric.startswith(OF_OTHER_REGIONS)]


def test_no_alert_matches_another_regions_series_but_those_on_federation() -> None:
    """By name alone: every selector of ours has one, without the beginning that other regions' series have."""
    found = {file.name for file in rules().files for _, rule in rules_of(file) if reads_other_regions(rule["expr"])}
    assert found == {"helm-values/rules/alerts-federation.yaml", "helm-values/rules/global_rules.yaml"}


def test_no_alert_or_rule_of_upstream_matches_another_regions_series() -> None:
    upstream: dict[str, list[str]] = json.loads(EXPRESSIONS.read_text(encoding="utf-8"))
    _, named = recorded_upstream()
    rendered = upstream.keys() & named
    assert rendered == named - upstream_alerts.OFF.keys() - hidden(named), f"record {EXPRESSIONS.name} anew"
    assert {name for name, expressions in upstream.items() if any(map(reads_other_regions, expressions))} == set()


def hidden(alerts: set[str]) -> set[str]:
    """Alerts on parts that AKS hides, or on systems that are not there."""
    beginnings = (*(name.removesuffix("…") for name in upstream_alerts.OFF_WITH_THEIR_PART), "Windows")
    return {name for name in alerts if name.startswith(beginnings)}


@pytest.mark.parametrize("expr", ["federated:cluster:up:ratio < 1", '{job="a"} > 0', "up == 0 or global:up:ratio < 1"])
def test_an_alert_that_matches_another_regions_series_is_found(expr: str) -> None:
    assert reads_other_regions(expr)


def recorded_upstream() -> tuple[str, set[str]]:
    """Version and alerts of the chart, as recorded."""
    first, *rest = UPSTREAM.read_text(encoding="utf-8").splitlines()
    match = re.search(r"kube-prometheus-stack (\S+):", first)
    assert match
    return match[1], set(rest)


def test_disabled_upstream_alerts_exist_and_share_no_name_with_own_alerts() -> None:
    version, upstream = recorded_upstream()
    assert version == versions().charts["kube-prometheus-stack"].version, f"record {UPSTREAM.name} anew"
    assert set(upstream_alerts.OFF) <= upstream
    assert not set(alerts()) & upstream


def may_collide(repeated: dict[str, list[str]]) -> set[str]:
    """Recording rules of one name whose expressions do not differ by the codes that they ask for."""
    asked = {name: [re.findall(r'code=~"([^"]*)"', one) for one in alike] for name, alike in repeated.items()}
    return {name for name, codes in asked.items() if not all(codes) or len(set(map(tuple, codes))) < len(codes)}


def test_rules_that_upstream_has_twice_are_known_and_write_no_series_twice() -> None:
    repeated = json.loads(REPEATED.read_text(encoding="utf-8"))
    assert set(repeated) == set(upstream_alerts.SAME_SERIES) == {"code_verb:apiserver_request_total:increase1h"}
    assert may_collide(repeated) == set()


@pytest.mark.parametrize("alike", [["sum(a)", "sum(a)"], ['a{code=~"2.."}', 'a{code=~"2.."}'], ['a{code=~"2.."}', "a"]])
def test_rules_that_may_write_the_same_series_are_found(alike: list[str]) -> None:
    assert may_collide({"b:a:sum": alike}) == {"b:a:sum"}


def test_rules_of_one_name_and_the_same_labels_are_repeated() -> None:
    group = {
        "rules": [
            {"record": "a:b:sum", "expr": "sum(b)"},
            {"record": "a:b:sum", "expr": "sum(b)"},
            {"record": "a:c:sum", "expr": "sum(c)", "labels": {"verb": "read"}},
            {"record": "a:c:sum", "expr": "sum(c)", "labels": {"verb": "write"}},
            {"alert": "A", "expr": "b > 1"},
            {"alert": "A", "expr": "b > 2"},
        ]
    }
    upstream = {"kind": "PrometheusRule", "metadata": {"name": "prometheus-x"}, "spec": {"groups": [group]}}
    assert upstream_alerts.repeated([upstream], ours=()) == {"a:b:sum": ["sum(b)", "sum(b)"]}
    assert upstream_alerts.repeated([upstream], ours=("x",)) == {}


def test_disabled_upstream_alerts_are_in_the_chart_values(fleet: Fleet) -> None:
    disabled = computed(fleet.regions[0], ())["defaultRules"]["disabled"]
    assert disabled == dict.fromkeys(upstream_alerts.OFF, True)
    assert "Watchdog" not in disabled


def test_remote_write_alerts_fire_before_wal_truncation_and_window_end() -> None:
    """An hour of the log survives each cut; the window stands in the regions' files."""
    match = re.search(r"> (\d+)", str(alerts()["RemoteWriteSoonLosesSamples"]["expr"]))
    assert match
    windows = [region.thanos.outage_window.seconds for region in load_fleet(ROOT / "regions").regions]
    assert int(match[1]) <= 0.75 * min(3600, *windows)


@pytest.mark.rules
def test_alert_texts_equal_the_reviewed_texts(tmp_path: Path) -> None:
    """Read a new text, then commit what `python -m tests.rules.texts` writes."""
    assert texts(tmp_path) == GOLDEN.read_text(encoding="utf-8")


def test_every_alert_has_its_text_with_all_its_values() -> None:
    found = dict(line.split(": ", 1) for line in GOLDEN.read_text(encoding="utf-8").splitlines())
    assert found.keys() == alerts().keys()
    assert [text for text in found.values() if re.search(r"<no value>|<error|NaN|Inf|%!|\{\{|  | of [.,:]", text)] == []


@pytest.mark.rules
def test_every_query_on_a_page_is_promql(tmp_path: Path) -> None:
    asked = [query for page in [*pages(), *procedures()] for query in queries(page.read_text(encoding="utf-8"))]
    assert wrong(asked, tmp_path) == []
    assert wrong([*asked, "up == "], tmp_path) == ["up == "]


def wrong(asked: list[str], folder: Path) -> list[str]:
    """Queries that promtool cannot read."""
    recorded = [{"record": f"page:query:{number}", "expr": query} for number, query in enumerate(asked)]
    file = folder / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "pages", "rules": recorded}]}), encoding="utf-8")
    done = promtool("check", "rules", "--lint=none", str(file))
    assert done.returncode == 0 or "page:query:" in done.stdout, done.stdout
    return [asked[int(number)] for number in re.findall(r'"page:query:(\d+)"', done.stdout)]
