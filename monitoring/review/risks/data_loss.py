"""Samples that would be gone."""

from __future__ import annotations

import re

from monitoring.review.changes import Action, Change
from monitoring.review.facts import Kind
from monitoring.review.plan import Does
from monitoring.review.risks.matching import (
    Label,
    Rule,
    at,
    either,
    resource,
    resource_type,
    smaller,
)

DATA = (
    "azurerm_managed_disk",
    "azurerm_storage_account",
    "azurerm_storage_container",
    "kubernetes_persistent_volume_v1",
    "kubernetes_persistent_volume_claim_v1",
    "azurerm_data_protection_backup_vault",
    "azurerm_resource_group",
)
"""Types whose deletion or replacement loses samples."""

REPLACED_BY = {
    "azurerm_managed_disk": r"location|zone|create_option|name|resource_group_name",
    "azurerm_storage_account": r"name|location|account_kind|account_tier|resource_group_name",
    "azurerm_storage_container": r"name|storage_account_id",
    "kubernetes_persistent_volume_claim_v1": (
        r"metadata\.(name|namespace)|spec\.(storage_class_name|volume_name|access_modes.*)"
    ),
    "kubernetes_persistent_volume_v1": r"metadata\.name|spec\[0\]\.persistent_volume_source.*",
    "azurerm_resource_group": r"name|location",
}
"""Attributes a change of which makes the provider replace the resource (azurerm 4.55, kubernetes 2.38: ForceNew)."""


def _data_removed(change: Change) -> bool:
    return resource_type(change) in DATA and not change.key.path and change.action is not Action.ADDED


def _data_replaced(change: Change) -> bool:
    pattern = REPLACED_BY.get(resource_type(change))
    return bool(pattern and re.fullmatch(pattern, change.key.path))


def _guard_removed(change: Change) -> bool:
    return change.key.path == "lifecycle.prevent_destroy" and change.before is True


def _planned_to_go(change: Change) -> bool:
    return (
        change.key.kind is Kind.PLAN
        and change.key.subject.partition(".")[0] in DATA
        and change.after in {Does.DELETE, Does.REPLACE, Does.FORGET}
    )


RULES = (
    Rule(
        name="Terraform will delete or replace what holds data",
        label=Label.DATA_LOSS,
        reason="the plan says so, whatever the change looks like",
        source="terraform show -json",
        advice="Stop: find what forces it in the plan's lines below.",
        applies=_planned_to_go,
    ),
    Rule(
        name="what holds data goes",
        label=Label.DATA_LOSS,
        reason="a disk, claim, volume, account or container is deleted, or gets another address in the state",
        source="docs/architecture.md, What is in a stack",
        advice="Keep it, or move it in the state (`move_to_id`, `override_logical_id`); tests/golden/ has addresses.",
        applies=_data_removed,
    ),
    Rule(
        name="what holds data is replaced",
        label=Label.DATA_LOSS,
        reason="the provider cannot change this in place: it deletes and makes anew",
        source="azurerm and kubernetes providers, ForceNew",
        advice="Make the new one beside the old one and copy, or accept an empty one.",
        applies=_data_replaced,
    ),
    Rule(
        name="storage of another redundancy",
        label=Label.DATA_LOSS,
        reason="a change between LRS/GRS and ZRS/GZRS replaces the account",
        source="azurerm, azurerm_storage_account.account_replication_type",
        advice="Ask Azure for a live conversion first, then change the file.",
        applies=resource("azurerm_storage_account", "account_replication_type"),
    ),
    Rule(
        name="retention shortened",
        label=Label.DATA_LOSS,
        reason="samples that are kept today are deleted after the next compaction",
        source="Prometheus, Storage; Thanos, Compactor",
        advice="Say whose samples go, and that nobody needs them.",
        applies=smaller(
            either(
                at(Kind.VALUE, r"prometheus\.prometheusSpec\.(retention|retentionSize)"),
                at(Kind.VALUE, r"receive\.retention"),
                at(Kind.VALUE, r".*\[--retention\.resolution-(raw|5m|1h)\]"),
                at(Kind.RESOURCE, r".*delete_retention_policy.*days"),
            )
        ),
    ),
    Rule(
        name="destroy guard removed",
        label=Label.DATA_LOSS,
        reason="without prevent_destroy the next mistake is carried out",
        source="docs/architecture.md, What is in a stack",
        advice="Put it back once what was to be destroyed is gone.",
        applies=_guard_removed,
    ),
)
