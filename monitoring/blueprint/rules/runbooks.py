"""Path and URL of an alert's runbook."""

from __future__ import annotations

from monitoring.blueprint.values.charts import ROOT
from monitoring.fleet.yaml_file import read_yaml

FOLDER = "docs/runbooks"
"""Pages of alerts, from the repository's root: <Alert>.md."""


def page(alert: str) -> str:
    """The alert's page, from the repository's root."""
    return f"{FOLDER}/{alert}.md"


def url(base: str, alert: str) -> str:
    """Where the alert's page is read; `base` is `runbooks` of a region."""
    return f"{base}/{alert}.md"


def committed_base() -> str:
    """`runbooks` of regions/_common.yaml, for what is generated once for all regions (dashboards)."""
    common = "regions/_common.yaml"
    return str(read_yaml(ROOT / common, name=common).data["runbooks"])
