"""Who is told of which alert: the deployed configuration, asked by amtool."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from monitoring.fleet import Region
from tests.alerting.deployed import REGIONS, TRIAL, write
from tests.stack.processes import tool

pytestmark = pytest.mark.rules

ALPHA = TRIAL.region("trial-alpha")
every_region = pytest.mark.parametrize("region", REGIONS, ids=lambda region: region.name)


def amtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([tool("amtool"), *arguments], capture_output=True, text=True, check=False)


def receiver(region: Region, folder: Path, labels: dict[str, str]) -> str:
    """Where Alertmanager sends an alert with these labels."""
    told = amtool(
        "config", "routes", "test", f"--config.file={write(region, folder)}", *(f"{k}={v}" for k, v in labels.items())
    )
    assert told.returncode == 0, told.stderr
    return told.stdout.strip()


@every_region
def test_amtool_accepts_configuration_and_templates(region: Region, tmp_path: Path) -> None:
    told = amtool("check-config", str(write(region, tmp_path)))
    assert told.returncode == 0, told.stdout + told.stderr
    assert "1 templates" in told.stdout
    assert "SUCCESS" in told.stdout.split("Found")[0]


def test_amtool_reports_a_route_to_a_missing_receiver(tmp_path: Path) -> None:
    file = write(ALPHA, tmp_path)
    file.write_text(file.read_text().replace("name: night", "name: nights"))
    assert amtool("check-config", str(file)).returncode == 1


def test_amtool_reports_a_template_with_a_syntax_error(tmp_path: Path) -> None:
    file = write(ALPHA, tmp_path)
    with (tmp_path / "oversight.tmpl").open("a") as template:
        template.write("{{ define }}")
    assert amtool("check-config", str(file)).returncode == 1


@every_region
def test_critical_routes_to_the_pager_and_others_to_a_receiver(region: Region, tmp_path: Path) -> None:
    routes = region.alerting.routes
    info = routes.info.receiver if routes.info else "nobody"
    here = {"cluster": region.name, "namespace": "monitoring"}
    table = [
        ({"alertname": "Watchdog", "severity": "none", **here}, "dead-mans-switch"),
        ({"alertname": "Watchdog", "severity": "none", "cluster": "elsewhere"}, routes.warning.receiver),
        ({"alertname": "InfoInhibitor", "severity": "none", **here}, "nobody"),
        ({"alertname": "PrometheusReplicaMissing", "severity": "critical", **here}, routes.critical.receiver),
        ({"alertname": "PrometheusReplicaMissing", "severity": "critical"}, routes.critical.receiver),
        ({"alertname": "KubePodCrashLooping", "severity": "warning", **here}, routes.warning.receiver),
        ({"alertname": "CPUThrottlingHigh", "severity": "info", **here}, info),
        ({"alertname": "OfATeam", "severity": "page", **here}, routes.warning.receiver),
        ({"alertname": "OfATeam"}, routes.warning.receiver),
    ]
    assert [receiver(region, tmp_path, labels) for labels, _ in table] == [wanted for _, wanted in table]


@pytest.mark.parametrize(
    ("severity", "wanted"), [("critical", "night"), ("warning", "desk"), ("info", "chat"), ("none", "desk")]
)
def test_each_severity_has_its_receiver(severity: str, wanted: str, tmp_path: Path) -> None:
    assert receiver(ALPHA, tmp_path, {"alertname": "Any", "severity": severity}) == wanted
