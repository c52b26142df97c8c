"""Who may talk to whom in the cluster, as NetworkPolicies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from cdktf_cdktf_provider_kubernetes.network_policy_v1 import (
    NetworkPolicyV1,
    NetworkPolicyV1Metadata,
    NetworkPolicyV1Spec,
    NetworkPolicyV1SpecEgress,
    NetworkPolicyV1SpecEgressPorts,
    NetworkPolicyV1SpecEgressTo,
    NetworkPolicyV1SpecEgressToIpBlock,
    NetworkPolicyV1SpecEgressToNamespaceSelector,
    NetworkPolicyV1SpecEgressToNamespaceSelectorMatchExpressions,
    NetworkPolicyV1SpecEgressToPodSelector,
    NetworkPolicyV1SpecIngress,
    NetworkPolicyV1SpecIngressFrom,
    NetworkPolicyV1SpecIngressFromIpBlock,
    NetworkPolicyV1SpecIngressFromNamespaceSelector,
    NetworkPolicyV1SpecIngressFromNamespaceSelectorMatchExpressions,
    NetworkPolicyV1SpecIngressFromPodSelector,
    NetworkPolicyV1SpecIngressPorts,
    NetworkPolicyV1SpecPodSelector,
)

from constructs import Construct
from constructs.namespaces import Namespaces
from monitoring.blueprint.components import Port
from monitoring.blueprint.policies import OUR_NAMESPACES, Block, Policy, Rule, Selected

NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""The label by which Kubernetes itself names each namespace."""


@dataclass(frozen=True, kw_only=True)
class _Structs:
    """One direction's structs: the bindings have a set for each, with the same arguments."""

    peer: Callable[..., Any]
    block: Callable[..., Any]
    namespaces: Callable[..., Any]
    expression: Callable[..., Any]
    pods: Callable[..., Any]
    port: Callable[..., Any]


_INGRESS = _Structs(
    peer=NetworkPolicyV1SpecIngressFrom,
    block=NetworkPolicyV1SpecIngressFromIpBlock,
    namespaces=NetworkPolicyV1SpecIngressFromNamespaceSelector,
    expression=NetworkPolicyV1SpecIngressFromNamespaceSelectorMatchExpressions,
    pods=NetworkPolicyV1SpecIngressFromPodSelector,
    port=NetworkPolicyV1SpecIngressPorts,
)
_EGRESS = _Structs(
    peer=NetworkPolicyV1SpecEgressTo,
    block=NetworkPolicyV1SpecEgressToIpBlock,
    namespaces=NetworkPolicyV1SpecEgressToNamespaceSelector,
    expression=NetworkPolicyV1SpecEgressToNamespaceSelectorMatchExpressions,
    pods=NetworkPolicyV1SpecEgressToPodSelector,
    port=NetworkPolicyV1SpecEgressPorts,
)


class NetworkPolicies(Construct):
    """Nothing passes in our namespaces but what a policy names, in either direction.

    `made` are the resources: releases wait for them, since a hook's pod needs its way out from the start.
    """

    def __init__(self, scope: Construct, name: str, *, policies: Sequence[Policy], namespaces: Namespaces) -> None:
        super().__init__(scope, name)
        self.made = [self._policy(policy, namespaces) for policy in policies]

    def _policy(self, policy: Policy, namespaces: Namespaces) -> NetworkPolicyV1:
        return NetworkPolicyV1(
            self,
            f"{policy.namespace}-{policy.name}",
            metadata=NetworkPolicyV1Metadata(name=policy.name, namespace=policy.namespace),
            spec=NetworkPolicyV1Spec(
                pod_selector=NetworkPolicyV1SpecPodSelector(match_labels=dict(policy.labels) or None),
                policy_types=["Ingress", "Egress"],
                ingress=[
                    NetworkPolicyV1SpecIngress(from_=_peers(rule, _INGRESS), ports=_ports(rule, _INGRESS))
                    for rule in policy.ingress
                ],
                egress=[
                    NetworkPolicyV1SpecEgress(to=_peers(rule, _EGRESS), ports=_ports(rule, _EGRESS))
                    for rule in policy.egress
                ],
            ),
            depends_on=[namespaces.monitoring, namespaces.node_exporter],
        )


def _ports(rule: Rule, structs: _Structs) -> list[Any]:
    return [_port(port, structs) for port in rule.ports]


@cache  # structs are plain values, and each costs a check of its types
def _port(port: Port, structs: _Structs) -> Any:
    """A number: names of ports are looked up per pod, and not every engine does it on the way out."""
    return structs.port(port=str(port.number) if port.number else None, protocol=port.protocol)


def _peers(rule: Rule, structs: _Structs) -> list[Any]:
    return [_peer(peer, structs) for peer in rule.peers]


@cache
def _peer(peer: Selected, structs: _Structs) -> Any:
    if isinstance(peer, Block):
        return structs.peer(
            ip_block=structs.block(cidr=str(peer.network), except_=[str(but) for but in peer.but] or None)
        )
    if peer.namespace:
        namespaces = structs.namespaces(match_labels={NAMESPACE_NAME: peer.namespace})
    else:
        others = structs.expression(key=NAMESPACE_NAME, operator="NotIn", values=list(OUR_NAMESPACES))
        namespaces = structs.namespaces(match_expressions=[others])
    return structs.peer(
        namespace_selector=namespaces, pod_selector=structs.pods(match_labels=dict(peer.labels) or None)
    )
