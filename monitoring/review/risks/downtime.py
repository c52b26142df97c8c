"""Replicas that would stop together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from monitoring.review.changes import Action, Change, jump
from monitoring.review.facts import Kind
from monitoring.review.risks.matching import (
    Label,
    Risk,
    Rule,
    at,
    either,
    resource,
    smaller,
)

CYCLING = r"vm_size|zones.*|os_disk_.*|max_pods|host_encryption_enabled|vnet_subnet_id"
"""Attributes of a node pool that cycle it without cordon or drain."""


def _major(change: Change) -> bool:
    return change.key.path == "version" and change.key.kind is Kind.RELEASE and jump(change) == "major"


SEVERAL_POOLS = Rule(
    name="several node pools cycled in one apply",
    label=Label.DOWNTIME,
    reason="their pods go down together, whatever the budgets say",
    source="azurerm, azurerm_kubernetes_cluster_node_pool, temporary_name_for_rotation",
    advice="Apply one pool at a time: `terraform apply -target`.",
    applies=lambda change: False,  # noqa: ARG005  (a matter of several changes: `several_pools`)
)

RULES = (
    Rule(
        name="StatefulSet recreated",
        label=Label.DOWNTIME,
        reason="another volume template or service name makes the operator or Helm delete it: all replicas stop",
        source="prometheus-operator, StatefulSet updates; charts/thanos, persistence",
        advice="Grow the claims instead; a template stays as it is.",
        applies=at(
            Kind.VALUE,
            r".*(volumeClaimTemplate|storageSpec|persistence\.(size|storageClass)|\.storage\.|serviceName).*"
            r"|fullnameOverride|nameOverride|cleanPrometheusOperatorObjectNames",
        ),
    ),
    Rule(
        name="node pool cycled",
        label=Label.DOWNTIME,
        reason="this attribute cycles the pool without cordon or drain",
        source="azurerm, azurerm_kubernetes_cluster_node_pool, temporary_name_for_rotation",
        advice="Drain the pool by hand first, one pool at a time.",
        applies=resource("azurerm_kubernetes_cluster_node_pool", CYCLING),
    ),
    Rule(
        name="node pool goes or is recreated",
        label=Label.DOWNTIME,
        reason="its pods are evicted at once; zonal disks wait for a node in their zone",
        source="azurerm, azurerm_kubernetes_cluster_node_pool",
        advice="Add the new pool first, move the pods, then remove.",
        applies=either(
            resource("azurerm_kubernetes_cluster_node_pool", "", actions=(Action.REMOVED,)),
            resource("azurerm_kubernetes_cluster_node_pool", "name"),
            resource(
                "azurerm_kubernetes_cluster_node_pool",
                r".*(drain_timeout_in_minutes|undrainable_node_behavior)",
                actions=(Action.REMOVED,),
            ),
        ),
    ),
    Rule(
        name="attached disk of another type",
        label=Label.DOWNTIME,
        reason="Azure changes the type of a disk only while no node has it: the apply fails",
        source="terraform-provider-azurerm issue 26651",
        advice="Stop one replica, change its disk, start it; then the other.",
        applies=resource("azurerm_managed_disk", "storage_account_type"),
    ),
    Rule(
        name="both replicas at once",
        label=Label.DOWNTIME,
        reason="without a budget, or with fewer than two replicas, a drain or roll stops the service",
        source="Kubernetes, Disruptions",
        advice="Keep two replicas and the budget.",
        applies=either(
            at(Kind.VALUE, r".*podDisruptionBudget(\..*)?", actions=(Action.REMOVED, Action.CHANGED)),
            smaller(at(Kind.VALUE, r"(.*\.)?(replicas|replicaCount)")),
            smaller(at(Kind.VALUE, r".*terminationGracePeriodSeconds")),
            at(
                Kind.VALUE,
                r".*topologySpreadConstraints.*|.*podAntiAffinity.*",
                actions=(Action.REMOVED, Action.CHANGED),
            ),
        ),
    ),
    Rule(
        name="quorum lost while rolling",
        label=Label.DOWNTIME,
        reason="a ring that changes moves series between ingestors, and writes need two of three copies meanwhile",
        source="Thanos, Receive; docs/architecture.md, Receive",
        advice="Scale by one, wait until all are ready, watch the quorum's alert.",
        applies=either(
            at(Kind.VALUE, r"receive\.(replicationFactor|ingestor\.replicas)"),
            at(Kind.VALUE, r".*\[--receive\.hashrings-algorithm\]"),
        ),
    ),
    Rule(
        name="major version",
        label=Label.DOWNTIME,
        reason="a chart's or an operator's major version changes values, CRDs or objects",
        source="the chart's upgrade notes",
        advice="Read the notes, render both, take one region first.",
        applies=_major,
    ),
)


def several_pools(found: Sequence[Risk]) -> Iterator[Risk]:
    """More than one pool of a stack cycled at once."""
    cycled = [risk.change for risk in found if risk.rule.name == "node pool cycled"]
    for stack in sorted({stack for change in cycled for stack in change.stacks}):
        here = [change for change in cycled if stack in change.stacks]
        if len({change.key.subject for change in here}) > 1:
            yield Risk(rule=SEVERAL_POOLS, change=replace(here[0], stacks=(stack,)))
