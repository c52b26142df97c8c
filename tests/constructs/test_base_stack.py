"""What every stack has."""

from __future__ import annotations

import json

import pytest

from tests.constructs.expectations import expect
from tests.constructs.synthesized import (
    ANOTHER_SUBSCRIPTION,
    NO_ZONES,
    ZONES,
    Stack,
    elsewhere_stack,
    fleet,
    fleet_stack,
    region_stack,
    synthesize,
)


def stack_of(name: str) -> Stack:
    return fleet_stack(fleet().regions) if name == "fleet" else region_stack(name)


@pytest.fixture(scope="module", params=["fleet", ZONES, NO_ZONES])
def stack(request: pytest.FixtureRequest) -> Stack:
    return stack_of(request.param)


@pytest.mark.parametrize("name", ["fleet", ZONES, NO_ZONES])
def test_each_stack_has_its_own_azurerm_state_blob_with_entra_auth(name: str) -> None:
    """No matcher reads the backend."""
    assert stack_of(name)["terraform"]["backend"] == {
        "azurerm": {
            "key": f"{name}.tfstate",
            "subscription_id": "11111111-1111-4111-8111-111111111111",
            "resource_group_name": "rg-trial-state",
            "storage_account_name": "sttrialstate",
            "container_name": "state",
            "tenant_id": "22222222-2222-4222-8222-222222222222",
            "use_azuread_auth": True,
        }
    }


def test_local_state_path_is_relative() -> None:
    region = fleet().region(ZONES)
    for local in (synthesize(region, local_state=True), fleet_stack([region], local_state=True)):
        assert local["terraform"]["backend"] == {"local": {"path": "terraform.tfstate"}}


def test_no_stack_reads_remote_state_of_another_stack(stack: Stack) -> None:
    assert "terraform_remote_state" not in stack.get("data", {})


def test_terraform_is_new_enough_for_write_only_arguments(stack: Stack) -> None:
    assert stack["terraform"]["required_version"] == ">= 1.11.0, < 2.0.0"


def test_provider_has_the_stacks_subscription_and_tenant(stack: Stack) -> None:
    expect(stack).to_have_provider_with_properties(
        "azurerm",
        {
            "subscription_id": "11111111-1111-4111-8111-111111111111",
            "tenant_id": "22222222-2222-4222-8222-222222222222",
        },
    )


def test_region_with_own_subscription_shares_the_state_account() -> None:
    stack = elsewhere_stack()
    expect(stack).to_have_provider_with_properties("azurerm", {"subscription_id": ANOTHER_SUBSCRIPTION}, name="")
    backend = stack["terraform"]["backend"]["azurerm"]
    assert backend["subscription_id"] == "11111111-1111-4111-8111-111111111111"


def test_provider_registers_no_resource_providers(stack: Stack) -> None:
    expect(stack).to_have_provider_with_properties("azurerm", {"resource_provider_registrations": "none"})


def test_storage_is_reached_by_entra_and_by_the_management_plane_alone_and_a_group_with_something_in_it_stays(
    stack: Stack,
) -> None:
    features = {
        "storage": [{"data_plane_available": False}],
        "resource_group": [{"prevent_deletion_if_contains_resources": True}],
    }
    expect(stack).to_have_provider_with_properties("azurerm", {"storage_use_azuread": True, "features": [features]})


def test_no_stack_names_a_credential(stack: Stack) -> None:
    text = json.dumps(stack)
    assert not [word for word in ("client_secret", "access_key", "kube_admin_config[") if f'"{word}' in text]
