"""Each region's scrape configuration by the real promtool, in a minimal prometheus.yml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.blueprint.scraping.federation import scrape_jobs
from monitoring.blueprint.scraping.files import FOLDER, scrape_files
from monitoring.blueprint.values.charts import ROOT
from monitoring.fleet import Region, load_fleet
from monitoring.local.authorities import issue
from tests.rules.promtool import promtool

pytestmark = pytest.mark.rules

PRODUCTION = load_fleet(ROOT / "regions").regions


def _check(jobs: list[dict[str, Any]], tmp_path: Path) -> tuple[int, str]:
    file = tmp_path / "prometheus.yml"
    file.write_text(yaml.safe_dump({"scrape_configs": jobs}), encoding="utf-8")
    done = promtool("check", "config", "--lint=all", "--lint-fatal", str(file))
    return done.returncode, done.stdout


@pytest.mark.parametrize("region", PRODUCTION, ids=lambda region: region.name)
def test_promtool_accepts_each_regions_scrape_jobs(region: Region, tmp_path: Path) -> None:
    code, told = _check(scrape_files().jobs(region), tmp_path)
    assert code == 0, told


def test_promtool_accepts_the_scrape_files(tmp_path: Path) -> None:
    """But for Azure's, which lack the subscription until a region's file gives it."""
    native = [file for file in sorted((ROOT / FOLDER).iterdir()) if "azure" not in file.name]
    file = tmp_path / "prometheus.yml"
    file.write_text(yaml.safe_dump({"scrape_config_files": [str(one) for one in native]}), encoding="utf-8")
    done = promtool("check", "config", str(file))
    assert native
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "wrong", [{"relabel_configs": [{"regex": "("}]}, {"sample_limt": 5}, {"azure_sd_configs": [{"port": 1}]}]
)
def test_promtool_reports_an_invalid_scrape_job(wrong: dict[str, Any], tmp_path: Path) -> None:
    code, _ = _check([{"job_name": "trial", **wrong}], tmp_path)
    assert code


def test_promtool_accepts_the_federation_job(tmp_path: Path) -> None:
    """With files in place of the mounted ones, which promtool reads."""
    (region,) = [one for one in PRODUCTION if one.global_view]
    leaf = issue("prometheus", names=["localhost"])
    for name, text in (("roots.pem", leaf.pem), ("tls.crt", leaf.chain), ("tls.key", leaf.key_pem)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    peers = [one.peer() for one in PRODUCTION if one != region]
    jobs = scrape_jobs(region, peers, trust=f"{tmp_path}/roots.pem", tls=str(tmp_path))
    code, told = _check([*scrape_files().jobs(region), *jobs], tmp_path)
    assert code == 0, told
    assert len(jobs[0]["static_configs"][0]["targets"]) == sum(len(peer.federation_addresses) for peer in peers)
    jobs[0]["tls_config"]["cert_file"] = f"{tmp_path}/gone.crt"
    assert _check(jobs, tmp_path)[0]
