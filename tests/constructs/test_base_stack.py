"""What every stack has."""

from __future__ import annotations

import json

import pytest

from tests.constructs.synthesized import NO_ZONES, ZONES, Stack, fleet, fleet_stack, region_stack, synthesize


@pytest.fixture(scope="module", params=["fleet", ZONES, NO_ZONES])
def stack(request: pytest.FixtureRequest) -> Stack:
    name: str = request.param
    return fleet_stack(fleet().regions) if name == "fleet" else region_stack(name)


def test_each_stack_keeps_its_state_in_a_blob_of_its_own() -> None:
    keys = [region_stack(name)["terraform"]["backend"]["azurerm"]["key"] for name in (ZONES, NO_ZONES)]
    assert keys == ["trial-alpha.tfstate", "trial-beta.tfstate"]


def test_the_state_is_opened_by_entra_and_no_key(stack: Stack) -> None:
    backend = stack["terraform"]["backend"]["azurerm"]
    assert backend["use_azuread_auth"] is True
    assert not {"access_key", "sas_token", "client_secret"} & backend.keys()


def test_a_local_state_holds_no_path_of_this_machine() -> None:
    region = fleet().region(ZONES)
    for local in (synthesize(region, local_state=True), fleet_stack([region], local_state=True)):
        assert local["terraform"]["backend"] == {"local": {"path": "terraform.tfstate"}}


def test_no_stack_reads_the_state_of_another(stack: Stack) -> None:
    assert "terraform_remote_state" not in stack.get("data", {})


def test_terraform_is_new_enough_for_write_only_arguments(stack: Stack) -> None:
    assert stack["terraform"]["required_version"].startswith(">= 1.11")


def test_the_deployer_need_not_register_resource_providers(stack: Stack) -> None:
    (azurerm,) = stack["provider"]["azurerm"]
    assert azurerm["resource_provider_registrations"] == "none"


def test_storage_is_reached_by_entra_and_by_the_management_plane_alone(stack: Stack) -> None:
    (azurerm,) = stack["provider"]["azurerm"]
    assert azurerm["storage_use_azuread"] is True
    assert azurerm["features"][0]["storage"] == [{"data_plane_available": False}]


def test_a_resource_group_with_something_in_it_stays(stack: Stack) -> None:
    (azurerm,) = stack["provider"]["azurerm"]
    assert azurerm["features"][0]["resource_group"] == [{"prevent_deletion_if_contains_resources": True}]


def test_no_stack_names_a_credential(stack: Stack) -> None:
    text = json.dumps(stack)
    assert not [word for word in ("client_secret", "access_key", "kube_admin_config[") if f'"{word}' in text]
