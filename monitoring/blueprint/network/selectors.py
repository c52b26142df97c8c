"""Network policy peers: pods or addresses at either end of a flow.

What else a side is becomes the addresses that hold it, which is wider (docs/network-policies.md says by how much); on
Cilium, `objects/cilium.py` says it exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.network.flow import ApiServer, ClusterPods, HostName, Side
from monitoring.fleet.model import Region

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
    if isinstance(side, ClusterPods):
        return (Pods(namespace=side.namespace, labels=side.labels),)
    if isinstance(side, ApiServer | HostName):
        raise TypeError(f"{side.name} must be called by address, got it as a caller")
    return tuple(Block(network=network) for network in side.networks)
