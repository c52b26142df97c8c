"""Every row of flows.py is open and every other pair is closed: computed from the policies in the stacks' JSON.

What no policy can say is stated here and in docs/network-policies.md: where an engine knows only addresses, a row opens
all addresses that hold what it means (`WIDER`); a node reaches the pods that it runs, for the kubelet's probes; and
what runs in a host's network (node-exporter, kubelet) is open to whoever reaches the node.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from ipaddress import IPv4Network
from typing import Any

import pytest
import yaml

from monitoring.blueprint.components import COMPACTOR, CRD_UPGRADE, GRAFANA, SIGN_IN, Component
from monitoring.blueprint.flow import ANY, ApiServer, Flow, HostName, Nodes, Side
from monitoring.blueprint.flows import APPLICATIONS, flows
from monitoring.fleet import Region, load_fleet
from monitoring.fleet.model import Peer
from tests.constructs.synthesized import NO_ZONES, fleet, synthesize
from tests.laws.cluster import around, ours
from tests.laws.conftest import ROOT
from tests.laws.reachability import OWN_NODE, End, policies
from tests.laws.stack_laws import Stack

Connection = tuple[str, str, int, str]
"""Source, target, port, protocol."""

PUBLIC = ("API server", "login.microsoftonline.com", "management.azure.com", "example.org")
NODES = ("own node", "other node")
PODS_OF_OTHERS = ("CoreDNS", "konnectivity-agent", "Gateway", "applications")

PRODUCTION = load_fleet(ROOT / "regions")

VARIANTS: dict[str, dict[str, Any]] = {
    "calico": {"network_policy_engine": "calico", "host_name_policies": False},
    "azure": {"network_policy_engine": "azure", "host_name_policies": False},
    "cilium": {"network_policy_engine": "cilium", "host_name_policies": True},
    "cilium without host names": {"network_policy_engine": "cilium", "host_name_policies": False},
    "calico, private API server": {"network_policy_engine": "calico", "host_name_policies": False},
}


@cache
def variant(name: str) -> Region:
    """A fixture region with another engine, and with virtual machines to scrape."""
    region = fleet().region(NO_ZONES)
    private = IPv4Network("10.2.10.0/28") if "private" in name else None
    network = {"virtual_machine_subnets": (IPv4Network("10.2.20.0/24"),), "api_server_subnet": private}
    return region.model_copy(
        update={
            "cluster": region.cluster.model_copy(update=VARIANTS[name]),
            "network": region.network.model_copy(update=network),
        }
    )


@cache
def stack_of(name: str) -> Stack:
    return synthesize(variant(name))


def tried(region: Region, peers: Sequence[Peer]) -> Iterator[tuple[End, End, tuple[int, str]]]:
    """Every connection with one of our pods at one end; a node's own to its pods are always open."""
    mine, others = ours(), around(region, peers)
    for target in mine:
        for source in (*mine, *(other for other in others if other.kind != OWN_NODE)):
            yield from ((source, target, port) for port in target.ports)
    for source in mine:
        for target in others:
            yield from ((source, target, port) for port in dict.fromkeys(target.ports))


def opened(region: Region, peers: Sequence[Peer], stack: Stack) -> tuple[set[Connection], int]:
    """What the stack's policies let through, and how many connections were tried."""
    found = policies(stack, cilium=region.cluster.network_policy_engine == "cilium")
    connections = list(tried(region, peers))
    through = {
        (source.name, target.name, *port) for source, target, port in connections if found.open(source, target, port)
    }
    return through, len(connections)


def said(region: Region, peers: Sequence[Peer]) -> set[Connection]:
    """What the rows open, wider where the region's engine knows only addresses."""
    ends = {end.name: end for end in (*ours(), *around(region, peers))}
    return {
        (source, target, *port)
        for row in flows(region, peers)
        for source in _sources(row.source, region)
        for target in _targets(row.target, region)
        for port in _ports(row, ends[target])
    }


def _sources(side: Side, region: Region) -> tuple[str, ...]:
    if not isinstance(side, ApiServer):
        return (side.name,)
    itself = region.cluster.network_policy_engine == "cilium" or side.network
    return (side.agents.name, side.name) if itself else (side.agents.name,)


def _targets(side: Side, region: Region) -> tuple[str, ...]:
    cilium = region.cluster.network_policy_engine == "cilium"
    if isinstance(side, Nodes) and side.own:
        return (side.name, "own node") if cilium else (side.name,)
    if isinstance(side, Nodes) or (isinstance(side, Component) and side.host_network):
        return NODES
    if isinstance(side, ApiServer):
        return (side.name,) if cilium or side.network else PUBLIC
    if isinstance(side, HostName) and not region.cluster.host_name_policies:
        public = PUBLIC[1:] if region.network.api_server_subnet else PUBLIC
        return (side.name, "another private endpoint") if side.network else public
    return PODS_OF_OTHERS if side == APPLICATIONS else (side.name,)


def _ports(row: Flow, target: End) -> list[tuple[int, str]]:
    if row.opened == ANY:
        return [port for port in target.ports if port[1] == "TCP"]
    return [(row.opened.number, row.opened.protocol)]


@pytest.mark.parametrize("name", VARIANTS)
def test_every_row_is_open_and_every_other_pair_is_closed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    region = variant(name)
    _compare(region, fleet().peers_of(region), stack_of(name), name, capsys)


@pytest.mark.parametrize("region", PRODUCTION.regions, ids=lambda region: region.name)
def test_in_production_too(region: Region, stacks: Mapping[str, Stack], capsys: pytest.CaptureFixture[str]) -> None:
    title = f"{region.name}, {region.cluster.network_policy_engine}"
    _compare(region, PRODUCTION.peers_of(region), stacks[region.name], title, capsys)


def _compare(
    region: Region, peers: Sequence[Peer], stack: Stack, title: str, capsys: pytest.CaptureFixture[str]
) -> None:
    through, total = opened(region, peers, stack)
    with capsys.disabled():
        print(f"\n{title}: {total} connections tried, {len(through)} open, {total - len(through)} closed")  # noqa: T201
    wanted = said(region, peers)
    assert sorted(wanted - through) == []
    assert sorted(through - wanted) == []


def _named(stack: Stack, name: str) -> str:
    """The Terraform name of a NetworkPolicy."""
    named: dict[str, Any] = stack["resource"]["kubernetes_network_policy_v1"]
    return next(key for key, body in named.items() if body["metadata"]["name"] == name)


@contextmanager
def _objects(stack: Stack) -> Iterator[list[Any]]:
    """The objects among the values of their release, to be changed."""
    release = next(body for body in stack["resource"]["helm_release"].values() if body["name"] == "objects")
    values = yaml.safe_load(release["values"][0])
    yield values["objects"]
    release["values"] = [yaml.safe_dump(values)]


def _without_a_policy(stack: Stack) -> None:
    del stack["resource"]["kubernetes_network_policy_v1"][_named(stack, CRD_UPGRADE.name)]


def _without_one_of_ciliums(stack: Stack) -> None:
    with _objects(stack) as objects:
        objects[:] = [one for one in objects if one["metadata"]["name"] != CRD_UPGRADE.name]


def _dns_unread(stack: Stack) -> None:
    """A plain rule for DNS beside the one by which Cilium reads the answers: it learns no names."""
    spec = stack["resource"]["kubernetes_network_policy_v1"][_named(stack, COMPACTOR.name)]["spec"]
    spec["egress"].append({"ports": [{"port": "53", "protocol": "UDP"}]})


def _without_default_deny(stack: Stack) -> None:
    del stack["resource"]["kubernetes_network_policy_v1"][_named(stack, "default-deny")]


def _one_policy_more(stack: Stack) -> None:
    """A team lets its namespace into Grafana."""
    policies = stack["resource"]["kubernetes_network_policy_v1"]
    added = copy.deepcopy(policies[_named(stack, GRAFANA.name)])
    shop = {"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": "shop"}}}
    added["spec"] |= {"policy_types": ["Ingress"], "egress": [], "ingress": [{"from": [shop]}]}
    policies["added"] = added


def _one_more_of_ciliums(stack: Stack) -> None:
    """Somebody lets every pod ask the nodes."""
    with _objects(stack) as objects:
        spec = {"endpointSelector": {}, "egress": [{"toEntities": ["host", "remote-node"]}]}
        metadata = {"name": "added", "namespace": "monitoring"}
        objects.append({"kind": "CiliumNetworkPolicy", "metadata": metadata, "spec": spec})


@pytest.mark.parametrize(
    ("name", "fault", "closed"),
    [
        ("calico", _without_a_policy, (CRD_UPGRADE.name, "API server", 443, "TCP")),
        ("cilium", _without_one_of_ciliums, (CRD_UPGRADE.name, "API server", 443, "TCP")),
        ("cilium", _dns_unread, (COMPACTOR.name, "login.microsoftonline.com", 443, "TCP")),
    ],
)
def test_a_policy_too_few_is_found(name: str, fault: Callable[[Stack], None], closed: Connection) -> None:
    assert closed in _said(name) - _opened_with(fault, name)


@pytest.mark.parametrize(
    ("name", "fault", "open_too"),
    [
        ("calico", _one_policy_more, ("applications", GRAFANA.name, 3000, "TCP")),
        ("azure", _without_default_deny, ("applications", "stranger", 6666, "TCP")),
        ("cilium", _one_more_of_ciliums, (SIGN_IN.name, "other node", 10250, "TCP")),
    ],
)
def test_a_policy_too_many_is_found(name: str, fault: Callable[[Stack], None], open_too: Connection) -> None:
    assert open_too in _opened_with(fault, name) - _said(name)


def _opened_with(fault: Callable[[Stack], None], name: str) -> set[Connection]:
    broken = copy.deepcopy(stack_of(name))
    fault(broken)
    return opened(variant(name), fleet().peers_of(variant(name)), broken)[0]


def _said(name: str) -> set[Connection]:
    return said(variant(name), fleet().peers_of(variant(name)))


def test_a_node_reaches_the_pods_that_it_runs_and_no_policy_holds_what_is_in_its_network() -> None:
    """The limits: the kubelet's probes come from the node, and node-exporter listens on it."""
    found = policies(stack_of("cilium"), cilium=True)
    ends = {end.name: end for end in (*ours(), *around(variant("cilium"), ()))}
    assert found.open(ends["another network"], ends["own node"], (9100, "TCP"))
    assert found.open(ends["own node"], ends["grafana"], (3000, "TCP"))
    assert not found.open(ends["other node"], ends["grafana"], (3000, "TCP"))
