"""The verdict on single changes: each class, attribute and bound of a rule, and beside it what does not meet it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from monitoring.effective.facts import FactKey, Kind
from monitoring.review.changes import MISSING, Change
from monitoring.review.risks import LOOK, RULES, judged
from tests.monitoring.review.test_edits import TABLE as EDITS

FOLDER = Path(__file__).parent
Row = tuple[str, object, object, str]
TABLE: list[Row] = [
    (row[0], row[1], row[2], row[3]) for row in yaml.safe_load((FOLDER / "verdicts.yaml").read_text(encoding="utf-8"))
]
NOT_IN_THE_TABLES = {
    "Terraform will delete or replace what holds data",  # test_plan.py
    "a region goes",  # test_repository.py
    "a namespace has another name",  # test_kinds.py, test_changes.py
    "several node pools cycled in one apply",
    *("workflow's rights", "unpinned action", "workflow gone", "runbook gone"),  # test_repository.py
}

_WORDS = {
    "release": 1,
    "value": 1,
    "object": 1,
    "policy": 1,
    "alert": 1,
    "rule": 1,
    "stack": 1,
    "setting": 1,
    "rendered": 1,
}
_WORDS |= {"scrape job": 1, "lock file": 1}


def _key(place: str) -> FactKey:
    """`value thanos a.b`, `azurerm_managed_disk zone`, `route receiver x path`."""
    kind = next((Kind(word) for word in _WORDS if place.startswith(f"{word} ")), None)
    if kind is not None:
        subject, _, path = place.removeprefix(f"{kind} ").partition(" ")
        return FactKey(kind=kind, subject=subject, path=path.strip('"'))
    if place.startswith("route "):
        match = re.fullmatch(r"route ((?:route|receiver|inhibition) \S+|Alertmanager) ?(.*)", place)
        assert match
        return FactKey(kind=Kind.ROUTE, subject=match[1], path=match[2])
    if place.startswith("dashboard "):
        match = re.fullmatch(r"dashboard (Page(?:: Panel)?) ?(.*)", place)
        assert match
        return FactKey(kind=Kind.DASHBOARD, subject=match[1], path=match[2])
    prefix = "data " if place.startswith("data ") else ""
    type_, _, path = place.removeprefix("data ").partition(" ")
    return FactKey(kind=Kind.RESOURCE, subject=f"{prefix}{type_} the/one", path=path.strip('"'))


def _side(value: object) -> object:
    return MISSING if value == "-" else value


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]}: {row[1]} to {row[2]}")
def test_the_verdict_on_a_change(row: Row) -> None:
    place, before, after, wanted = row
    change = Change(key=_key(place), before=_side(before), after=_side(after), stacks=("trial-a",))  # type: ignore[arg-type]
    verdict = judged([change])
    met = {risk.rule.name for risk in verdict.risks} or {"harmless"}
    assert met == {LOOK.name if name == "look" else name for name in wanted.split(", ")}, verdict


def test_every_rule_has_an_edit_that_meets_it() -> None:
    met = {name for row in TABLE for name in row[3].split(", ")} | {
        name for row in EDITS["risky"] for name in row["meets"]
    }
    assert {rule.name for rule in RULES} - met <= NOT_IN_THE_TABLES


def test_two_pools_cycled_in_one_apply_are_one_risk_more() -> None:
    def cycled(*pools: str) -> set[str]:
        changes = [
            Change(
                key=FactKey(
                    kind=Kind.RESOURCE, subject=f"azurerm_kubernetes_cluster_node_pool {pool}", path="max_pods"
                ),
                before=50,
                after=60,
                stacks=("trial-a",),
            )
            for pool in pools
        ]
        return {risk.rule.name for risk in judged(changes).risks}

    assert cycled("zone-1") == {"node pool cycled"}
    assert cycled("zone-1", "zone-2") == {"node pool cycled", "several node pools cycled in one apply"}
