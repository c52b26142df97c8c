"""The NetworkPolicies that follow from `flows.py`, as plain data: default deny both ways, then exactly the rows.

A NetworkPolicy knows pods and addresses. What else a row names becomes the addresses that hold it, which is wider
(docs/network-policies.md says by how much); on Cilium, `objects/cilium.py` says it exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from monitoring.blueprint.components import NAMESPACE, NODE_NAMESPACE, Component, Port
from monitoring.blueprint.flow import ApiServer, Flow, HostName, Neighbour, Side
from monitoring.blueprint.flows import flows
from monitoring.blueprint.openings import enforced, openings
from monitoring.fleet.model import Peer, Region

OUR_NAMESPACES = (NAMESPACE, NODE_NAMESPACE)
"""Where nothing passes that has no row."""

NOT_PUBLIC = tuple(
    map(
        IPv4Network,
        ("10.0.0.0/8", "100.64.0.0/10", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"),
    )
)
"""Private addresses (RFC 1918, 3927, 6598), and the one at which Azure tells a machine about itself."""


@dataclass(frozen=True, kw_only=True)
class Pods:
    """Pods with all `labels` (none: all) in a namespace (None: in every one but ours)."""

    namespace: str | None
    labels: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, kw_only=True)
class Block:
    """Addresses, but for the excepted ones."""

    network: IPv4Network
    but: tuple[IPv4Network, ...] = ()


Selected = Pods | Block

PUBLIC = Block(network=IPv4Network("0.0.0.0/0"), but=NOT_PUBLIC)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Any of the peers, at any of the ports."""

    peers: tuple[Selected, ...]
    ports: tuple[Port, ...]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A NetworkPolicy for both directions, of the pods with all `labels` (none: of all pods)."""

    name: str
    namespace: str
    labels: Mapping[str, str] = field(hash=False)
    ingress: tuple[Rule, ...] = ()
    egress: tuple[Rule, ...] = ()


def policies(region: Region, peers: Sequence[Peer]) -> tuple[Policy, ...]:
    """Every NetworkPolicy of a region, in both namespaces."""
    rows = flows(region, peers)
    denied = (Policy(name="default-deny", namespace=namespace, labels={}) for namespace in OUR_NAMESPACES)
    return (*denied, *(_policy(component, rows, region) for component in enforced(region)))


def _policy(component: Component, rows: Sequence[Flow], region: Region) -> Policy:
    opened = openings(component, rows, region)
    return Policy(
        name=component.name,
        namespace=component.namespace,
        labels=component.labels,
        ingress=_rules((callers(one.side, region), one.ports) for one in opened.plain_ingress),
        egress=_rules((called(one.side, region), one.ports) for one in opened.plain_egress),
    )


def _rules(opened: Iterable[tuple[tuple[Selected, ...], tuple[Port, ...]]]) -> tuple[Rule, ...]:
    """One rule for all that the same peers hold: several hosts are one public address."""
    ports_of: dict[tuple[Selected, ...], dict[Port, None]] = {}
    for peers, ports in opened:
        ports_of.setdefault(peers, {}).update(dict.fromkeys(ports))
    return tuple(Rule(peers=peers, ports=tuple(ports)) for peers, ports in ports_of.items())


def callers(side: Side, region: Region) -> tuple[Selected, ...]:
    """What holds the side where it calls."""
    if isinstance(side, ApiServer):
        agents = Pods(namespace=side.agents.namespace, labels=side.agents.labels)
        return (agents, Block(network=side.network)) if side.network else (agents,)
    return _peers(side, region)


def called(side: Side, region: Region) -> tuple[Selected, ...]:
    """What holds the side where it is called."""
    if isinstance(side, ApiServer | HostName):
        return (Block(network=side.network) if side.network else PUBLIC,)
    return _peers(side, region)


def _peers(side: Side, region: Region) -> tuple[Selected, ...]:
    if isinstance(side, Component):
        if side.host_network:
            return (Block(network=region.network.node_subnet),)
        return (Pods(namespace=side.namespace, labels=side.labels),)
    if isinstance(side, Neighbour):
        return (Pods(namespace=side.namespace, labels=side.labels),)
    if isinstance(side, ApiServer | HostName):
        raise TypeError(f"{side.name} must be called by address, got it as a caller")
    return tuple(Block(network=network) for network in side.networks)
