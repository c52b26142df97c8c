"""What docs/prerequisites.md has people make in a cluster: its YAML, and the namespaces that it names."""

from __future__ import annotations

import re

import yaml

from monitoring.blueprint.values.charts import ROOT
from tests.cluster.kubectl import Object

PAGE = ROOT / "docs" / "prerequisites.md"


def prerequisites(page: str) -> list[Object]:
    """Namespaces first."""
    blocks = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    parsed = (one for block in blocks for one in yaml.safe_load_all(block))
    objects = [one for one in parsed if isinstance(one, dict) and {"apiVersion", "kind"} <= one.keys()]
    namespaces = sorted({one["metadata"]["namespace"] for one in objects if "namespace" in one["metadata"]})
    return [*({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in namespaces), *objects]
