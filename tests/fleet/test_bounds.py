"""Azure's bounds and those of what runs: each field exactly at its least and its most, and one beyond."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.errors import InvalidInput
from monitoring.fleet import load_fleet
from monitoring.fleet.bounds import BOUNDS as OURS
from monitoring.fleet.yaml_file import merged

REGIONS = Path(__file__).parent / "regions"

BOUNDS = {
    "prometheus.volume_size": ("20Gi", "32767Gi", "32768Gi"),  # its least is what the blocks need
    "alertmanager.volume_size": ("1Gi", "32767Gi", "32768Gi"),
    "thanos.receive.volume_size": ("1Gi", "32767Gi", "32768Gi"),
    "thanos.store_gateway.volume_size": ("1Gi", "32767Gi", "32768Gi"),
    "thanos.compactor.volume_size": ("1Gi", "32767Gi", "32768Gi"),
    "thanos.cache.memory": ("64Mi", "256Gi", "257Gi", "63Mi"),
    "node_pools.os_disk_size": ("30Gi", "2048Gi", "2049Gi", "29Gi"),
    "node_pools.drain_timeout": ("1m", "1d", "24h1m"),
    "node_pools.node_soak": ("1m", "30m", "31m"),
    "object_store.soft_delete": ("1d", "365d", "366d"),
    "disk_snapshots.retention": ("1d", "450d", "451d"),
    "prometheus.scrape_interval": ("1s", "2m", "2m1s"),
    "prometheus.retention": ("2h", "100y", "1h59m59s"),
    "thanos.receive.retention": ("2h1s", "100y", "1h59m59s"),
    "azure_vms.refresh": ("30s", "1h", "1h1s"),
    "alerting.dead_mans_switch.interval": ("5s", "1h", "1h1s", "4s"),
    "alerting.routes.critical.group_wait": ("1s", "1h", "1h1s"),
    "alerting.routes.warning.group_wait": ("1s", "1h", "1h1s"),
    "alerting.routes.info.group_wait": ("1s", "1h", "1h1s"),
}
"""By field: two values that are right, then those that are not."""


def load(folder: Path, field: str, value: str) -> None:
    shutil.copytree(REGIONS, folder)
    written: Any = value
    for key in reversed(field.split(".")):
        written = {key: written}
    file = folder / "trial-gamma.yaml"
    file.write_text(yaml.safe_dump(merged(yaml.safe_load(file.read_text()), written)))
    load_fleet(folder)


@pytest.mark.parametrize("field", BOUNDS)
def test_a_bound_is_met_or_told(field: str, tmp_path: Path) -> None:
    least, most, *beyond = BOUNDS[field]
    load(tmp_path / "least", field, least)
    load(tmp_path / "most", field, most)
    for value in beyond:
        with pytest.raises(InvalidInput, match=rf"trial-gamma\.yaml:\d+: {field} must be from \w+ to \w+ \(.+\), got "):
            load(tmp_path / value, field, value)


def test_each_bound_is_tried() -> None:
    assert BOUNDS.keys() == OURS.keys()
