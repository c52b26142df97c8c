"""How other regions reach this one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.constructs.expectations import expect
from tests.constructs.synthesized import (
    ANOTHER_SUBSCRIPTION,
    NETWORKS,
    NO_ZONES,
    TAGS,
    TWO_ZONES,
    ZONES,
    Stack,
    addresses,
    by_name,
    elsewhere_stack,
    fleet,
    fleet_stack,
    only,
    region_stack,
)

SERVICE = "kubernetes_service_v1"
RECORD = "azurerm_private_dns_a_record"
LINK = "azurerm_private_dns_zone_virtual_network_link"
FEDERATION = ("prometheus-federation-0", "prometheus-federation-1")
QUERY = "thanos-query-regions"
SECOND_OCTET = {ZONES: 1, NO_ZONES: 2, TWO_ZONES: 3}
NETWORK = {ZONES: "vnet-alpha", NO_ZONES: "vnet-beta", TWO_ZONES: "vnet-gamma"}
LAST_OCTET = {FEDERATION[0]: 5, FEDERATION[1]: 6, QUERY: 4}


@pytest.fixture(params=[ZONES, NO_ZONES, TWO_ZONES])
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def stack(name: str) -> Stack:
    return region_stack(name)


def test_each_replica_and_query_have_a_load_balancer_of_their_own(stack: Stack) -> None:
    assert by_name(stack, SERVICE).keys() == {*FEDERATION, QUERY}


@pytest.mark.parametrize("service", [*FEDERATION, QUERY])
def test_load_balancers_have_the_regions_static_internal_addresses(name: str, service: str) -> None:
    """The metadata is whole: without labels no monitor finds the Service, and no pod is scraped twice."""
    annotations = {
        "service.beta.kubernetes.io/azure-load-balancer-internal": "true",
        "service.beta.kubernetes.io/azure-load-balancer-internal-subnet": "balancers",
        "service.beta.kubernetes.io/azure-load-balancer-ipv4": f"10.{SECOND_OCTET[name]}.8.{LAST_OCTET[service]}",
    }
    expect(region_stack(name)).to_have_resource_with_properties(
        SERVICE,
        {"metadata": {"name": service, "namespace": "monitoring", "annotations": annotations}},
        name=service,
    )


def balanced(selector: dict[str, str], port: str, number: int) -> dict[str, Any]:
    """A Service's spec. `Local`: who calls keeps the address that network policies know."""
    return {
        "spec": {
            "type": "LoadBalancer",
            "external_traffic_policy": "Local",
            "selector": selector,
            "port": [{"name": port, "port": number, "target_port": str(number), "protocol": "TCP"}],
        }
    }


@pytest.mark.parametrize("replica", [0, 1])
def test_replica_load_balancer_targets_its_pods_federation_port(stack: Stack, replica: int) -> None:
    selector = {
        "app.kubernetes.io/name": "prometheus",
        "operator.prometheus.io/name": "prometheus",
        "statefulset.kubernetes.io/pod-name": f"prometheus-prometheus-{replica}",
    }
    expect(stack).to_have_resource_with_properties(
        SERVICE, balanced(selector, "federate", 9443), name=FEDERATION[replica]
    )


def test_query_load_balancer_targets_the_mutual_tls_port(stack: Stack) -> None:
    selector = {
        "app.kubernetes.io/name": "thanos",
        "app.kubernetes.io/instance": "thanos",
        "app.kubernetes.io/component": "query",
    }
    expect(stack).to_have_resource_with_properties(SERVICE, balanced(selector, "grpc", 10901), name=QUERY)


def test_load_balancer_services_match_no_service_monitor(stack: Stack) -> None:
    charts = {"prometheus-prometheus", "prometheus-operated", "thanos-query", "thanos-query-frontend"}
    assert not charts & by_name(stack, SERVICE).keys()


@pytest.mark.parametrize("service", [*FEDERATION, QUERY])
def test_services_do_not_wait_for_a_load_balancer_address(stack: Stack, service: str) -> None:
    namespace = addresses(stack, "kubernetes_namespace_v1")["monitoring"]
    subnet = addresses(stack, "azurerm_role_assignment")["cluster_join-load-balancer-subnet"]
    expect(stack).to_have_resource_with_properties(
        SERVICE, {"wait_for_load_balancer": False, "depends_on": [namespace, subnet]}, name=service
    )


@pytest.mark.parametrize(("of", "octet"), [("prometheus-0", 5), ("prometheus-1", 6), ("query", 4)])
def test_private_dns_zone_has_a_record_per_address_of_the_region(name: str, of: str, octet: int) -> None:
    expect(region_stack(name)).to_have_resource_with_properties(
        RECORD,
        {
            "records": [f"10.{SECOND_OCTET[name]}.8.{octet}"],
            "ttl": 300,
            "zone_name": "metrics.trial.internal",
            "resource_group_name": "rg-trial-fleet",
            "tags": TAGS,
        },
        name=f"{of}.{name}",
    )
    assert len(by_name(region_stack(name), RECORD)) == 3


def test_private_dns_zone_is_linked_to_the_regions_network(name: str) -> None:
    expect(region_stack(name)).to_have_resource_with_properties(
        LINK,
        {
            "name": f"link-{name}",
            "virtual_network_id": f"{NETWORKS}/virtualNetworks/{NETWORK[name]}",
            "registration_enabled": False,
            "private_dns_zone_name": "metrics.trial.internal",
            "resource_group_name": "rg-trial-fleet",
            "tags": TAGS,
        },
    )


def test_dns_records_use_the_zone_of_the_fleet_stack() -> None:
    made = fleet_stack(fleet().regions)
    expect(made).to_have_resource_with_properties("azurerm_private_dns_zone", {"name": "metrics.trial.internal"})
    expect(made).to_have_resource_with_properties("azurerm_resource_group", {"name": "rg-trial-fleet"})


def test_region_in_the_fleets_subscription_has_one_provider(stack: Stack) -> None:
    assert len(stack["provider"]["azurerm"]) == 1
    assert not [body for body in (only(stack, LINK), *by_name(stack, RECORD).values()) if "provider" in body]


def test_region_with_own_subscription_writes_dns_in_the_fleets_subscription() -> None:
    stack = elsewhere_stack()
    expect(stack).to_have_provider_with_properties("azurerm", {"subscription_id": ANOTHER_SUBSCRIPTION}, name="")
    expect(stack).to_have_provider_with_properties(
        "azurerm",
        {
            "subscription_id": "11111111-1111-4111-8111-111111111111",
            "tenant_id": "22222222-2222-4222-8222-222222222222",
            "storage_use_azuread": True,
            "resource_provider_registrations": "none",
        },
        name="fleet",
    )
    expect(stack).to_have_resource_with_properties(LINK, {"provider": "azurerm.fleet"})
    for record in by_name(stack, RECORD):
        expect(stack).to_have_resource_with_properties(RECORD, {"provider": "azurerm.fleet"}, name=record)
