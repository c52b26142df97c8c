"""Terraform's plans: what it will do, what forces it, and nothing that it calls sensitive."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from monitoring.review.plan import Does, Plan, Planned, UnreadablePlan, read_plan, redacted
from monitoring.review.risks import Label, judged

DISK = "azurerm_managed_disk.disks_disk-0"
SECRET = "a-value-that-nobody-may-see"  # noqa: S105  (the test's own)


def _row(address: str = DISK, *, actions: list[str], **change: Any) -> dict[str, Any]:
    type_, _, name = address.partition(".")
    return {"address": address, "type": type_, "name": name, "change": {"actions": actions, **change}}


def _read(*rows: Any, version: str = "1.2", drift: Any = (), known: str = DISK) -> Plan:
    plan = {"format_version": version, "resource_changes": list(rows), "resource_drift": list(drift)}
    return read_plan(json.dumps(plan).encode(), stack="trial-a", addresses=frozenset({known}))


def test_a_replacement_says_what_forces_it_and_risks_data() -> None:
    row = _row(
        actions=["delete", "create"],
        before={"zone": "1", "name": "disk"},
        after={"zone": "2", "name": "disk"},
        after_unknown={"id": True},
        replace_paths=[["zone"]],
    )
    plan = _read(row)
    assert plan.planned == (
        Planned(
            address=DISK,
            type="azurerm_managed_disk",
            does=Does.REPLACE,
            forced_by=("zone",),
            changed=(("id", "null", "(known after apply)"), ("zone", "1", "2")),
            unknown=("id",),
        ),
    )
    assert {risk.rule.label for risk in judged([], plans=[plan]).risks} == {Label.DATA_LOSS}


def test_an_update_of_what_holds_data_is_no_loss() -> None:
    assert (
        judged([], plans=[_read(_row(actions=["update"], before={"tags": {}}, after={"tags": {"a": "b"}}))]).risks == ()
    )


@pytest.mark.parametrize(
    "marks",
    [
        {"after_sensitive": {"values": True}},
        {"before_sensitive": {"values": [True]}},
        {"after_sensitive": True},
        {"after_sensitive": {"values": [{"password": True}]}},
    ],
)
def test_what_terraform_calls_sensitive_is_never_shown(marks: dict[str, Any]) -> None:
    before, after = {"values": [{"password": SECRET}]}, {"values": [{"password": f"{SECRET}-2"}]}
    plan = _read(_row(actions=["update"], before=before, after=after, **marks))
    assert SECRET not in repr(plan)
    assert [path for path, *_ in plan.planned[0].changed] == ["values[0].password"]


def test_nothing_to_do_is_not_told() -> None:
    assert _read(_row(actions=["no-op"], before={}, after={}), _row(actions=["read"])).planned == ()


def test_drift_is_told_as_such() -> None:
    (planned,) = _read(drift=[_row(actions=["update"], before={"tags": {}}, after={"tags": {"a": "b"}})]).planned
    assert (planned.does, planned.changed) == (Does.DRIFTED, (("tags.a", "null", "b"),))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must be JSON of `terraform show -json`"),
        (b"\x00\x01", "must be JSON"),
        (b"[]", "got no format_version"),
        (b"{}", "got no format_version"),
        (b'{"format_version": "2.0"}', "must have format version 1, got 2.0"),
        (b'{"format_version": "1.2", "errored": true}', "got one that ended with an error"),
        (b'{"format_version": "1.2", "resource_changes": {}}', "resource_changes must be a list"),
        (b"[" * 100_000, "must be JSON"),
    ],
)
def test_what_is_no_plan_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(UnreadablePlan, match=message.replace("(", r"\(")):
        read_plan(content, stack="trial-a", addresses=frozenset())


def test_a_plan_of_another_stack_is_refused() -> None:
    with pytest.raises(UnreadablePlan, match="must be a plan of trial-a, got one with azurerm_managed_disk"):
        _read(_row(actions=["create"], before=None, after={}), known="azurerm_managed_disk.other")


def test_what_a_later_minor_format_adds_is_left_out_and_said() -> None:
    plan = _read(_row(actions=["update"], before={}, after={}), _row(actions=["teleport"]), {"odd": 1}, version="1.99")
    assert len(plan.planned) == 1
    assert plan.left_out == (f"{DISK}: action teleport is not known here", "change 2: KeyError 'change'")


def test_a_huge_plan_is_read() -> None:
    rows = [_row(actions=["update"], before={"text": "x" * 10_000}, after={"text": "y" * 10_000}) for _ in range(1000)]
    assert len(_read(*rows).planned) == 1000


def test_a_plan_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.review.plan.LARGEST", 10)
    with pytest.raises(UnreadablePlan, match="must be at most 0 MiB"):
        read_plan(b"x" * 11, stack="trial-a", addresses=frozenset())


def test_the_real_terraforms_plan_is_read() -> None:
    """Recorded by terraform 1.11 from `terraform_data`, which needs no provider: tests/monitoring/review/plans/."""
    folder = Path(__file__).parent / "plans"
    known = frozenset({"terraform_data.kept", "terraform_data.replaced", "terraform_data.gone", "terraform_data.new"})
    plan = read_plan((folder / "terraform-data.json").read_bytes(), stack="trial-a", addresses=known)
    assert {planned.address: planned.does for planned in plan.planned} == {
        "terraform_data.kept": Does.UPDATE,
        "terraform_data.replaced": Does.REPLACE,
        "terraform_data.gone": Does.DELETE,
        "terraform_data.new": Does.CREATE,
    }
    recorded = (folder / "terraform-data.json").read_bytes()
    kept = json.dumps(redacted(recorded))
    assert SECRET in recorded.decode()
    assert SECRET not in kept
    assert read_plan(kept.encode(), stack="trial-a", addresses=known) == plan
    replaced = next(one for one in plan.planned if one.does is Does.REPLACE)
    assert replaced.forced_by == ("triggers_replace",)
    assert SECRET not in repr(plan)


@pytest.mark.parametrize("actions", [["delete"], ["delete", "create"], ["forget"]])
def test_what_holds_no_data_and_goes_is_to_be_looked_at(actions: list[str]) -> None:
    address = "azurerm_role_assignment.cluster_attach-disks"
    plan = _read(_row(address, actions=actions, before={"scope": "a"}, after=None), known=address)
    assert [risk.rule.label for risk in judged([], plans=[plan]).risks] == [Label.LOOK]
