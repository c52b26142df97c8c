"""Resource groups, the region's network and what it is connected to."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from monitoring.fleet import Fleet
from monitoring.fleet.model import Region
from monitoring.prerequisites.azure import Id, az, group_step
from monitoring.prerequisites.step import Condition, Step, Wanted, shell


def steps(region: Region, fleet: Fleet) -> Iterator[Step]:
    """Groups, network, subnets; peerings with the regions that ask this one or are asked; names; the log."""
    yield from _groups(region)
    yield from _network(region)
    peers = {peer.name for peer in fleet.peers_of(region)}
    for other in fleet.regions:
        if other.name in peers and (region.global_view or other.global_view):
            yield _peering(region, other)
            yield _peering(other, region)
    yield from _blob_zone(region)
    yield _workspace(region)


def _groups(region: Region) -> Iterator[Step]:
    """All that the file names, but the one that Terraform makes."""
    network, zone, workspace = _ids(region)
    own = region.subscription_id
    at: dict[tuple[str, str], str] = {
        (network.subscription, network.group): region.location,
        (zone.subscription, zone.group): region.fleet.location,
        (workspace.subscription, workspace.group): region.location,
        (own, region.cluster.resource_group): region.location,
        (own, region.cluster.control_plane_identity_resource_group): region.location,
        (own, region.key_vault.resource_group): region.location,
        (own, region.azure_vms.resource_group): region.location,
    }
    for (subscription, group), location in sorted(at.items()):
        named = ("--name", group, "--subscription", subscription)
        yield Step(
            name=group_step(region, subscription, group),
            look=az("group", "show", *named),
            make=shell("az", "group", "create", *named, "--location", location),
        )


def _ids(region: Region) -> tuple[Id, Id, Id]:
    return (
        Id.of(region.network.virtual_network_id),
        Id.of(region.network.blob_private_dns_zone_id),
        Id.of(region.object_store.log_analytics_workspace_id),
    )


def _network(region: Region) -> Iterator[Step]:
    network, _, _ = _ids(region)
    within = ("--resource-group", network.group, "--subscription", network.subscription)
    subnets = {
        Id.of(region.network.node_subnet_id).name: region.network.node_subnet,
        Id.of(region.network.private_endpoint_subnet_id).name: region.network.private_endpoint_subnet,
        region.network.load_balancers.subnet_name: region.network.load_balancers.subnet,
    }
    inside = (*subnets.values(), *region.network.virtual_machine_subnets)
    named = ("--name", network.name, *within)
    whole = str(_smallest_around(inside))
    holds = Condition(f"around {', '.join(map(str, inside))}", lambda found: _around(found or [], inside))
    yield Step(
        name=f"network {network.name}",
        look=az("network", "vnet", "show", *named),
        wanted=(Wanted(fields={"location": region.location, "addressSpace.addressPrefixes": holds}),),
        make=shell(
            "az", "network", "vnet", "create", *named, "--location", region.location, "--address-prefixes", whole
        ),
        by_hand="its addresses are the network's owner's to decide: the command takes the smallest that the file needs",
        needs=(group_step(region, network.subscription, network.group),),
    )
    for name, addresses in subnets.items():
        subnet = ("--name", name, "--vnet-name", network.name, *within)
        yield Step(
            name=f"subnet {name}",
            look=az("network", "vnet", "subnet", "show", *subnet),
            wanted=(Wanted(fields={"": _prefix(addresses)}),),
            make=shell("az", "network", "vnet", "subnet", "create", *subnet, "--address-prefixes", str(addresses)),
            by_hand="a subnet in use keeps its addresses: the region's file must say what is there, or another subnet",
            needs=(f"network {network.name}",),
        )


def _prefix(addresses: IPv4Network) -> Condition:
    """Azure CLI gives one prefix as `addressPrefix`, or in the list `addressPrefixes`."""
    return Condition(
        f"of the addresses {addresses}",
        lambda subnet: str(addresses) in {subnet.get("addressPrefix"), *(subnet.get("addressPrefixes") or ())},
    )


def _smallest_around(networks: tuple[IPv4Network, ...]) -> IPv4Network:
    around = networks[0]
    while not all(one.subnet_of(around) for one in networks):
        around = around.supernet()
    return around


def _around(prefixes: list[str], networks: tuple[IPv4Network, ...]) -> bool:
    spaces = [IPv4Network(prefix) for prefix in prefixes if ":" not in prefix]
    return all(any(one.subnet_of(space) for space in spaces) for one in networks)


def _peering(region: Region, other: Region) -> Step:
    network = Id.of(region.network.virtual_network_id)
    within = ("--vnet-name", network.name, "--resource-group", network.group, "--subscription", network.subscription)
    remote = other.network.virtual_network_id
    named = ("--name", other.name, "--remote-vnet", remote, "--allow-vnet-access")
    return Step(
        name=f"peering of {region.name} to {other.name}",
        look=az("network", "vnet", "peering", "list", *within),
        wanted=(
            Wanted(
                among="",
                item={"remoteVirtualNetwork.id": remote},
                fields={"peeringState": "Connected", "allowVirtualNetworkAccess": True},
            ),
        ),
        make=shell("az", "network", "vnet", "peering", "create", *named, *within),
        by_hand="Initiated: the other way is missing; Disconnected: delete both and make them anew",
    )


def _blob_zone(region: Region) -> Iterator[Step]:
    network, zone, _ = _ids(region)
    within = ("--resource-group", zone.group, "--subscription", zone.subscription)
    name = f"private DNS zone {zone.name}"
    yield Step(
        name=name,
        look=az("network", "private-dns", "zone", "show", "--name", zone.name, *within),
        make=shell("az", "network", "private-dns", "zone", "create", "--name", zone.name, *within),
        needs=(group_step(region, zone.subscription, zone.group),),
    )
    whole = region.network.virtual_network_id
    link = ("--name", network.name, "--zone-name", zone.name, *within, "--virtual-network", whole)
    yield Step(
        name=f"link of {network.name} to {zone.name}",
        look=az("network", "private-dns", "link", "vnet", "list", "--zone-name", zone.name, *within),
        wanted=(Wanted(among="", item={"virtualNetwork.id": whole}),),
        make=shell("az", "network", "private-dns", "link", "vnet", "create", *link, "--registration-enabled", "false"),
        needs=(name, f"network {network.name}"),
    )


def _workspace(region: Region) -> Step:
    *_, workspace = _ids(region)
    named = (
        *("--workspace-name", workspace.name, "--resource-group", workspace.group),
        *("--subscription", workspace.subscription),
    )
    create = ("az", "monitor", "log-analytics", "workspace", "create", *named, "--location", region.location)
    return Step(
        name=f"log workspace {workspace.name}",
        look=az("monitor", "log-analytics", "workspace", "show", *named),
        make=shell(*create),
        needs=(group_step(region, workspace.subscription, workspace.group),),
    )
