"""The daily drill: its job as Kubernetes gets it, and its code as the pod has it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from monitoring.blueprint.objects.drill import drill_job
from monitoring.drill.job import job_of
from monitoring.fleet import Region


@pytest.fixture(scope="module")
def made(zoned: Region) -> tuple[Any, Any]:
    """The ConfigMap and the CronJob."""
    config, cron = drill_job(zoned, [])
    return config, cron


def pod(cron: Any) -> Any:
    return cron["spec"]["jobTemplate"]["spec"]["template"]


def test_drill_runs_once_a_day_and_never_twice_at_once(made: tuple[Any, Any]) -> None:
    spec = made[1]["spec"]
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == ("17 4 * * *", "Etc/UTC", "Forbid")
    assert spec["jobTemplate"]["spec"]["activeDeadlineSeconds"] == 14400


def test_prometheus_finds_the_pod_by_its_annotations(made: tuple[Any, Any]) -> None:
    metadata = pod(made[1])["metadata"]
    assert metadata["annotations"]["prometheus.io/scrape"] == "true"
    assert metadata["annotations"]["prometheus.io/port"] == "9180"
    assert metadata["labels"]["app.kubernetes.io/name"] == "thanos-drill"  # the job that rules name
    (container,) = pod(made[1])["spec"]["containers"]
    assert [port["containerPort"] for port in container["ports"]] == [9180]


def test_job_is_told_the_regions_container_and_what_it_promises(made: tuple[Any, Any], zoned: Region) -> None:
    (container,) = pod(made[1])["spec"]["containers"]
    asked = job_of(next(one["value"] for one in container["env"] if one["name"] == "DRILL_JOB"))
    assert asked.objstore["config"]["container"] == zoned.object_store.container  # type: ignore[index]
    assert (asked.port, asked.plan.series) == (9180, 'up{job="prometheus-prometheus"}')
    assert asked.plan.promise.recovery_point == {"raw": 14400.0, "five_minutes": 259200.0, "one_hour": 1468800.0}
    assert asked.plan.promise.retention["raw"] == zoned.thanos.retention.raw.seconds


def test_code_of_the_config_map_runs_with_the_standard_library_alone(made: tuple[Any, Any], tmp_path: Path) -> None:
    """Laid out as the volume does it, by a Python without any package, in another folder."""
    config, cron = made
    (volume,) = [one for one in pod(cron)["spec"]["volumes"] if one["name"] == "code"]
    for item in volume["configMap"]["items"]:
        file = tmp_path / item["path"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(config["data"][item["key"]])
    asked = {"objstore": {"type": "FILESYSTEM", "config": {"directory": "none"}}, "thanos": "x", "port": 1, "shown": 1}
    plan = json.loads(next(one["value"] for one in pod(cron)["spec"]["containers"][0]["env"]))["plan"]
    done = subprocess.run(
        [sys.executable, "-S", "-m", "monitoring.drill.job"],
        cwd=tmp_path,
        env={"DRILL_JOB": json.dumps({**asked, "plan": plan})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, "the drill could not be done: none must be a folder\n")
    assert sorted(item["key"] for item in volume["configMap"]["items"]) == sorted(config["data"])
