"""How the committed dashboards reach Grafana: ConfigMaps that its sidecar looks for by label."""

from __future__ import annotations

from typing import Any

from monitoring.blueprint.components.model import NAMESPACE
from monitoring.blueprint.dashboards import DASHBOARDS, FOLDER
from monitoring.blueprint.values.charts import ROOT
from monitoring.errors import InvalidInput, Problem

SIDECAR_LABEL = {"grafana_dashboard": "1"}
"""What the chart's sidecar looks for (kube-prometheus-stack, `grafana.sidecar.dashboards.label` and `labelValue`)."""


def config_maps() -> list[dict[str, Any]]:
    """One ConfigMap per dashboard, for the chart's `extraManifests`; a list, since Helm shuffles a mapping's values.

    Not `grafana.dashboards`: that mounts files by subPath, so every change would restart Grafana.
    """
    return [_config_map(uid) for uid in DASHBOARDS]


def _config_map(uid: str) -> dict[str, Any]:
    name = f"{FOLDER}/{uid}.json"
    try:
        text = (ROOT / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        message = "must be a dashboard that can be read: `monitoring generate` writes it"
        raise InvalidInput([Problem(file=name, message=message)]) from fault
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"dashboard-{uid}", "namespace": NAMESPACE, "labels": SIDECAR_LABEL},
        "data": {f"{uid}.json": literal(text)},
    }


def literal(text: str) -> str:
    """`text` as Helm's `tpl` gives it back: `extraManifests` passes through it, and legends hold `{{pod}}`."""
    return text.replace("{{", "{{`{{`}}")
