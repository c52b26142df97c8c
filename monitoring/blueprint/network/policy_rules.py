"""Network policy rules of one component, from the rows of `flows.py`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitoring.blueprint.components.model import Component, Port
from monitoring.blueprint.network.flow import ApiServer, Flow, HostName, Nodes, Side
from monitoring.blueprint.network.flows import CLUSTER_DNS, DNS, participants
from monitoring.fleet.model import Region

CILIUM = "cilium"


def enforced(region: Region) -> tuple[Component, ...]:
    """Components that policies hold: no engine holds pods in their host's network."""
    return tuple(component for component in participants(region) if not component.host_network)


@dataclass(frozen=True, kw_only=True)
class PolicyRule:
    """Who is at the other end, and the ports: the component's own, or the other's."""

    side: Side
    ports: tuple[Port, ...]


@dataclass(frozen=True, kw_only=True)
class PolicyRules:
    """All that is open to and from a component.

    `plain` ones fit into a NetworkPolicy, which knows pods and addresses. `exact` ones mean what only Cilium's own
    policies can say; on another engine there are none, and a NetworkPolicy names the addresses that hold them.
    `reads_dns`: Cilium must read the answers of every DNS server, to know the addresses behind host names.
    """

    plain_ingress: tuple[PolicyRule, ...]
    plain_egress: tuple[PolicyRule, ...]
    exact_ingress: tuple[PolicyRule, ...]
    exact_egress: tuple[PolicyRule, ...]
    reads_dns: bool


def policy_rules(component: Component, rows: Sequence[Flow], region: Region) -> PolicyRules:
    """What the rows open to and from a component on the region's engine.

    Cilium must read a component's DNS answers to know the addresses behind its host names. Its DNS row is exact then,
    and that alone: how Cilium merges a plain rule for the same port depends on version and selector.
    """
    ingress = [(row.source, row.opened) for row in rows if row.target == component]
    egress = [(row.target, row.opened) for row in rows if row.source == component]
    reads_dns = any(isinstance(side, HostName) and is_exact(side, region) for side, _ in egress)

    def exact(side: Side, port: Port) -> bool:
        return is_exact(side, region) or (reads_dns and side == CLUSTER_DNS and port in DNS)

    return PolicyRules(
        plain_ingress=_grouped((side, port) for side, port in ingress if not is_exact(side, region)),
        plain_egress=_grouped((side, port) for side, port in egress if not exact(side, port)),
        exact_ingress=_grouped((side, port) for side, port in ingress if is_exact(side, region)),
        exact_egress=_grouped((side, port) for side, port in egress if exact(side, port)),
        reads_dns=reads_dns,
    )


def is_exact(side: Side, region: Region) -> bool:
    """Whether the region has an engine that can mean this side itself, and the side is more than pods or addresses."""
    if region.cluster.network_policy_engine != CILIUM:
        return False
    if isinstance(side, HostName):
        return region.cluster.host_name_policies
    return isinstance(side, ApiServer | Nodes) or (isinstance(side, Component) and side.host_network)


def _grouped(sides: Iterable[tuple[Side, Port]]) -> tuple[PolicyRule, ...]:
    """Each side once, with all its ports, in the order of the rows."""
    found: list[tuple[Side, list[Port]]] = []
    for side, port in sides:
        ports = next((ports for known, ports in found if known == side), None)
        if ports is None:
            found.append((side, [port]))
        elif port not in ports:  # one port may have several reasons
            ports.append(port)
    return tuple(PolicyRule(side=side, ports=tuple(ports)) for side, ports in found)
