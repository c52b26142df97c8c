"""How other regions reach this one."""

from __future__ import annotations

import pytest

from monitoring.blueprint.components.workloads import COMPONENTS
from monitoring.fleet.model import Region
from tests.constructs.synthesized import (
    NO_ZONES,
    TWO_ZONES,
    ZONES,
    Stack,
    by_name,
    fleet,
    fleet_stack,
    only,
    region_stack,
    synthesize,
)

SERVICE = "kubernetes_service_v1"
RECORD = "azurerm_private_dns_a_record"
LINK = "azurerm_private_dns_zone_virtual_network_link"
NAMES = ("prometheus-federation-0", "prometheus-federation-1", "thanos-query-regions")


@pytest.fixture(params=[ZONES, NO_ZONES, TWO_ZONES])
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def stack(name: str) -> Stack:
    return region_stack(name)


def test_each_replica_and_query_have_a_load_balancer_of_their_own(stack: Stack) -> None:
    assert tuple(sorted(by_name(stack, SERVICE))) == NAMES


def test_each_has_the_regions_address_in_the_subnet_of_load_balancers_and_no_public_one(name: str) -> None:
    balancers = fleet().region(name).network.load_balancers
    wanted = [*balancers.federation, balancers.query]
    prefix = "service.beta.kubernetes.io/azure-load-balancer"
    for service, address in zip(NAMES, wanted, strict=True):
        assert by_name(region_stack(name), SERVICE)[service]["metadata"]["annotations"] == {
            f"{prefix}-internal": "true",
            f"{prefix}-internal-subnet": "balancers",
            f"{prefix}-ipv4": str(address),
        }


def test_who_calls_keeps_the_address_that_network_policies_know(stack: Stack) -> None:
    for body in by_name(stack, SERVICE).values():
        assert body["spec"]["external_traffic_policy"] == "Local"


def test_a_replica_is_selected_by_its_pod_and_is_a_prometheus(stack: Stack) -> None:
    """The port is the one that lets in no more than federation."""
    for replica in range(2):
        spec = by_name(stack, SERVICE)[f"prometheus-federation-{replica}"]["spec"]
        assert spec["selector"] == {
            "app.kubernetes.io/name": "prometheus",
            "operator.prometheus.io/name": "prometheus",
            "statefulset.kubernetes.io/pod-name": f"prometheus-prometheus-{replica}",
        }
        assert [(port["port"], port["target_port"]) for port in spec["port"]] == [(9443, "9443")]


def test_query_is_reached_where_it_asks_for_a_certificate(stack: Stack) -> None:
    spec = by_name(stack, SERVICE)["thanos-query-regions"]["spec"]
    assert spec["selector"]["app.kubernetes.io/component"] == "query"
    assert [(port["port"], port["target_port"]) for port in spec["port"]] == [(10901, "10901")]


def test_no_monitor_finds_them_so_that_no_pod_is_scraped_twice(stack: Stack) -> None:
    services = {component.service for component in COMPONENTS}
    for name, body in by_name(stack, SERVICE).items():
        assert "labels" not in body["metadata"]
        assert name not in services


def test_nothing_waits_for_an_address_that_azure_may_give_late(stack: Stack) -> None:
    for body in by_name(stack, SERVICE).values():
        assert body["wait_for_load_balancer"] is False
        assert [one for one in body["depends_on"] if "join-load-balancer-subnet" in one]


def test_the_fleets_zone_says_each_address_under_the_name_of_the_region(name: str) -> None:
    balancers = fleet().region(name).network.load_balancers
    found = {body["name"]: body["records"] for body in region_stack(name)["resource"][RECORD].values()}
    assert found == {
        f"prometheus-0.{name}": [str(balancers.federation[0])],
        f"prometheus-1.{name}": [str(balancers.federation[1])],
        f"query.{name}": [str(balancers.query)],
    }


def test_the_regions_network_can_ask_the_zone(name: str) -> None:
    link = only(region_stack(name), LINK)
    assert link["virtual_network_id"] == fleet().region(name).network.virtual_network_id
    assert link["registration_enabled"] is False


def test_records_and_link_are_written_into_the_zone_that_the_stack_fleet_makes(stack: Stack) -> None:
    zone = only(fleet_stack(fleet().regions), "azurerm_private_dns_zone")["name"]
    link = only(stack, LINK)
    assert (link["private_dns_zone_name"], link["resource_group_name"]) == (zone, "rg-trial-fleet")
    for record in stack["resource"][RECORD].values():
        assert (record["zone_name"], record["resource_group_name"]) == (zone, "rg-trial-fleet")
        assert "provider" not in record


def elsewhere(region: Region) -> Region:
    """The region in a subscription of its own."""
    return region.model_copy(update={"subscription_id": "99999999-9999-4999-8999-999999999999"})


def test_a_region_in_a_subscription_of_its_own_writes_into_the_fleets() -> None:
    stack = synthesize(elsewhere(fleet().region(ZONES)))
    own, fleets = stack["provider"]["azurerm"]
    assert own["subscription_id"] == "99999999-9999-4999-8999-999999999999"
    assert (fleets["alias"], fleets["subscription_id"]) == ("fleet", "11111111-1111-4111-8111-111111111111")
    for body in (only(stack, LINK), *stack["resource"][RECORD].values()):
        assert body["provider"] == "azurerm.fleet"
