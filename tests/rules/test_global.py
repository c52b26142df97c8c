"""Every rule of global_rules.yaml, which a program writes: each of them, by promtool, with two replicas of two regions.

What happens when a replica or a region is lost is told once, in global.yaml.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.blueprint.rules.loader import ARRIVED, ONCE, rules
from tests.rules.promtool import promtool, write
from tests.stack.arrived import REPLICAS, level_values

pytestmark = pytest.mark.rules

REGIONS = ("trial-beta", "trial-gamma")


def _series(name: str, labels: dict[str, str]) -> str:
    inside = ",".join(f'{label}="{text}"' for label, text in sorted(labels.items()))
    return f"{name}{{{inside}}}"


def _case(name: str) -> dict[str, Any]:
    """Replicas that say different numbers, of two regions: the larger of each region."""
    kept = [{**level_values(name), "cluster": region, "environment": "trial"} for region in REGIONS]
    arriving = [
        {
            "series": _series(f"{ARRIVED}{name}", {**labels, "prometheus_replica": replica, "prometheus": "a/b"}),
            "values": f"{10 * region + value}x5",
        }
        for region, labels in enumerate(kept)
        for value, replica in enumerate(REPLICAS)
    ]
    wanted = [
        {"labels": _series(f"{ONCE}{name}", labels), "value": 10 * region + len(REPLICAS) - 1}
        for region, labels in enumerate(kept)
    ]
    asked = {"expr": f"{ONCE}{name}", "eval_time": "5m", "exp_samples": wanted}
    return {"name": name, "interval": "1m", "input_series": arriving, "promql_expr_test": [asked]}


def _tested(folder: Path, cases: list[dict[str, Any]]) -> tuple[int, str]:
    write(rules().delivered(runbook_base="https://pages.example/runbooks", global_view=True), folder)
    content = {"rule_files": ["global-rules.yaml"], "evaluation_interval": "1m", "tests": cases}
    (folder / "test.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    done = promtool("test", "rules", "test.yaml", cwd=folder)
    return done.returncode, done.stdout


def test_global_rules_have_one_series_per_region_aggregate(tmp_path: Path) -> None:
    code, told = _tested(tmp_path, [_case(name) for name in rules().federated])
    assert code == 0, told


def test_remaining_replica_label_is_reported(tmp_path: Path) -> None:
    case = _case("cluster:monitoring_up:ratio")
    case["promql_expr_test"][0]["expr"] = f"{ARRIVED}cluster:monitoring_up:ratio"
    code, _ = _tested(tmp_path, [case])
    assert code
