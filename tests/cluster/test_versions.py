"""The control plane and the operator of these tests are those of the clusters and charts that are deployed."""

from __future__ import annotations

import json

from monitoring.blueprint.values.charts import ROOT, versions
from monitoring.local.binaries import BINARIES


def test_the_api_server_is_of_a_supported_kubernetes() -> None:
    assert BINARIES["kube-apiserver"].version.rpartition(".")[0] in versions().kubernetes.minors


def test_the_operator_is_that_of_the_chart() -> None:
    record = json.loads((ROOT / "tests" / "golden" / "workloads.json").read_text(encoding="utf-8"))
    assert f"prometheus-operator:v{BINARIES['operator'].version}" in json.dumps(record)
