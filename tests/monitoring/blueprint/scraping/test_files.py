"""Scrape jobs of our own: complete for each region, limited, and without a secret."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from monitoring.blueprint.components.workloads import PROMETHEUS
from monitoring.blueprint.releases import checked_releases, releases
from monitoring.blueprint.scraping import limits
from monitoring.blueprint.scraping.files import (
    SECRET_KEYS,
    ScrapeFiles,
    inline_secrets,
    read_scrape_files,
    scrape_files,
)
from monitoring.errors import InvalidInput
from monitoring.fleet import Fleet, Region, load_fleet
from monitoring.fleet.yaml_file import YamlFile

TESTS = Path(__file__).parents[3]
CASES = sorted((TESTS / "scrape" / "bad").glob("*.yaml"))


def _jobs(region: Region) -> dict[str, dict[str, Any]]:
    return {job["job_name"]: job for job in scrape_files().jobs(region)}


def _stack(region: Region) -> Any:
    return next(one for one in releases(region, ()) if one.name == "kube-prometheus-stack").values


def test_the_repositorys_own_files_are_right() -> None:
    assert [str(problem) for problem in scrape_files().problems] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_scrape_file_fault_is_reported_with_its_line(case: Path, tmp_path: Path) -> None:
    shutil.copy(case, tmp_path)
    expected = re.findall(r"^# expect: (.*)$", case.read_text(), re.MULTILINE)
    assert expected
    assert [str(problem) for problem in read_scrape_files(tmp_path).problems] == expected


@pytest.mark.parametrize("key", sorted(SECRET_KEYS))
def test_every_kind_of_secret_is_refused_and_its_file_taken(key: str) -> None:
    assert [path for path, _ in inline_secrets([{"a": {key: "x"}}])] == [(0, "a", key)]
    assert not list(inline_secrets([{"a": {f"{key}_file": "/mnt/key-vault/x"}}]))


def test_a_password_in_an_address_is_refused() -> None:
    assert list(inline_secrets({"proxy_url": "http://user:word@proxy.trial.example"}))
    assert not list(inline_secrets({"proxy_url": "http://user@proxy.trial.example:80"}))


def test_secret_in_region_values_is_reported_with_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "regions"
    shutil.copytree(TESTS / "fleet" / "regions", folder)
    file = folder / "trial-gamma.yaml"
    first = file.read_text().count("\n") + 1
    file.write_text(
        file.read_text()
        + "helm_values:\n  kube-prometheus-stack:\n    prometheus:\n      prometheusSpec:\n"
        + "        additionalScrapeConfigs:\n          - job_name: x\n            bearer_token: abc\n"
    )
    with pytest.raises(InvalidInput) as caught:
        checked_releases(load_fleet(folder))
    (problem,) = caught.value.problems
    assert str(problem).startswith(f"regions/trial-gamma.yaml:{first + 6}: helm_values.kube-prometheus-stack")
    assert "bearer_token_file" in str(problem)


def test_azure_vms_are_discovered_by_workload_identity(fleet: Fleet) -> None:
    for region in fleet.regions:
        (found,) = _jobs(region)["azure-vms"]["azure_sd_configs"]
        assert found == {
            "authentication_method": "WorkloadIdentity",
            "subscription_id": region.subscription_id,
            "tenant_id": region.tenant_id,
            "resource_group": f"rg-trial-machines-{region.name.removeprefix('trial-')}",
            "port": 9200,
            "refresh_interval": "1m",
        }


@pytest.mark.parametrize("job", ["kubernetes-pods", "kubernetes-services"])
def test_annotations_are_read_in_all_namespaces(zoned: Region, job: str) -> None:
    assert all("namespaces" not in discovery for discovery in _jobs(zoned)[job]["kubernetes_sd_configs"])


def test_component_with_a_monitor_has_no_scrape_annotation(zoned: Region) -> None:
    values = _stack(zoned)
    assert values["prometheus-node-exporter"]["service"]["annotations"] == {"prometheus.io/scrape": "false"}
    assert "prometheus.io/scrape" not in str({name: values[name] for name in ("grafana", "alertmanager", "prometheus")})


def test_every_job_of_our_own_is_limited(fleet: Fleet) -> None:
    for region in fleet.regions:
        for job in scrape_files().jobs(region):
            assert limits.of_job().items() <= job.items()


def test_scrape_limits_are_enforced_for_all_monitors(zoned: Region) -> None:
    spec = _stack(zoned)["prometheus"]["prometheusSpec"]
    assert limits.of_prometheus().items() <= spec.items()
    assert spec["sampleLimit"] < spec["enforcedSampleLimit"]
    assert spec["targetLimit"] < spec["enforcedTargetLimit"]


def test_no_limit_is_a_number_that_helm_writes_as_a_float() -> None:
    """Integers from a million on: `1e+06`, which the API server refuses."""
    assert all(value < 1_000_000 for value in limits.of_prometheus().values() if isinstance(value, int))


def test_pages_that_grow_with_the_cluster_may_be_large(zoned: Region) -> None:
    values = _stack(zoned)
    for monitor in (
        values["kubelet"]["serviceMonitor"],
        values["kubeApiServer"]["serviceMonitor"],
        values["kube-state-metrics"]["prometheus"]["monitor"],
    ):
        assert monitor["sampleLimit"] == limits.MOST_SAMPLES


def test_scrape_files_pass_helm_templating_unchanged(zoned: Region) -> None:
    job = {"job_name": "x", "relabel_configs": [{"target_label": "a", "replacement": "{{ .Values }}$1"}]}
    file = YamlFile(name="trial.yaml", data={"scrape_configs": [job]}, lines={})
    (delivered,) = ScrapeFiles(files=(file,), problems=()).delivered(zoned)
    assert delivered["relabel_configs"][0]["replacement"] == "{{`{{`}} .Values }}$1"


def test_prometheus_has_an_account_of_terraforms_and_the_token_for_azure(zoned: Region) -> None:
    prometheus = _stack(zoned)["prometheus"]
    assert prometheus["serviceAccount"] == {"create": False, "name": PROMETHEUS.service_account}
    assert prometheus["prometheusSpec"]["podMetadata"]["labels"] == {"azure.workload.identity/use": "true"}
    assert PROMETHEUS.grants
