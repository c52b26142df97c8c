"""Replicas that would stop together, or not start."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from monitoring.effective.facts import Kind
from monitoring.review.changes import Action, Change, jump
from monitoring.review.risks import ring
from monitoring.review.risks.matching import (
    Label,
    Risk,
    Rule,
    at,
    either,
    larger,
    resource,
    smaller,
)

NODE_POOL = "azurerm_kubernetes_cluster_node_pool"
CYCLING = (
    r"vm_size|zones.*|os_disk_.*|os_type|os_sku|kubelet_disk_type|max_pods|host_encryption_enabled|vnet_subnet_id"
    r"|pod_subnet_id|temporary_name_for_rotation|(kubelet|linux_os)_config.*|fips_enabled"
)
"""Attributes of a node pool that cycle it without cordon or drain."""

WRITE_ONLY = (Action.REMOVED, Action.CHANGED)


def _major(change: Change) -> bool:
    return change.key.kind in {Kind.RELEASE, Kind.VALUE, Kind.SETTING} and jump(change) == "major"


def _without_replicas(change: Change) -> bool:
    """No replica at all is no smaller number of them only where it was none before."""
    return bool(re.fullmatch(r"(.*\.)?(replicas|replicaCount)", change.key.path)) and change.after == 0


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
            r".*(volumeClaimTemplate|storageSpec|persistence\.(size|storageClass|accessMode)|\.storage\.|serviceName).*"
            r"|(.*\.)?(fullnameOverride|nameOverride|namespaceOverride|podManagementPolicy)"
            r"|cleanPrometheusOperatorObjectNames",
        ),
    ),
    Rule(
        name="node pool cycled",
        label=Label.DOWNTIME,
        reason="this attribute cycles the pool without cordon or drain",
        source="azurerm, azurerm_kubernetes_cluster_node_pool, temporary_name_for_rotation",
        advice="Drain the pool by hand first, one pool at a time.",
        applies=resource(NODE_POOL, CYCLING),
    ),
    Rule(
        name="node pool goes or is recreated",
        label=Label.DOWNTIME,
        reason="its pods are evicted at once; zonal disks wait for a node in their zone",
        source="azurerm, azurerm_kubernetes_cluster_node_pool",
        advice="Add the new pool first, move the pods, then remove.",
        applies=resource(NODE_POOL, r"|name|mode|priority|kubernetes_cluster_id", actions=WRITE_ONLY),
    ),
    Rule(
        name="nodes that pods look for",
        label=Label.DOWNTIME,
        reason="pods choose nodes by these labels and tolerate these taints: others find none",
        source="docs/architecture.md, node pools",
        advice="Change pods and pools together, new nodes first.",
        applies=resource(NODE_POOL, r"node_labels\..*|node_taints.*|auto_scaling_enabled"),
    ),
    Rule(
        name="less time to drain",
        label=Label.DOWNTIME,
        reason="a node goes before its pods have stopped, or the next one before they are up again",
        source="AKS, node pool upgrade settings",
        advice="An ingestor takes up to 15 minutes to write its head.",
        applies=either(
            smaller(resource(NODE_POOL, r"upgrade_settings\.(drain_timeout|node_soak_duration)_in_minutes")),
            resource(NODE_POOL, r"upgrade_settings\.node_soak_duration_in_minutes", actions=(Action.REMOVED,)),
        ),
    ),
    Rule(
        name="order of the apply",
        label=Label.DOWNTIME,
        reason="what had to be first may come later: two pools cycle at once, a pod starts without rights",
        source="docs/architecture.md, What is in a stack",
        advice="Keep `depends_on`, or say what orders them instead.",
        applies=either(
            at(Kind.RESOURCE, r"depends_on\[.*", actions=(Action.REMOVED,)),
            at(Kind.RELEASE, r"depends_on\[.*", actions=(Action.REMOVED,)),
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
        reason="without budget, spread or second replica a drain stops the service; without time it is killed",
        source="Kubernetes, Disruptions",
        advice="Keep two replicas, their spread and the budget.",
        applies=either(
            at(Kind.VALUE, r"(.*\.)?podDisruptionBudget\.(minAvailable|maxUnavailable|enabled)", actions=WRITE_ONLY),
            smaller(at(Kind.VALUE, r"(.*\.)?(replicas|replicaCount)")),
            at(Kind.VALUE, r"(.*\.)?(replicas|replicaCount)", actions=(Action.REMOVED,)),
            _without_replicas,
            smaller(at(Kind.VALUE, r"(.*\.)?(terminationGracePeriodSeconds|minReadySeconds)")),
            at(Kind.VALUE, r"(.*\.)?terminationGracePeriodSeconds", actions=(Action.REMOVED,)),
            at(Kind.VALUE, r"(.*\.)?(topologySpreadConstraints|podAntiAffinity|affinity).*", actions=WRITE_ONLY),
        ),
    ),
    Rule(
        name="where pods may run",
        label=Label.DOWNTIME,
        reason="a pod that tolerates, or is allowed on, no node stays Pending; without its priority it goes first",
        source="Kubernetes, Assigning Pods to Nodes",
        advice="Hold it against the node pools' labels and taints.",
        applies=either(
            at(Kind.VALUE, r"(.*\.)?(tolerations|nodeSelector|priorityClassName)([.\[(].*)?"),
            resource("kubernetes_priority_class_v1", r"|metadata\.name", actions=WRITE_ONLY),
            smaller(resource("kubernetes_priority_class_v1", "value")),
        ),
    ),
    Rule(
        name="quorum lost while rolling",
        label=Label.DOWNTIME,
        reason="a ring that changes moves series between ingestors, and writes need two of three copies meanwhile",
        source="Thanos, Receive; docs/architecture.md, Receive",
        advice="Watch the quorum's alert until all routers have restarted.",
        applies=at(Kind.VALUE, r"receive\.replicationFactor|.*\[--receive\.hashrings-algorithm\]"),
    ),
    Rule(
        name="upgrade of a release",
        label=Label.DOWNTIME,
        reason="Helm gives up sooner, or rolls back in the middle of what needs its time",
        source="docs/architecture.md, releases",
        advice="Stateful releases are not atomic; their timeouts are longer than an ingestor's stop.",
        applies=either(
            smaller(at(Kind.RELEASE, "timeout")),
            at(Kind.RELEASE, r"name|atomic|cleanup_on_fail|wait|create_namespace|namespace|recreate_pods|force_update"),
            at(Kind.RELEASE, r"timeout|max_history", actions=(Action.REMOVED,)),
            at(Kind.RELEASE, "", actions=(Action.CHANGED,)),  # another address in the state: uninstalled, and made anew
        ),
    ),
    Rule(
        name="address that others know",
        label=Label.DOWNTIME,
        reason="other regions, pods or people find nothing where they ask",
        source="docs/regions.md",
        advice="Change who asks in the same apply, or keep the old name beside it.",
        applies=either(
            resource(
                "kubernetes_service_v1|azurerm_private_dns_.*|azurerm_private_endpoint",
                r"(?!lifecycle|tags).*",
                actions=WRITE_ONLY,
            ),
            at(Kind.OBJECT, "|spec.*|metadata.name.*", subject=r"(Service|Certificate)/.*", actions=WRITE_ONLY),
            at(
                Kind.VALUE,
                r".*(\.|^)(routePrefix|externalUrl|service\.(port|targetPort)|portName)|.*\[--web\..*prefix\]",
            ),
        ),
    ),
    Rule(
        name="a way closed",
        label=Label.DOWNTIME,
        reason="what goes this way today is refused",
        source="docs/reference/flows.md",
        advice="Show that nobody asks there any more.",
        applies=at(Kind.POLICY, r"(ingress|egress) .*", actions=(Action.REMOVED,)),
    ),
    Rule(
        name="who a workload is",
        label=Label.DOWNTIME,
        reason="a pod without its identity reads no secret and writes no block",
        source="docs/architecture.md, identities",
        advice="Keep account, credential, role and secret together.",
        applies=either(
            resource(
                r"kubernetes_service_account_v1|azurerm_(user_assigned_identity|federated_identity_credential"
                r"|role_assignment|role_definition)",
                actions=WRITE_ONLY,
            ),
            resource("kubernetes_service_account_v1", r"metadata\..*", actions=WRITE_ONLY),
            resource(
                r"azurerm_(user_assigned|federated)_identity\w*",
                r"name|resource_group_name|location",
                actions=WRITE_ONLY,
            ),
            at(Kind.VALUE, r"(.*\.)?serviceAccount\.(create|name)|.*azure\.workload\.identity.*", actions=WRITE_ONLY),
            at(Kind.RELEASE, r"set\[.*", actions=WRITE_ONLY),
            at(
                Kind.OBJECT,
                rf"|(?!{ring.RESTARTED}$)spec.*",
                subject=r"(SecretProviderClass|Deployment)/.*",
                actions=WRITE_ONLY,
            ),
        ),
    ),
    Rule(
        name="major version",
        label=Label.DOWNTIME,
        reason="a chart's, an image's or a provider's major version changes values, CRDs or objects",
        source="the upgrade notes",
        advice="Read the notes, render both, take one region first.",
        applies=_major,
    ),
    Rule(
        name="slower to start or to see a fault",
        label=Label.DOWNTIME,
        reason="a probe that asks elsewhere or gives up later or sooner restarts what works, or keeps what does not",
        source="Kubernetes, Probes",
        advice="Try it on one pod.",
        applies=either(
            at(Kind.VALUE, r".*(liveness|readiness|startup)Probe.*", actions=WRITE_ONLY),
            larger(at(Kind.VALUE, r".*minReadySeconds")),
            smaller(at(Kind.VALUE, r".*maximumStartupDurationSeconds")),
        ),
    ),
)


def several_pools(found: Sequence[Risk]) -> Iterator[Risk]:
    """More than one pool of a stack cycled at once."""
    cycled = [risk.change for risk in found if risk.rule.name == "node pool cycled"]
    for stack in sorted({stack for change in cycled for stack in change.stacks}):
        here = [change for change in cycled if stack in change.stacks]
        if len({change.key.subject for change in here}) > 1:
            yield Risk(rule=SEVERAL_POOLS, change=replace(here[0], stacks=(stack,)))
