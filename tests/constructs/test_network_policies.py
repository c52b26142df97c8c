"""Who may talk to whom in the cluster."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.constructs.synthesized import NO_ZONES, TWO_ZONES, ZONES, Resource, Stack, addresses, by_name, region_stack

KIND = "kubernetes_network_policy_v1"
CALICO, AZURE, CILIUM = ZONES, NO_ZONES, TWO_ZONES


def own(stack: Stack) -> dict[str, Any]:
    """CiliumNetworkPolicies by name, among the values of the release `objects`."""
    (text,) = by_name(stack, "helm_release")["objects"]["values"]
    objects = yaml.safe_load(text)["objects"]
    return {one["metadata"]["name"]: one for one in objects if one["kind"] == "CiliumNetworkPolicy"}


def peers(policy: Resource, direction: str) -> list[dict[str, Any]]:
    return [peer for rule in policy["spec"][direction] for peer in rule["to" if direction == "egress" else "from"]]


@pytest.mark.parametrize("name", [CALICO, AZURE, CILIUM])
def test_nothing_passes_in_our_namespaces_that_has_no_row(name: str) -> None:
    denied = [
        (body["metadata"]["namespace"], body["spec"])
        for body in region_stack(name)["resource"][KIND].values()
        if body["metadata"]["name"] == "default-deny"
    ]
    spec = {"pod_selector": {}, "policy_types": ["Ingress", "Egress"], "ingress": [], "egress": []}
    assert sorted(denied, key=str) == [("monitoring", spec), ("monitoring-node", spec)]


def test_every_policy_holds_both_directions() -> None:
    assert all(
        body["spec"]["policy_types"] == ["Ingress", "Egress"]
        for body in region_stack(CALICO)["resource"][KIND].values()
    )


def test_policies_come_after_their_namespaces_and_before_every_release() -> None:
    stack = region_stack(CALICO)
    made = {f"{KIND}.{label}" for label in stack["resource"][KIND]}
    assert len(made) > 10
    for release in by_name(stack, "helm_release").values():
        assert made <= set(release["depends_on"])
    namespaces = set(addresses(stack, "kubernetes_namespace_v1").values())
    assert all(set(body["depends_on"]) == namespaces for body in stack["resource"][KIND].values())


def test_ciliums_own_policies_come_before_the_hook_that_needs_the_api_server() -> None:
    stack = region_stack(CILIUM)
    objects = addresses(stack, "helm_release")["objects"]
    assert objects in by_name(stack, "helm_release")["kube-prometheus-stack"]["depends_on"]
    (egress,) = [
        rule for rule in own(stack)["kube-prometheus-stack-crds-upgrade"]["spec"]["egress"] if "toEntities" in rule
    ]
    assert egress == {"toEntities": ["kube-apiserver"], "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}]}


@pytest.mark.parametrize("name", [CALICO, AZURE])
def test_only_cilium_gets_its_own_kind(name: str) -> None:
    assert own(region_stack(name)) == {}


def test_cilium_means_nodes_by_entity_since_no_address_matches_them() -> None:
    stack = region_stack(CILIUM)
    rules = own(stack)["prometheus"]["spec"]["egress"]
    ports = {
        port["port"]
        for rule in rules
        if "remote-node" in rule.get("toEntities", ())
        for port in rule["toPorts"][0]["ports"]
    }
    assert ports == {"10250", "9100"}
    blocks = [peer["ip_block"] for peer in peers(by_name(stack, KIND)["prometheus"], "egress") if "ip_block" in peer]
    assert blocks == [{"cidr": "10.3.12.0/24"}], "the virtual machines, which are outside of the cluster"


def test_cilium_reads_the_dns_of_who_may_call_a_host_by_a_rule_that_stands_alone() -> None:
    stack = region_stack(CILIUM)
    rules = own(stack)["thanos-compact"]["spec"]["egress"]
    (dns,) = [rule for rule in rules if "toEndpoints" in rule]
    assert dns["toPorts"][0]["rules"] == {"dns": [{"matchPattern": "*"}]}
    assert [rule["toFQDNs"][0]["matchName"] for rule in rules if "toFQDNs" in rule] == [
        "sttrialgamma.blob.core.windows.net",
        "login.microsoftonline.com",
    ]
    plain = by_name(stack, KIND)["thanos-compact"]["spec"]["egress"]
    assert "53" not in {port["port"] for rule in plain for port in rule["ports"]}


def test_elsewhere_a_host_is_any_public_address_and_blob_the_subnet_of_its_endpoint() -> None:
    (public, endpoint) = sorted(
        (
            peer["ip_block"]
            for peer in peers(by_name(region_stack(CALICO), KIND)["thanos-compact"], "egress")
            if "except" in str(peer) or "10.1.9" in str(peer)
        ),
        key=lambda block: str(block["cidr"]),
    )
    assert public["cidr"] == "0.0.0.0/0"
    assert {"10.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32"} <= set(public["except"])
    assert endpoint == {"cidr": "10.1.9.0/28"}


@pytest.mark.parametrize("name", [CALICO, CILIUM])
def test_webhooks_are_called_out_of_the_tunnels_pods(name: str) -> None:
    stack = region_stack(name)
    policy = by_name(stack, KIND)["prometheus-operator-webhook"]
    if name == CILIUM:
        assert {"app": "konnectivity-agent", "k8s:io.kubernetes.pod.namespace": "kube-system"} in [
            endpoint["matchLabels"]
            for rule in own(stack)["prometheus-operator-webhook"]["spec"]["ingress"]
            for endpoint in rule.get("fromEndpoints", ())
        ]
    else:
        assert [peer["pod_selector"]["match_labels"] for peer in peers(policy, "ingress")] == [
            {"app": "konnectivity-agent"}
        ]


def test_applications_are_pods_of_every_namespace_but_ours_at_any_tcp_port() -> None:
    rules = by_name(region_stack(CALICO), KIND)["prometheus"]["spec"]["egress"]
    (rule,) = [rule for rule in rules if "match_expressions" in rule["to"][0].get("namespace_selector", {})]
    assert rule["ports"] == [{"protocol": "TCP"}]
    assert rule["to"][0]["namespace_selector"]["match_expressions"] == [
        {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["monitoring", "monitoring-node"]}
    ]
    assert rule["to"][0]["pod_selector"] == {}
