"""The configuration that is deployed, on this machine: files where Alertmanager's pod has mounts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monitoring.blueprint.alerting.receivers import TEMPLATES
from monitoring.blueprint.components.workloads import KUBE_PROMETHEUS_STACK
from monitoring.blueprint.objects import key_vault
from monitoring.blueprint.releases import releases
from monitoring.blueprint.releases.release import to_yaml
from monitoring.blueprint.values.charts import ROOT
from monitoring.fleet import Region, load_fleet

TRIAL = load_fleet(ROOT / "tests" / "fleet" / "regions")
REGIONS = [*load_fleet(ROOT / "regions").regions, *TRIAL.regions]
"""Production's regions and the fixtures: every configuration that there is."""


def alertmanager_values(region: Region) -> Any:
    """What Helm is given under `alertmanager`."""
    values = next(one.values for one in releases(region, ()) if one.name == KUBE_PROMETHEUS_STACK)
    return values["alertmanager"]


def write(region: Region, folder: Path) -> Path:
    """alertmanager.yml in `folder`, beside its templates and a file per secret; the pod's paths lead there."""
    values = alertmanager_values(region)
    for name, text in values["templateFiles"].items():
        (folder / name).write_text(text, encoding="utf-8")
    for secret in region.alerting.secrets():
        (folder / secret).write_text("not set by this test", encoding="utf-8")
    text = (
        to_yaml(values["config"])
        .replace(key_vault.FOLDER, str(folder))
        .replace(str(Path(TEMPLATES).parent), str(folder))
    )
    file = folder / "alertmanager.yml"
    file.write_text(text, encoding="utf-8")
    return file
