"""Less room for the same load, and more to pay."""

from __future__ import annotations

from monitoring.effective.facts import Kind
from monitoring.review.changes import Action
from monitoring.review.risks.matching import (
    Label,
    Rule,
    at,
    either,
    gone,
    larger,
    resource,
    smaller,
    whole,
)

NODE_POOL = "azurerm_kubernetes_cluster_node_pool"
RESOURCES = r"(.*\.)?resources\.(requests|limits)\.(cpu|memory|ephemeral-storage)"
COUNTS = resource(NODE_POOL, r"max_count|min_count|node_count")
CLAIM = resource("kubernetes_persistent_volume_claim_v1", r"spec\.resources\.requests\.storage")
QUEUES = r".*(queueConfig|maxSamples|maxConcurrency|autoGomemlimit).*"

RULES = (
    Rule(
        name="smaller size",
        label=Label.CAPACITY,
        reason="less memory, CPU, disk or fewer nodes for the same load",
        source="docs/capacity.md",
        advice="`monitoring capacity <region>` shows the headroom that is left.",
        applies=either(
            smaller(
                either(
                    at(Kind.VALUE, f"{RESOURCES}|{QUEUES}|.*\\[--store\\.limits.*\\]"),
                    at(Kind.VALUE, r".*persistence\.size|.*volumeClaimTemplate.*storage"),
                    COUNTS,
                    CLAIM,
                )
            ),
            gone(either(COUNTS, CLAIM)),
        ),
    ),
    Rule(
        name="limit or request gone",
        label=Label.CAPACITY,
        reason="without a limit one pod takes its node's memory; without a request it is packed where there is no room",
        source="Kubernetes, Resource Management for Pods and Containers",
        advice="Set both; `monitoring capacity <region>` shows what is needed.",
        applies=gone(at(Kind.VALUE, f"{RESOURCES}|{QUEUES}|.*([sS]ample|[tT]arget|[bB]ody).*[lL]imit")),
    ),
    Rule(
        name="bound gone",
        label=Label.CAPACITY,
        reason="what one target or one question may cost is bounded no more",
        source="docs/discovery.md",
        advice="Keep a bound; raise it where it is hit.",
        applies=gone(at(Kind.SCRAPE, r".*limit|keep_dropped_targets")),
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
                    resource(NODE_POOL, r"max_count|min_count|node_count|os_disk_size_gb"),
                    resource("azurerm_managed_disk", r"disk_size_gb"),
                    CLAIM,
                    at(Kind.VALUE, r".*persistence\.size|.*volumeClaimTemplate.*storage"),
                    at(Kind.VALUE, r".*\[--retention\.resolution-(raw|5m|1h)\]"),
                    at(Kind.RESOURCE, r".*delete_retention_policy.*days"),
                )
            ),
            resource(NODE_POOL, "vm_size"),
            resource("azurerm_storage_account", r"account_replication_type|.*(versioning|change_feed|access_tier).*"),
            resource(
                r"azurerm_(managed_disk|kubernetes_cluster_node_pool|storage_account|data_protection_\w+"
                r"|private_endpoint|monitor_\w+|resource_group|storage_container)"
                r"|kubernetes_persistent_volume(_claim)?_v1",
                actions=(Action.ADDED,),
            ),
            resource("azurerm_monitor_diagnostic_setting", r"enabled_log.*", actions=(Action.ADDED,)),
            whole(Kind.STACK, Action.ADDED),
        ),
    ),
)
