"""Azure identities of workloads, and the ServiceAccounts that take them."""

from __future__ import annotations

import pytest

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.workloads import (
    ALERTMANAGER,
    COMPONENTS,
    PROMETHEUS,
    RECEIVE_INGESTOR,
    SIGN_IN,
    STORE_GATEWAY,
)
from tests.constructs.synthesized import ZONES, Resource, addresses, by_name, fleet, region_stack, waits_for

GRANTED = [component for component in COMPONENTS if component.grants]
CLIENT_ID = "azure.workload.identity/client-id"


def identity(component: Component) -> str:
    """Terraform address of a component's identity."""
    return addresses(region_stack(ZONES), "azurerm_user_assigned_identity")[f"id-{component.name}-trial-alpha"]


def grants(component: Component) -> dict[str, str]:
    """Role by scope."""
    assignments = region_stack(ZONES)["resource"]["azurerm_role_assignment"].values()
    principal = f"${{{identity(component)}.principal_id}}"
    return {body["scope"]: body["role_definition_name"] for body in assignments if body["principal_id"] == principal}


def account(component: Component) -> Resource:
    return by_name(region_stack(ZONES), "kubernetes_service_account_v1")[component.service_account]


def test_who_needs_nothing_of_azure_has_no_identity() -> None:
    assert by_name(region_stack(ZONES), "azurerm_user_assigned_identity").keys() == {
        f"id-{component.name}-trial-alpha" for component in GRANTED
    }


@pytest.mark.parametrize("component", GRANTED, ids=lambda component: component.name)
def test_an_identity_is_taken_by_one_service_account_of_this_cluster(component: Component) -> None:
    credentials = [
        body
        for body in region_stack(ZONES)["resource"]["azurerm_federated_identity_credential"].values()
        if body["parent_id"] == f"${{{identity(component)}.id}}"
    ]
    (credential,) = credentials
    assert credential["subject"] == f"system:serviceaccount:monitoring:{component.service_account}"
    assert credential["audience"] == ["api://AzureADTokenExchange"]
    assert credential["issuer"].endswith(".oidc_issuer_url}")


def test_an_ingestor_writes_to_the_container_and_to_nothing_else() -> None:
    (container,) = addresses(region_stack(ZONES), "azurerm_storage_container").values()
    assert grants(RECEIVE_INGESTOR) == {f"${{{container}.id}}": "Storage Blob Data Contributor"}


def test_the_store_gateway_only_reads() -> None:
    assert list(grants(STORE_GATEWAY).values()) == ["Storage Blob Data Reader"]


def test_prometheus_reads_the_machines_resource_group_and_nothing_else() -> None:
    group = "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-trial-machines-alpha"
    assert grants(PROMETHEUS) == {group: "Reader"}


@pytest.mark.parametrize("component", [SIGN_IN, ALERTMANAGER], ids=lambda component: component.name)
def test_a_workload_reads_its_own_secrets_of_the_vault(component: Component) -> None:
    vault = (
        "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-trial-vaults"
        "/providers/Microsoft.KeyVault/vaults/kv-trial-alpha"
    )
    names = component.secrets(fleet().region(ZONES))
    assert names
    assert grants(component) == {f"{vault}/secrets/{name}": "Key Vault Secrets User" for name in names}


def test_role_assignments_do_not_wait_for_the_directory() -> None:
    """A principal that is new in Entra is not found there yet, unless its type is said."""
    for assignment in region_stack(ZONES)["resource"]["azurerm_role_assignment"].values():
        assert assignment["principal_type"] == "ServicePrincipal"


@pytest.mark.parametrize("component", [row for row in GRANTED if row is not SIGN_IN], ids=lambda row: row.name)
def test_the_account_names_its_identity(component: Component) -> None:
    assert account(component)["metadata"]["annotations"][CLIENT_ID] == f"${{{identity(component)}.client_id}}"


def test_the_sign_in_speaks_for_the_entra_application_and_not_for_its_identity() -> None:
    assert account(SIGN_IN)["metadata"]["annotations"][CLIENT_ID] == "33333333-3333-4333-8333-333333333333"


@pytest.mark.parametrize("component", GRANTED, ids=lambda component: component.name)
def test_an_account_brings_no_token_of_the_api_server(component: Component) -> None:
    assert account(component)["automount_service_account_token"] is False


@pytest.mark.parametrize("kind", ["credential", "account", "grant"])
def test_releases_wait_until_pods_can_sign_in(kind: str) -> None:
    stack = region_stack(ZONES)
    kinds = {
        "credential": "azurerm_federated_identity_credential",
        "account": "kubernetes_service_account_v1",
        "grant": "azurerm_role_assignment",
    }
    wanted = {f"{kinds[kind]}.{label}" for label in stack["resource"][kinds[kind]] if label.startswith("identities_")}
    assert wanted
    for release in by_name(stack, "helm_release").values():
        assert wanted <= waits_for(stack, release)


def test_no_client_secret_exists() -> None:
    kinds = region_stack(ZONES)["resource"].keys() | region_stack(ZONES)["data"].keys()
    assert not [kind for kind in kinds if kind.startswith("azuread_") or "key_vault_secret" in kind]
