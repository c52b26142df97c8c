"""Rule files: what is refused, and what the stack is given."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.blueprint import releases as releases_module
from monitoring.blueprint.components.workloads import KUBE_PROMETHEUS_STACK
from monitoring.blueprint.releases import checked_releases, releases
from monitoring.blueprint.rules import runbooks
from monitoring.blueprint.rules.loader import (
    FEDERATED,
    FOLDER,
    OF_ONE_TARGET,
    labels_of,
    level_labels,
    read_rules,
    rules,
    rules_of,
)
from monitoring.blueprint.values.charts import ROOT
from monitoring.errors import InvalidInput
from monitoring.fleet import Fleet, Region
from tests.rules.cases import CASES, comments, read

ALERT = """\
groups:
  - name: a_group
    interval: 30s
    rules:
      - record: job:up:max
        expr: max by (namespace, job) (up)
      - alert: TargetDown
        expr: up == 0
        for: 5m
        labels: {severity: warning, team: shop}
        annotations:
          summary: "{{ $labels.job }} is down."
          description: "${job} 100%{x} is {{ $value }}."
"""


def stack_values(region: Region) -> Any:
    return next(release.values for release in releases(region, ()) if release.name == KUBE_PROMETHEUS_STACK)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with a rule file and the page of its alert."""
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / "a_file.yaml").write_text(ALERT)
    (tmp_path / runbooks.FOLDER).mkdir(parents=True)
    (tmp_path / runbooks.page("TargetDown")).touch()
    return tmp_path


def test_the_repositorys_rules_are_right() -> None:
    assert rules().problems == ()
    assert [file.name for file in rules().files] == [
        f"{FOLDER}/{path.name}" for path in sorted((ROOT / FOLDER).iterdir())
    ]


def test_the_page_names_every_group_that_records_and_how_often_it_runs() -> None:
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    told = {name: f"{seconds}s" for name, seconds in re.findall(r"^\| `(\w+)` \| (\d+) s \|", page, re.MULTILINE)}
    groups = [group for file in rules().files if "alerts-" not in file.name for group in file.data["groups"]]
    assert told == {group["name"]: group["interval"] for group in groups}
    assert (told["performance_rules"], told["business_rules"]) == ("30s", "60s")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_each_fault_is_reported_with_file_and_line(case: Path, tmp_path: Path) -> None:
    assert sorted(map(str, read(case, tmp_path).problems)) == sorted(comments(case, "expect"))
    assert comments(case, "expect") or comments(case, "promtool")


def test_duplicate_group_name_is_reported_in_the_later_file(root: Path) -> None:
    (root / FOLDER / "b_file.yaml").write_text(ALERT)
    told = [str(problem) for problem in read_rules(root / FOLDER, root=root).problems]
    assert told == [
        f"{FOLDER}/b_file.yaml:{line}: {path} must be there once, got {name} at {FOLDER}/a_file.yaml:{line} too"
        for line, path, name in (
            (2, "groups[0].name", "a_group"),
            (5, "groups[0].rules[0].record", "job:up:max"),
            (7, "groups[0].rules[1].alert", "TargetDown"),
        )
    ]


def test_two_files_are_never_one_object(root: Path) -> None:
    other = ALERT.replace("a_group", "b_group").replace("job:up:max", "job:up:min").replace("TargetDown", "TargetGone")
    (root / FOLDER / "a-file.yaml").write_text(other)
    (root / runbooks.page("TargetGone")).touch()
    (problem,) = read_rules(root / FOLDER, root=root).problems
    assert str(problem) == (
        f"{FOLDER}/a_file.yaml: must have a name of its own, got the PrometheusRule a-file of {FOLDER}/a-file.yaml"
    )


def test_a_bad_rule_stops_the_synthesis(fleet: Fleet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = read(next(case for case in CASES if case.stem == "broken-yaml"), tmp_path)
    monkeypatch.setattr(releases_module, "rules", lambda: broken)
    with pytest.raises(InvalidInput, match=r"^helm-values/rules/broken-yaml\.yaml:4: "):
        checked_releases(fleet)


def test_each_alert_gets_the_link_to_its_page_and_nothing_else_changes(root: Path) -> None:
    delivered = read_rules(root / FOLDER, root=root).delivered(
        runbook_base="https://pages.example/runbooks", global_view=True
    )
    expected = yaml.safe_load(ALERT)
    expected["groups"][0]["rules"][1]["annotations"]["runbook_url"] = "https://pages.example/runbooks/TargetDown.md"
    assert delivered == {"a-file": expected}


def test_the_file_as_read_stays_without_the_link(root: Path) -> None:
    read_once = read_rules(root / FOLDER, root=root)
    read_once.delivered(runbook_base="https://pages.example/runbooks", global_view=True)
    assert "runbook_url" not in read_once.files[0].data["groups"][0]["rules"][1]["annotations"]


def test_each_rule_file_is_delivered_with_the_regions_url(zoned: Region) -> None:
    values = stack_values(zoned)
    given = dict(values["additionalPrometheusRulesMap"])
    del given["series-budgets"]  # of the region's file: test_usage.py
    del given["thanos-ring"]  # likewise: below
    assert given == rules().delivered(runbook_base=zoned.runbooks, global_view=True)
    assert len(given) == len(list((ROOT / FOLDER).iterdir()))


def ring_of(region: Region, **receive: int) -> dict[str, str]:
    """Zone by pod, as the region's rules record it."""
    changed = region.thanos.receive.model_copy(update=receive)
    grown = region.model_copy(update={"thanos": region.thanos.model_copy(update={"receive": changed})})
    (group,) = stack_values(grown)["additionalPrometheusRulesMap"]["thanos-ring"]["groups"]
    assert {(rule["record"], rule["expr"], rule["labels"]["namespace"]) for rule in group["rules"]} == {
        ("namespace_pod_zone:thanos_receive_ring:info", "vector(1)", "monitoring")
    }
    return {rule["labels"]["pod"]: rule["labels"]["zone"] for rule in group["rules"]}


def test_the_ring_is_recorded_with_the_zone_of_each_ingestor(zoned: Region, unzoned: Region) -> None:
    pods = [f"thanos-receive-ingestor-{number}" for number in range(6)]
    assert ring_of(zoned, replicas=6, ring=6) == dict(zip(pods, ("1", "2", "3", "1", "2", "3"), strict=True))
    assert ring_of(zoned, replicas=6) == dict(zip(pods[:3], ("1", "2", "3"), strict=True))
    assert ring_of(unzoned) == dict(zip(pods[:3], pods[:3], strict=True))


def test_federation_rules_exist_only_with_the_global_view(zoned: Region, unzoned: Region) -> None:
    there, elsewhere = (stack_values(region)["additionalPrometheusRulesMap"] for region in (zoned, unzoned))
    assert there.keys() - elsewhere.keys() == {"alerts-federation", "global-rules"}
    assert all(there[name] == content for name, content in elsewhere.items() if name != "thanos-ring")


def test_each_federated_aggregate_has_one_global_rule() -> None:
    assert {f"global:{name}" for name in rules().federated} == {
        name for name in rules().recorded if name.startswith("global:")
    }
    assert not [name for name in rules().federated if name.startswith(("global:", "federated:"))]


@pytest.mark.parametrize(
    ("record", "labels"),
    [
        ("job_le:a:b", {"job", "namespace", "le"}),
        ("global:job_le:a:b", {"job", "namespace", "le", "cluster", "environment"}),
        ("global:cluster:a:b", {"cluster", "environment"}),
        ("global:business:a:b", None),
    ],
)
def test_a_series_of_another_region_keeps_its_external_labels(record: str, labels: set[str] | None) -> None:
    assert labels_of(record) == labels


def test_names_of_objects_are_names_of_kubernetes(zoned: Region) -> None:
    values = stack_values(zoned)
    for name in values["additionalPrometheusRulesMap"]:
        assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?", name)  # the chart puts prometheus- before, of 63


@pytest.mark.parametrize(
    ("level", "labels"),
    [
        ("cluster", set()),
        ("job", {"namespace", "job"}),
        ("job_le", {"namespace", "job", "le"}),
        ("job_method_status_code", {"namespace", "job", "method", "status_code"}),
        ("job_status", {"namespace", "job", "status"}),
        ("business", None),
        ("job_", None),
        ("", None),
    ],
)
def test_aggregation_level_maps_to_labels(level: str, labels: set[str] | None) -> None:
    assert level_labels(level) == labels


def test_federated_series_have_no_per_target_labels() -> None:
    leaving = [
        rule["record"]
        for file in rules().files
        for _, rule in rules_of(file)
        if re.fullmatch(FEDERATED, rule.get("record", ""))
    ]
    assert leaving
    for name in leaving:
        assert not (level_labels(name.partition(":")[0]) or set()) & OF_ONE_TARGET


def test_upstreams_series_of_each_pod_do_not_leave_the_region() -> None:
    assert not re.fullmatch(FEDERATED, "cluster:namespace:pod_cpu:active:kube_pod_container_resource_limits")
    assert not re.fullmatch(FEDERATED, "instance:node_cpu_utilisation:rate5m")
    assert re.fullmatch(FEDERATED, "job_le:http_request_duration_seconds_bucket:rate5m")
    assert re.fullmatch(FEDERATED, "cluster:node_cpu:ratio_rate5m")


def test_dashboards_and_alerts_link_to_the_same_pages() -> None:
    from monitoring.fleet import load_fleet

    assert {region.runbooks for region in load_fleet(ROOT / "regions").regions} == {runbooks.committed_base()}
    assert runbooks.committed_base().endswith(f"/{runbooks.FOLDER}")
