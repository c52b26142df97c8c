"""CiliumNetworkPolicies, for flows that a NetworkPolicy cannot express.

The API server and nodes are entities to Cilium, which no `ipBlock` matches. A host name is the addresses that DNS
answered with, so Cilium reads the answers (`rules.dns`) of whoever may call one. These come beside the
NetworkPolicies of `network_policies.py`: what any of them allows is allowed. Other engines have none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from monitoring.blueprint.components.model import Component, Port
from monitoring.blueprint.network.flow import ApiServer, ClusterPods, HostName, Nodes
from monitoring.blueprint.network.flows import CLUSTER_DNS, LOCAL_DNS, flows
from monitoring.blueprint.network.policy_rules import PolicyRule, PolicyRules, enforced, policy_rules
from monitoring.blueprint.values.manifests import Manifest
from monitoring.fleet.model import Peer, Region


def cilium_policies(region: Region, peers: Sequence[Peer]) -> Iterator[Manifest]:
    """One policy per component that has to do with the API server, nodes or host names."""
    rows = flows(region, peers)
    for component in enforced(region):
        opened = policy_rules(component, rows, region)
        if opened.exact_ingress or opened.exact_egress:
            yield _policy(component, opened)


def _policy(component: Component, opened: PolicyRules) -> dict[str, Any]:
    spec: dict[str, Any] = {"endpointSelector": {"matchLabels": dict(component.labels)}}
    if opened.exact_ingress:
        spec["ingress"] = [rule for one in opened.exact_ingress for rule in _ingress(one)]
    if opened.exact_egress:
        spec["egress"] = [_egress(one, reads_dns=opened.reads_dns) for one in opened.exact_egress]
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": component.name, "namespace": component.namespace},
        "spec": spec,
    }


def _ingress(opening: PolicyRule) -> Iterator[dict[str, Any]]:
    side, ports = opening.side, [{"ports": [_port(port) for port in opening.ports]}]
    if isinstance(side, ApiServer):
        yield {"fromEndpoints": [_pods(side.agents)], "toPorts": ports}
        yield {"fromEntities": ["kube-apiserver"], "toPorts": ports}
    else:
        yield {"fromEntities": ["host", "remote-node"], "toPorts": ports}


def _egress(opening: PolicyRule, *, reads_dns: bool) -> dict[str, Any]:
    side = opening.side
    ports: dict[str, Any] = {"ports": [_port(port) for port in opening.ports]}
    if reads_dns and side in (CLUSTER_DNS, LOCAL_DNS):  # every question passes, and the answers are read
        ports["rules"] = {"dns": [{"matchPattern": "*"}]}
    if isinstance(side, ApiServer):
        return {"toEntities": ["kube-apiserver"], "toPorts": [ports]}
    if isinstance(side, HostName):
        return {"toFQDNs": [{"matchName": side.name}], "toPorts": [ports]}
    if isinstance(side, ClusterPods):
        return {"toEndpoints": [_pods(side)], "toPorts": [ports]}
    own = isinstance(side, Nodes) and side.own
    return {"toEntities": ["host"] if own else ["host", "remote-node"], "toPorts": [ports]}


def _pods(neighbour: ClusterPods) -> dict[str, Any]:
    labels = {"k8s:io.kubernetes.pod.namespace": neighbour.namespace, **neighbour.labels}
    return {"matchLabels": labels}


def _port(port: Port) -> dict[str, str]:
    return {"port": str(port.number), "protocol": port.protocol}
