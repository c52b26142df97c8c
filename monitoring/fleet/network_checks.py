"""Checks of a region's addresses: networks that stay apart, addresses that are theirs, ids of the region's own network.

What a policy opens to a network, and whom a proxy believes, follows from these. Pure: each yields what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations, product

from monitoring.fleet.model import Region
from monitoring.fleet.yaml_file import ValuePath, dotted

PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
"""Addresses that no public network has (RFC 1918, RFC 6598)."""

WIDEST_PROXIES = 12
"""The shortest prefix of a network whose word oauth2-proxy takes for who calls."""

AZURE_RESERVED = 4
"""The first four addresses of a subnet, and its last, are Azure's."""

SMALLEST_SUBNET = 29
"""Azure's longest prefix (Microsoft Learn, "Azure Virtual Network frequently asked questions")."""

_MACHINES = "virtual_machine_subnets"
_PODS = "pod_network"


def addresses(region: Region) -> list[tuple[ValuePath, IPv4Address]]:
    """Every static address of the region, with its place."""
    balancers = region.network.load_balancers
    place: ValuePath = ("network", "load_balancers")
    return [
        ((*place, "query"), balancers.query),
        *(((*place, "federation", index), address) for index, address in enumerate(balancers.federation)),
    ]


def networks(region: Region) -> list[tuple[ValuePath, IPv4Network]]:
    """Every network of the region, with its place."""
    network = region.network
    found: list[tuple[ValuePath, IPv4Network | None]] = [
        (("node_subnet",), network.node_subnet),
        ((_PODS,), network.pod_network),
        (("private_endpoint_subnet",), network.private_endpoint_subnet),
        (("api_server_subnet",), network.api_server_subnet),
        *(((_MACHINES, index), subnet) for index, subnet in enumerate(network.virtual_machine_subnets)),
        (("load_balancers", "subnet"), network.load_balancers.subnet),
    ]
    return [(("network", *path), one) for path, one in found if one is not None]


def network_faults(region: Region) -> Iterator[tuple[ValuePath, str]]:
    """All that is wrong with the networks of one region."""
    yield from _static_addresses(region)
    for path, network in networks(region):
        if not _private(network):
            yield path, f"must be a private network (10/8, 172.16/12, 192.168/16, 100.64/10), got {network}"
        if network.prefixlen > SMALLEST_SUBNET and _MACHINES not in path:
            yield path, f"must be /{SMALLEST_SUBNET} or wider, as Azure's subnets are, got {network}"
    for (first, one), (second, other) in combinations(_told_once(region), 2):
        # without an overlay, pods have addresses of the nodes' subnet
        same = (_PODS in second and one == other) or (_MACHINES in first and _MACHINES in second)
        if one.overlaps(other) and not same:
            message = (
                f"must not overlap {_name(first)} {one}: what is opened to one would open to the other, got {other}"
            )
            yield second, message
    yield from _ids(region)
    yield from _proxies(region)


def apart(region: Region, other: Region) -> Iterator[tuple[ValuePath, str]]:
    """Networks that reach one another have no address in common; and what opens to one must not open to a third.

    Pods of an overlay are seen by nobody else, so theirs may be the same everywhere; so may the machines' be.
    """
    for (path, own), (theirs, network) in product(_told_once(region), _told_once(other)):
        alike = any(kind in path and kind in theirs for kind in (_PODS, _MACHINES))
        if own.overlaps(network) and not alike:
            yield path, f"must not overlap {_name(theirs)} {network} of {other.name}, got {own}"


def _name(path: ValuePath) -> str:
    return dotted(path[1:])


def _told_once(region: Region) -> list[tuple[ValuePath, IPv4Network]]:
    """Without those that are no private network, and so overlap with all."""
    return [(path, network) for path, network in networks(region) if _private(network)]


def _private(network: IPv4Network) -> bool:
    return any(network.subnet_of(one) for one in PRIVATE)


def _static_addresses(region: Region) -> Iterator[tuple[ValuePath, str]]:
    subnet = region.network.load_balancers.subnet
    for path, address in addresses(region):
        if address not in subnet:
            yield path, f"must be in load_balancers.subnet {subnet}, got {address}"
        elif int(address) - int(subnet.network_address) < AZURE_RESERVED or address == subnet.broadcast_address:
            yield path, f"must not be one of the first four or the last of {subnet}, which are Azure's, got {address}"


def _ids(region: Region) -> Iterator[tuple[ValuePath, str]]:
    """Azure's ids are the same in any case of their letters."""
    network = region.network
    own = f"{network.virtual_network_id}/subnets/".lower()
    seen: dict[str, str] = {}
    for key, subnet in (
        ("node_subnet_id", network.node_subnet_id),
        ("private_endpoint_subnet_id", network.private_endpoint_subnet_id),
        ("load_balancers.subnet_name", f"{own}{network.load_balancers.subnet_name}"),
    ):
        path = ("network", *key.split("."))
        if not subnet.lower().startswith(own):
            yield path, f"must be a subnet of virtual_network_id {network.virtual_network_id}, got {subnet}"
        if (other := seen.setdefault(subnet.lower(), key)) != key:
            yield path, f"must be another subnet than {other}, got {subnet.rpartition('/')[2]}"


def _proxies(region: Region) -> Iterator[tuple[ValuePath, str]]:
    """The Gateway's pods are pods of the cluster; whoever has an address of theirs may say who calls."""
    pods = region.network.pod_network
    for index, network in enumerate(region.access.trusted_proxies):
        path: ValuePath = ("access", "trusted_proxies", index)
        if not _private(network) or network.prefixlen < WIDEST_PROXIES:
            yield path, f"must be the Gateway's own private network, /{WIDEST_PROXIES} or narrower, got {network}"
        elif not network.subnet_of(pods):
            yield path, f"must be in network.pod_network {pods}, where the Gateway's pods are, got {network}"
