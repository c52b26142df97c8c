"""Samples that would be gone."""

from __future__ import annotations

import re

from monitoring.effective.facts import Kind
from monitoring.effective.safe_values import STATEFUL
from monitoring.review.changes import Action, Change
from monitoring.review.plan import Does
from monitoring.review.risks.matching import Label, Rule, at, either, resource, smaller, what, whole

DATA = "|".join(STATEFUL)
REPLACED_BY = {
    "azurerm_managed_disk": r"location|zone|create_option|source_resource_id|name|resource_group_name"
    r"|disk_encryption_set_id",
    "azurerm_storage_account": r"name|location|account_kind|account_tier|resource_group_name"
    r"|infrastructure_encryption_enabled|is_hns_enabled|nfsv3_enabled",
    "azurerm_storage_container": r"name|storage_account_id",
    "kubernetes_namespace_v1": r"metadata\.name",
    "kubernetes_persistent_volume_claim_v1": (
        r"metadata\.(name|namespace)|spec\.(storage_class_name|volume_name|volume_mode|selector|access_modes).*"
    ),
    "kubernetes_persistent_volume_v1": (
        r"metadata\.name|spec\[0\]\.(persistent_volume_source|claim_ref|node_affinity|storage_class_name|access_modes).*"
    ),
    "azurerm_resource_group": r"name|location",
    "azurerm_data_protection_backup_vault": r"name|location|resource_group_name|datastore_type|redundancy",
}
"""Attributes a change of which makes the provider replace the resource (azurerm 4.55, kubernetes 2.38: ForceNew), or
binds a claim to another disk."""


def _data_replaced(change: Change) -> bool:
    pattern = REPLACED_BY.get(what(change))
    return bool(pattern and re.fullmatch(pattern, change.key.path))


def _planned_to_go(change: Change) -> bool:
    return (
        change.key.kind is Kind.PLAN
        and change.key.subject.partition(".")[0] in STATEFUL
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
        name="a region goes",
        label=Label.DATA_LOSS,
        reason="its stack goes, or has another name: what it made is destroyed or left behind",
        source="docs/regions.md",
        advice="A region keeps its file's name. Say who destroys the old stack, and that nobody needs its samples.",
        applies=whole(Kind.STACK, Action.REMOVED, Action.CHANGED),
    ),
    Rule(
        name="the state lives elsewhere",
        label=Label.DATA_LOSS,
        reason="Terraform finds an empty state: it plans to make all anew, and knows nothing of what is there",
        source="Terraform, Backend configuration",
        advice="Move the state first: `terraform init -migrate-state`.",
        applies=lambda change: change.key.kind is Kind.STATE,
    ),
    Rule(
        name="a namespace has another name",
        label=Label.DATA_LOSS,
        reason="Kubernetes cannot rename one: all in it is deleted and made anew, claims and Secrets too",
        source="Kubernetes, Namespaces",
        advice="Keep the name, or plan the move of every claim.",
        applies=lambda change: change.key.kind is Kind.NAMESPACE,
    ),
    Rule(
        name="what holds data goes",
        label=Label.DATA_LOSS,
        reason="a disk, claim, volume, account or container is deleted, or gets another address in the state",
        source="docs/architecture.md, What is in a stack",
        advice="Keep it, or move it in the state (`move_to_id`, `override_logical_id`); tests/golden/ has addresses.",
        applies=either(
            resource(DATA, actions=(Action.REMOVED, Action.CHANGED)),
            resource(r"azurerm_data_protection_backup_\w+", actions=(Action.REMOVED, Action.CHANGED)),
            whole(Kind.OBJECT, Action.REMOVED, subject="PersistentVolume.*"),
        ),
    ),
    Rule(
        name="what holds data is replaced",
        label=Label.DATA_LOSS,
        reason="the provider cannot change this in place: it deletes and makes anew, or binds another disk",
        source="azurerm and kubernetes providers, ForceNew",
        advice="Make the new one beside the old one and copy, or accept an empty one.",
        applies=_data_replaced,
    ),
    Rule(
        name="a disk that is made anew has other samples",
        label=Label.DATA_LOSS,
        reason="a disk that exists stays as it is; one that is lost is made with what the snapshot has, or empty",
        source="docs/operations.md, Make a disk from a snapshot",
        advice="The plan must make this disk and touch no other. Take the snapshot out of the file afterwards.",
        applies=lambda change: (
            change.held_back and resource("azurerm_managed_disk", "create_option|source_resource_id")(change)
        ),
        held_back=True,
    ),
    Rule(
        name="blocks are written elsewhere",
        label=Label.DATA_LOSS,
        reason="Thanos finds none of the blocks that are there, and nobody compacts or reads them any more",
        source="Thanos, Storage",
        advice="Copy the blocks first, or keep the address.",
        applies=either(
            resource("kubernetes_secret_v1", r"(data|metadata)\..*"),
            resource("kubernetes_secret_v1", actions=(Action.REMOVED, Action.CHANGED)),
            at(Kind.VALUE, r"objstoreConfig\..*"),
        ),
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
                at(Kind.VALUE, r".*(prometheusSpec|alertmanagerSpec)\.(retention|retentionSize)"),
                at(Kind.VALUE, r"receive\.retention|.*outOfOrderTimeWindow"),
                at(Kind.VALUE, r".*\[--(retention\.resolution-(raw|5m|1h)|delete-delay)\]"),
                resource(r"azurerm_.*", r".*(delete_retention_policy\.days|retention_duration.*)"),
            )
        ),
    ),
    Rule(
        name="retention by default",
        label=Label.DATA_LOSS,
        reason="it is no longer said how long samples are kept",
        source="Prometheus, Storage; Thanos, Compactor",
        advice="Say it.",
        applies=at(
            Kind.VALUE,
            r".*\.(retention|retentionSize)|.*\[--(retention\.resolution-(raw|5m|1h)|delete-delay)\]"
            r"|.*(storageSpec|volumeClaimTemplate)\..*|.*\.persistence\..*",
            actions=(Action.REMOVED,),
        ),
    ),
)
