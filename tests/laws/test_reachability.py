"""Every row of flows.py is open and every other pair is closed: computed from the policies in the stacks' JSON.

What no policy can say is stated here and in docs/network-policies.md: where an engine knows only addresses, a row opens
all addresses that hold what it means (`WIDER`); a node reaches the pods that it runs, for the kubelet's probes; and
what runs in a host's network (node-exporter, kubelet) is open to whoever reaches the node.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from ipaddress import IPv4Network
from typing import Any

import pytest
import yaml

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.workloads import COMPACTOR, CRD_UPGRADE, GRAFANA, SIGN_IN
from monitoring.blueprint.network.flow import ANY, ApiServer, Flow, HostName, Nodes, Side
from monitoring.blueprint.network.flows import APPLICATIONS, flows
from monitoring.fleet import Region, load_fleet
from monitoring.fleet.model import Peer
from tests.constructs.synthesized import NO_ZONES, fleet, synthesize
from tests.laws.cluster import around, ours
from tests.laws.conftest import ROOT
from tests.laws.reachability import OWN_NODE, POD, End, Policies, Port, policies
from tests.laws.stack_laws import Stack

Connection = tuple[str, str, int, str]
"""Source, target, port, protocol."""

NODES = ("own node", "other node")
PRODUCTION = load_fleet(ROOT / "regions")

VARIANTS: dict[str, dict[str, Any]] = {
    "calico": {"network_policy_engine": "calico", "host_name_policies": False},
    "azure": {"network_policy_engine": "azure", "host_name_policies": False},
    "cilium": {"network_policy_engine": "cilium", "host_name_policies": True},
    "cilium without host names": {"network_policy_engine": "cilium", "host_name_policies": False},
    "calico, private API server": {"network_policy_engine": "calico", "host_name_policies": False},
}


class RegionNetwork:
    """A region with its rows, and everything that could talk in it: our pods and all that is around them."""

    def __init__(self, region: Region, peers: Sequence[Peer]) -> None:
        self.region = region
        self.cilium = region.cluster.network_policy_engine == "cilium"
        self.rows = flows(region, peers)
        self.mine, self.others = ours(), around(region, self.rows)
        self.ends = {end.name: end for end in (*self.mine, *self.others)}

    def tried(self) -> Iterator[tuple[End, End, Port]]:
        """Every connection with one of our pods at one end; a node's own to its pods are always open."""
        for target in self.mine:
            for source in (*self.mine, *(other for other in self.others if other.kind != OWN_NODE)):
                yield from ((source, target, port) for port in target.ports)
        for source in self.mine:
            for target in self.others:
                yield from ((source, target, port) for port in dict.fromkeys(target.ports))

    def opened(self, found: Policies) -> set[Connection]:
        """What the policies let through."""
        return {
            (source.name, target.name, *port)
            for source, target, port in self.tried()
            if found.open(source, target, port)
        }

    def allowed_connections(self) -> set[Connection]:
        """What the rows open, wider where the region's engine knows only addresses."""
        return {
            (source, target, *port)
            for row in self.rows
            for source in self._sources(row.source)
            for target in self._targets(row.target)
            for port in self._ports(row, self.ends[target])
        }

    def _sources(self, side: Side) -> tuple[str, ...]:
        if not isinstance(side, ApiServer):
            return (side.name,)
        return (side.agents.name, side.name) if self.cilium or side.network else (side.agents.name,)

    def _targets(self, side: Side) -> tuple[str, ...]:
        if isinstance(side, Nodes) and side.own:
            return (side.name, "own node") if self.cilium else (side.name,)
        if isinstance(side, Nodes) or (isinstance(side, Component) and side.host_network):
            return NODES
        by_address = not (self.cilium if isinstance(side, ApiServer) else self.region.cluster.host_name_policies)
        if isinstance(side, ApiServer | HostName) and by_address:
            return tuple(end.name for end in self.others if _holds(side.network, end))
        if side == APPLICATIONS:
            return tuple(end.name for end in self.others if end.kind == POD)
        return (side.name,)

    def _ports(self, row: Flow, target: End) -> list[Port]:
        if row.opened == ANY:
            return [port for port in target.ports if port[1] == "TCP"]
        return [(row.opened.number, row.opened.protocol)]


def _holds(network: IPv4Network | None, end: End) -> bool:
    """Whether a rule for the network, or for all that is public, holds the end."""
    return end.address in network if network else end.address.is_global and end.name != "wire server"


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
def region_network(name: str) -> RegionNetwork:
    return RegionNetwork(variant(name), fleet().peers_of(variant(name)))


@cache
def stack_of(name: str) -> Stack:
    return synthesize(variant(name))


@pytest.mark.parametrize("name", VARIANTS)
def test_network_policies_allow_exactly_the_flows(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    _compare(region_network(name), stack_of(name), name, capsys)


@pytest.mark.parametrize("region", PRODUCTION.regions, ids=lambda region: region.name)
def test_reachability_matches_flows_in_production_regions(
    region: Region, stacks: Mapping[str, Stack], capsys: pytest.CaptureFixture[str]
) -> None:
    title = f"{region.name}, {region.cluster.network_policy_engine}"
    _compare(RegionNetwork(region, PRODUCTION.peers_of(region)), stacks[region.name], title, capsys)


def _compare(here: RegionNetwork, stack: Stack, title: str, capsys: pytest.CaptureFixture[str]) -> None:
    through, wanted, total = (
        here.opened(policies(stack, cilium=here.cilium)),
        here.allowed_connections(),
        len(list(here.tried())),
    )
    with capsys.disabled():
        print(f"\n{title}: {total} connections tried, {len(through)} open, {total - len(through)} closed")  # noqa: T201
    assert sorted(wanted - through) == []
    assert sorted(through - wanted) == []


@contextmanager
def _objects(stack: Stack) -> Iterator[list[Any]]:
    """The objects among the values of their release, to be changed."""
    release = next(body for body in stack["resource"]["helm_release"].values() if body["name"] == "objects")
    values = yaml.safe_load(release["values"][0])
    yield values["objects"]
    release["values"] = [yaml.safe_dump(values)]


def _found(objects: list[Any], kind: str, name: str) -> Any:
    return next(one for one in objects if one["kind"] == kind and one["metadata"]["name"] == name)


def _without_a_policy(stack: Stack) -> None:
    with _objects(stack) as objects:
        objects.remove(_found(objects, "NetworkPolicy", CRD_UPGRADE.name))


def _without_one_of_ciliums(stack: Stack) -> None:
    with _objects(stack) as objects:
        objects.remove(_found(objects, "CiliumNetworkPolicy", CRD_UPGRADE.name))


def _dns_unread(stack: Stack) -> None:
    """A plain rule for DNS beside the one by which Cilium reads the answers: it may learn no names."""
    with _objects(stack) as objects:
        spec = _found(objects, "NetworkPolicy", COMPACTOR.name)["spec"]
        spec["egress"].append({"ports": [{"port": 53, "protocol": "UDP"}]})


def _local_dns_unread(stack: Stack) -> None:
    """The node's answers pass Cilium unread: it may learn no names."""
    with _objects(stack) as objects:
        spec = _found(objects, "CiliumNetworkPolicy", COMPACTOR.name)["spec"]
        for to in (to for rule in spec["egress"] if rule.get("toEntities") == ["host"] for to in rule["toPorts"]):
            to.pop("rules")


def _without_local_dns(stack: Stack) -> None:
    with _objects(stack) as objects:
        spec = _found(objects, "CiliumNetworkPolicy", COMPACTOR.name)["spec"]
        spec["egress"] = [rule for rule in spec["egress"] if rule.get("toEntities") != ["host"]]


def _without_local_dns_by_address(stack: Stack) -> None:
    with _objects(stack) as objects:
        spec = _found(objects, "NetworkPolicy", COMPACTOR.name)["spec"]
        spec["egress"] = [rule for rule in spec["egress"] if "169.254.10" not in str(rule)]


def _without_default_deny(stack: Stack) -> None:
    with _objects(stack) as objects:
        objects.remove(_found(objects, "NetworkPolicy", "default-deny"))


def _one_policy_more(stack: Stack) -> None:
    """A team lets its namespace into Grafana."""
    with _objects(stack) as objects:
        added = copy.deepcopy(_found(objects, "NetworkPolicy", GRAFANA.name))
        shop = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}
        added["spec"] |= {"policyTypes": ["Ingress"], "egress": [], "ingress": [{"from": [shop]}]}
        objects.append(added)


def _one_more_of_ciliums(stack: Stack) -> None:
    """Somebody lets every pod ask the nodes."""
    with _objects(stack) as objects:
        spec = {"endpointSelector": {}, "egress": [{"toEntities": ["host", "remote-node"]}]}
        metadata = {"name": "added", "namespace": "monitoring"}
        objects.append({"kind": "CiliumNetworkPolicy", "metadata": metadata, "spec": spec})


def _opened_with(fault: Callable[[Stack], None], name: str) -> set[Connection]:
    broken = copy.deepcopy(stack_of(name))
    fault(broken)
    return region_network(name).opened(policies(broken, cilium=region_network(name).cilium))


@pytest.mark.parametrize(
    ("name", "fault", "closed"),
    [
        ("calico", _without_a_policy, (CRD_UPGRADE.name, "API server", 443, "TCP")),
        ("cilium", _without_one_of_ciliums, (CRD_UPGRADE.name, "API server", 443, "TCP")),
        ("cilium", _dns_unread, (COMPACTOR.name, "login.microsoftonline.com", 443, "TCP")),
        ("cilium", _local_dns_unread, (COMPACTOR.name, "login.microsoftonline.com", 443, "TCP")),
        ("cilium", _without_local_dns, (COMPACTOR.name, "LocalDNS", 53, "UDP")),
        ("calico", _without_local_dns_by_address, (COMPACTOR.name, "LocalDNS", 53, "TCP")),
    ],
)
def test_missing_network_policy_is_reported(name: str, fault: Callable[[Stack], None], closed: Connection) -> None:
    assert closed in region_network(name).allowed_connections() - _opened_with(fault, name)


@pytest.mark.parametrize(
    ("name", "fault", "open_too"),
    [
        ("calico", _one_policy_more, ("applications", GRAFANA.name, 3000, "TCP")),
        ("azure", _without_default_deny, ("applications", "stranger in monitoring", 6666, "TCP")),
        ("cilium", _one_more_of_ciliums, (SIGN_IN.name, "other node", 10250, "TCP")),
    ],
)
def test_extra_network_policy_is_reported(name: str, fault: Callable[[Stack], None], open_too: Connection) -> None:
    assert open_too in _opened_with(fault, name) - region_network(name).allowed_connections()


@pytest.mark.parametrize("server", ["CoreDNS", "LocalDNS"])
@pytest.mark.parametrize("name", VARIANTS)
def test_every_pod_of_ours_may_ask_for_names_whether_or_not_the_node_answers_them(name: str, server: str) -> None:
    """AKS prefers LocalDNS from Kubernetes 1.37: an upgrade of a cluster may turn it on. Strangers may ask neither."""
    here, found = region_network(name), policies(stack_of(name), cilium=region_network(name).cilium)
    absent = {"postgres-exporter", "redis-exporter", "redis-credentials", "thanos-global-query"}
    absent |= {"thanos-cache", "thanos-global-query-frontend", "stranger in monitoring", "stranger in monitoring-node"}
    asking = {end.name: end for end in here.mine if end.name not in absent}
    assert {"prometheus", "alertmanager", "grafana", "oauth2-proxy", "thanos-compact"} <= asking.keys()
    for protocol in ("UDP", "TCP"):
        port = (53, protocol)
        assert [one for one, end in asking.items() if not found.open(end, here.ends[server], port)] == []
        assert not found.open(here.ends["stranger in monitoring"], here.ends[server], port)


def test_every_policy_is_needed() -> None:
    here, found = region_network("calico"), policies(stack_of("calico"), cilium=False)
    for policy in found.plain:
        rest = [other for other in found.plain if other is not policy]
        assert here.opened(replace(found, plain=rest, _found={})) != here.allowed_connections(), policy["metadata"]


def test_a_node_reaches_the_pods_that_it_runs_and_no_policy_holds_what_is_in_its_network() -> None:
    """The limits: the kubelet's probes come from the node, and node-exporter listens on it."""
    found, ends = policies(stack_of("cilium"), cilium=True), region_network("cilium").ends
    assert found.open(ends["another network"], ends["own node"], (9100, "TCP"))
    assert found.open(ends["own node"], ends["grafana"], (3000, "TCP"))
    assert not found.open(ends["other node"], ends["grafana"], (3000, "TCP"))
