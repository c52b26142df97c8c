"""Who may talk to whom in the cluster: NetworkPolicies, and Cilium's own."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.blueprint.objects import objects
from monitoring.blueprint.releases import releases
from monitoring.blueprint.values.manifests import Manifest
from monitoring.fleet import Fleet

CALICO, AZURE, CILIUM = "trial-alpha", "trial-beta", "trial-gamma"


def plain(fleet: Fleet, name: str) -> list[Manifest]:
    return _of_kind(fleet, name, "NetworkPolicy")


def own(fleet: Fleet, name: str) -> dict[str, Manifest]:
    """CiliumNetworkPolicies by name."""
    return {one["metadata"]["name"]: one for one in _of_kind(fleet, name, "CiliumNetworkPolicy")}


def _of_kind(fleet: Fleet, name: str, kind: str) -> list[Manifest]:
    region = fleet.region(name)
    return [one for one in objects(region, fleet.peers_of(region)) if one["kind"] == kind]


def rules(fleet: Fleet, name: str, component: str, direction: str = "egress") -> list[dict[str, Any]]:
    """The rules of the component's NetworkPolicy."""
    (policy,) = [one for one in plain(fleet, name) if one["metadata"]["name"] == component]
    found: list[dict[str, Any]] = policy["spec"][direction]
    return found


@pytest.mark.parametrize("name", [CALICO, AZURE, CILIUM])
def test_default_deny_policy_covers_both_namespaces(fleet: Fleet, name: str) -> None:
    denied = {
        one["metadata"]["namespace"]: one["spec"]
        for one in plain(fleet, name)
        if one["metadata"]["name"] == "default-deny"
    }
    spec = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [], "egress": []}
    assert denied == {"monitoring": spec, "monitoring-node": spec}


def test_each_policy_has_ingress_and_egress(fleet: Fleet) -> None:
    found = plain(fleet, CALICO)
    assert len(found) > 10
    assert all(one["spec"]["policyTypes"] == ["Ingress", "Egress"] for one in found)


def test_policies_come_before_every_other_release(fleet: Fleet) -> None:
    """A hook's pod needs its way out from the start: the CRD job asks the API server."""
    region = fleet.region(CILIUM)
    _, *others = releases(region, fleet.peers_of(region))
    assert others
    assert all("objects" in release.after for release in others)
    rules_of_the_job = own(fleet, CILIUM)["kube-prometheus-stack-crds-upgrade"]["spec"]["egress"]
    (egress,) = [rule for rule in rules_of_the_job if rule.get("toEntities") != ["host"]]
    assert egress == {"toEntities": ["kube-apiserver"], "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}]}


@pytest.mark.parametrize("name", [CALICO, AZURE])
def test_cilium_policies_are_rendered_only_for_the_cilium_engine(fleet: Fleet, name: str) -> None:
    assert own(fleet, name) == {}


def test_cilium_policy_selects_nodes_by_entity(fleet: Fleet) -> None:
    ports = {
        port["port"]
        for rule in own(fleet, CILIUM)["prometheus"]["spec"]["egress"]
        if "remote-node" in rule.get("toEntities", ())
        for port in rule["toPorts"][0]["ports"]
    }
    assert ports == {"10250", "9100"}
    blocks = [
        peer["ipBlock"] for rule in rules(fleet, CILIUM, "prometheus") for peer in rule["to"] if "ipBlock" in peer
    ]
    assert blocks == [{"cidr": "10.3.12.0/24"}], "the virtual machines, which are outside of the cluster"


def test_cilium_dns_rule_is_the_only_dns_rule_of_host_name_callers(fleet: Fleet) -> None:
    found = own(fleet, CILIUM)["thanos-compact"]["spec"]["egress"]
    asked = [rule for rule in found if rule["toPorts"][0]["ports"][0]["port"] == "53"]
    assert [next(key for key in rule if key != "toPorts") for rule in asked] == ["toEndpoints", "toEntities"]
    for dns in asked:
        assert dns["toPorts"][0]["rules"] == {"dns": [{"matchPattern": "*"}]}
    assert [rule["toFQDNs"][0]["matchName"] for rule in found if "toFQDNs" in rule] == [
        "sttrialgamma.blob.core.windows.net",
        "login.microsoftonline.com",
    ]
    assert 53 not in {port["port"] for rule in rules(fleet, CILIUM, "thanos-compact") for port in rule["ports"]}


def test_cilium_asks_the_own_node_for_names_unread_where_no_host_is_named(fleet: Fleet) -> None:
    """AKS' LocalDNS is the entity host to Cilium 1.17 and newer; Kubernetes 1.32 and newer have it."""
    found = own(fleet, CILIUM)["kube-state-metrics"]["spec"]["egress"]
    assert {
        "toEntities": ["host"],
        "toPorts": [{"ports": [{"port": "53", "protocol": "UDP"}, {"port": "53", "protocol": "TCP"}]}],
    } in found


def test_elsewhere_a_host_is_any_public_address_and_blob_the_subnet_of_its_endpoint(fleet: Fleet) -> None:
    (public, endpoint) = sorted(
        (
            peer["ipBlock"]
            for rule in rules(fleet, CALICO, "thanos-compact")
            for peer in rule["to"]
            if "except" in str(peer) or "10.1.9" in str(peer)
        ),
        key=lambda block: str(block["cidr"]),
    )
    assert public["cidr"] == "0.0.0.0/0"
    assert {"10.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32"} <= set(public["except"])
    assert endpoint == {"cidr": "10.1.9.0/28"}


def test_webhooks_are_called_out_of_the_tunnels_pods(fleet: Fleet) -> None:
    webhook = "prometheus-operator-webhook"
    (rule,) = rules(fleet, CALICO, webhook, "ingress")
    assert [peer["podSelector"] for peer in rule["from"]] == [{"matchLabels": {"app": "konnectivity-agent"}}]
    assert {"app": "konnectivity-agent", "k8s:io.kubernetes.pod.namespace": "kube-system"} in [
        endpoint["matchLabels"]
        for rule in own(fleet, CILIUM)[webhook]["spec"]["ingress"]
        for endpoint in rule.get("fromEndpoints", ())
    ]


def test_application_scrapes_cover_all_other_namespaces_at_any_tcp_port(fleet: Fleet) -> None:
    (rule,) = [rule for rule in rules(fleet, CALICO, "prometheus") if "matchExpressions" in str(rule)]
    others = {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["monitoring", "monitoring-node"]}
    assert rule == {
        "to": [{"namespaceSelector": {"matchExpressions": [others]}, "podSelector": {}}],
        "ports": [{"protocol": "TCP"}],
    }
