"""The NetworkPolicies that follow from `flows.py`: default deny both ways, then exactly the rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from monitoring.blueprint.components.model import NAMESPACE, NODE_NAMESPACE, Port
from monitoring.blueprint.network.flows import flows
from monitoring.blueprint.network.policy_rules import enforced, policy_rules
from monitoring.blueprint.network.selectors import Block, Selected, called, callers
from monitoring.blueprint.values.manifests import Manifest
from monitoring.fleet.model import Peer, Region

OUR_NAMESPACES = (NAMESPACE, NODE_NAMESPACE)
"""Where nothing passes that has no row."""

NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""The label by which Kubernetes itself names each namespace."""


def network_policies(region: Region, peers: Sequence[Peer]) -> Iterator[Manifest]:
    """Every NetworkPolicy of a region: one per namespace that opens nothing, and one per component."""
    for namespace in OUR_NAMESPACES:
        yield _policy("default-deny", namespace, labels={}, ingress=[], egress=[])
    rows = flows(region, peers)
    for component in enforced(region):
        opened = policy_rules(component, rows, region)
        yield _policy(
            component.name,
            component.namespace,
            labels=component.labels,
            ingress=_rules("from", ((callers(one.side, region), one.ports) for one in opened.plain_ingress)),
            egress=_rules("to", ((called(one.side, region), one.ports) for one in opened.plain_egress)),
        )


def _policy(
    name: str, namespace: str, *, labels: Mapping[str, str], ingress: list[Any], egress: list[Any]
) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "podSelector": _labelled(labels),
            "policyTypes": ["Ingress", "Egress"],
            "ingress": ingress,
            "egress": egress,
        },
    }


def _rules(way: str, opened: Iterable[tuple[tuple[Selected, ...], tuple[Port, ...]]]) -> list[dict[str, Any]]:
    """One rule for all that the same peers hold: several hosts are one public address."""
    ports_of: dict[tuple[Selected, ...], dict[Port, None]] = {}
    for peers, ports in opened:
        ports_of.setdefault(peers, {}).update(dict.fromkeys(ports))
    return [
        {way: [_peer(peer) for peer in peers], "ports": [_port(port) for port in ports]}
        for peers, ports in ports_of.items()
    ]


def _port(port: Port) -> dict[str, Any]:
    """A number: names of ports are looked up per pod, and not every engine does it on the way out."""
    return {"protocol": port.protocol, **({"port": port.number} if port.number else {})}


def _peer(peer: Selected) -> dict[str, Any]:
    if isinstance(peer, Block):
        excepted = {"except": [str(but) for but in peer.but]} if peer.but else {}
        return {"ipBlock": {"cidr": str(peer.network), **excepted}}
    if peer.namespace:
        namespaces = _labelled({NAMESPACE_NAME: peer.namespace})
    else:
        others = {"key": NAMESPACE_NAME, "operator": "NotIn", "values": list(OUR_NAMESPACES)}
        namespaces = {"matchExpressions": [others]}
    return {"namespaceSelector": namespaces, "podSelector": _labelled(peer.labels)}


def _labelled(labels: Mapping[str, str]) -> dict[str, Any]:
    """A selector; without labels it holds all."""
    return {"matchLabels": dict(labels)} if labels else {}
