"""Less room for the same load, and more to pay."""

from __future__ import annotations

from monitoring.review.changes import Action
from monitoring.review.facts import Kind
from monitoring.review.risks.matching import (
    Label,
    Rule,
    at,
    either,
    larger,
    resource,
    smaller,
)

RULES = (
    Rule(
        name="smaller size",
        label=Label.CAPACITY,
        reason="less memory, CPU, disk or fewer nodes for the same load",
        source="docs/capacity.md",
        advice="`monitoring capacity <region>` shows the headroom that is left.",
        applies=smaller(
            either(
                at(Kind.VALUE, r".*resources\.(requests|limits)\.(cpu|memory)"),
                at(Kind.VALUE, r".*(queueConfig|capacity|maxShards).*"),
                resource("azurerm_kubernetes_cluster_node_pool", r"max_count|min_count"),
                resource("kubernetes_persistent_volume_claim_v1", r"spec\.resources\.requests\.storage"),
            )
        ),
    ),
    Rule(
        name="more or larger",
        label=Label.COST,
        reason="Azure bills more disks, larger nodes, longer retention or another redundancy",
        source="docs/capacity.md",
        advice="Say what it is for.",
        applies=either(
            larger(
                either(
                    resource("azurerm_kubernetes_cluster_node_pool", r"max_count|min_count|os_disk_size_gb"),
                    resource("azurerm_managed_disk", r"disk_size_gb"),
                    resource("kubernetes_persistent_volume_claim_v1", r"spec\.resources\.requests\.storage"),
                    at(Kind.VALUE, r".*persistence\.size|.*volumeClaimTemplate.*storage"),
                    at(Kind.VALUE, r".*\[--retention\.resolution-(raw|5m|1h)\]"),
                    at(Kind.RESOURCE, r".*delete_retention_policy.*days"),
                )
            ),
            resource("azurerm_kubernetes_cluster_node_pool", "vm_size"),
            resource("azurerm_storage_account", "account_replication_type"),
            resource(
                "azurerm_(managed_disk|kubernetes_cluster_node_pool|storage_account|data_protection_backup_vault)",
                "",
                actions=(Action.ADDED,),
            ),
            lambda change: change.key.subject.startswith("stack ") and change.action is Action.ADDED,
        ),
    ),
)
