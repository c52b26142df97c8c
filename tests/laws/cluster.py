"""A cluster with everything that could talk: our pods as they are rendered, strangers among them, and the outside."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, ip_address
from itertools import count
from pathlib import Path
from typing import Any

from monitoring.blueprint.network.flow import Cidr, ClusterPods, Flow, HostName, Side
from monitoring.fleet.model import Region
from tests.laws.reachability import API_SERVER, OTHER_NODE, OUTSIDE, OWN_NODE, End, Port

RECORD: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "golden" / "workloads.json").read_text())

OPERATED: dict[str, tuple[dict[str, str], tuple[Port, ...]]] = {
    "prometheus": (
        {"app.kubernetes.io/name": "prometheus", "operator.prometheus.io/name": "prometheus"},
        ((9090, "TCP"), (8080, "TCP"), (9443, "TCP")),
    ),
    "alertmanager": (
        {"app.kubernetes.io/name": "alertmanager", "alertmanager": "prometheus"},
        ((9093, "TCP"), (9094, "TCP"), (9094, "UDP"), (8080, "TCP")),
    ),
}
"""Labels and ports of pods that the operator makes (prometheus-operator v0.93.1, its StatefulSet code)."""

UNLISTED: Port = (6666, "TCP")
"""A port that nobody declares."""

ASKED: tuple[Port, ...] = ((53, "UDP"), (53, "TCP"), (22, "TCP"), (80, "TCP"), (443, "TCP"), UNLISTED)
"""Ports at which everything outside is tried, besides its own."""

_addresses = count(int(IPv4Address("192.168.77.1")))
_public = count(int(IPv4Address("20.190.0.1")))


def _overlay() -> IPv4Address:
    return IPv4Address(next(_addresses))


NAMED = {"thanos-ring-router": "thanos-receive-router"}
"""Workloads that flows know by another name."""


def ours() -> list[End]:
    """Our pods that policies can hold, with the labels and ports of their rendering, and a stranger per namespace."""
    ends = [_stranger(namespace) for namespace in ("monitoring", "monitoring-node")]
    for row in RECORD:
        if "service_account" not in row or row["host_network"]:
            continue
        labels, ports = row["labels"], tuple((port["number"], port["protocol"]) for port in row["ports"])
        name = NAMED.get(row["name"], row["name"])
        if row["kind"].lower() in OPERATED:
            name = row["kind"].lower()
            labels, ports = OPERATED[name]
        ports = (*dict.fromkeys(ports), UNLISTED)
        ends.append(End(name=name, namespace=row["namespace"], labels=labels, address=_overlay(), ports=ports))
    return ends


def around(region: Region, rows: Sequence[Flow]) -> list[End]:
    """Everything else: other pods of the cluster, its nodes and API server, addresses and hosts outside."""
    network = region.network
    node = network.node_subnet[10]
    gateway = region.access.gateway
    endpoints = network.private_endpoint_subnet
    server = network.api_server_subnet[4] if network.api_server_subnet else ip_address("20.50.1.1")
    ends = [
        _pod("CoreDNS", "kube-system", {"k8s-app": "kube-dns"}, (9153, "TCP")),
        _pod("konnectivity-agent", "kube-system", {"app": "konnectivity-agent"}),
        _pod("Gateway", gateway.namespace, {"gateway.networking.k8s.io/gateway-name": gateway.name}),
        _pod("applications", "shop", {"app": "checkout"}, (8080, "TCP")),
        _end("own node", OWN_NODE, node, (10250, "TCP"), (9100, "TCP")),
        _end("other node", OTHER_NODE, network.node_subnet[11], (10250, "TCP"), (9100, "TCP")),
        _end("LocalDNS", OWN_NODE, ip_address("169.254.10.11")),
        _end("instance metadata", OUTSIDE, ip_address("169.254.169.254")),
        _end("wire server", OUTSIDE, ip_address("168.63.129.16")),
        _end("API server", API_SERVER, server),
        _end("another private endpoint", OUTSIDE, endpoints[5]),
        _end("example.org", OUTSIDE, ip_address("93.184.216.34")),
        _end("another network", OUTSIDE, ip_address("10.200.0.9")),
    ]
    known = {end.name for end in ends}
    sides = {side.name: side for row in rows for side in (row.source, row.target) if side.name not in known}
    return [*ends, *(end for side in sides.values() for end in _named(side))]


def _named(side: Side) -> Iterator[End]:
    """What a row names and the list above has not: hosts, addresses and pods to try, whatever else there is."""
    ports = tuple((port.number, port.protocol) for port in side.ports)
    if isinstance(side, HostName):
        address = side.network[4] if side.network else IPv4Address(next(_public))
        yield _end(side.name, OUTSIDE, address, *ports)
    elif isinstance(side, Cidr):
        yield _end(side.name, OUTSIDE, _inside(side.networks[0]), *ports)
    elif isinstance(side, ClusterPods) and side.namespace:
        yield _pod(side.name, side.namespace, dict(side.labels), *ports)


def _inside(network: IPv4Network) -> IPv4Address:
    return network[min(7, network.num_addresses - 1)]


def _stranger(namespace: str) -> End:
    """A pod of a namespace of ours that no policy names."""
    name, labels = f"stranger in {namespace}", {"app": "stranger"}
    return End(name=name, namespace=namespace, labels=labels, address=_overlay(), ports=(UNLISTED,))


def _pod(name: str, namespace: str, labels: dict[str, str], *ports: Port) -> End:
    return End(name=name, namespace=namespace, labels=labels, address=_overlay(), ports=(*ports, *ASKED))


def _end(name: str, kind: str, address: Any, *ports: Port) -> End:
    return End(name=name, kind=kind, address=address, ports=(*ports, *ASKED))
