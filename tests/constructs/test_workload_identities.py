"""Azure identities of workloads, and the ServiceAccounts that take them."""

from __future__ import annotations

import pytest

from tests.constructs.expectations import expect
from tests.constructs.synthesized import (
    ANOTHER_SUBSCRIPTION,
    GROUP,
    SUBSCRIPTION,
    TAGS,
    ZONES,
    addresses,
    by_name,
    data_reference,
    elsewhere_stack,
    reference,
    region_stack,
)
from tests.laws.stack_laws import waits_for

IDENTITY = "azurerm_user_assigned_identity"
CREDENTIAL = "azurerm_federated_identity_credential"
ASSIGNMENT = "azurerm_role_assignment"
ACCOUNT = "kubernetes_service_account_v1"

THANOS = {"app.kubernetes.io/name": "thanos", "app.kubernetes.io/instance": "thanos"}
ACCOUNTS: dict[str, tuple[str, dict[str, str]]] = {
    "alertmanager": (
        "prometheus-alertmanager",
        {"app.kubernetes.io/name": "alertmanager", "alertmanager": "prometheus"},
    ),
    "oauth2-proxy": (
        "oauth2-proxy",
        {"app.kubernetes.io/name": "oauth2-proxy", "app.kubernetes.io/instance": "oauth2-proxy"},
    ),
    "postgres-exporter": (
        "postgres-exporter",
        {
            "app.kubernetes.io/name": "prometheus-postgres-exporter",
            "app.kubernetes.io/instance": "prometheus-postgres-exporter",
        },
    ),
    "prometheus": (
        "prometheus-prometheus",
        {"app.kubernetes.io/name": "prometheus", "operator.prometheus.io/name": "prometheus"},
    ),
    "redis-credentials": (
        "redis-credentials",
        {"app.kubernetes.io/name": "redis-credentials", "app.kubernetes.io/instance": "prometheus-redis-exporter"},
    ),
    "thanos-compact": ("thanos-compact", {**THANOS, "app.kubernetes.io/component": "compact"}),
    "thanos-drill": ("thanos-drill", {"app.kubernetes.io/name": "thanos-drill"}),
    "thanos-receive-ingestor": (
        "thanos-receive-ingestor",
        {**THANOS, "app.kubernetes.io/component": "receive-ingestor"},
    ),
    "thanos-store-gateway": ("thanos-store-gateway", {**THANOS, "app.kubernetes.io/component": "store-gateway"}),
}
"""ServiceAccount and labels by component; `alertmanager: prometheus` is the operator's."""

SECRETS = f"{SUBSCRIPTION}/resourceGroups/rg-trial-vaults/providers/Microsoft.KeyVault/vaults/kv-trial-alpha/secrets"
KEY_VAULT_ROLE = "Key Vault Secrets User"
MACHINES = f"{SUBSCRIPTION}/resourceGroups/rg-trial-machines-alpha"
CONTAINER = "the container"
"""Stands for the reference to it."""

GRANTS: list[tuple[str, str, str, str]] = [
    ("thanos-receive-ingestor", "container", CONTAINER, "Storage Blob Data Contributor"),
    ("thanos-compact", "container", CONTAINER, "Storage Blob Data Contributor"),
    ("thanos-store-gateway", "container", CONTAINER, "Storage Blob Data Reader"),
    ("thanos-drill", "container", CONTAINER, "Storage Blob Data Reader"),
    ("prometheus", "machines", MACHINES, "Reader"),
    *(
        (component, secret, f"{SECRETS}/{secret}", KEY_VAULT_ROLE)
        for component, secret in (
            ("alertmanager", "alertmanager-trial-night"),
            ("alertmanager", "alertmanager-trial-desk"),
            ("alertmanager", "alertmanager-trial-chat"),
            ("alertmanager", "alertmanager-trial-dead-mans-switch"),
            ("oauth2-proxy", "oauth2-proxy-cookie-secret"),
            ("oauth2-proxy", "oauth2-proxy-htpasswd"),
            ("postgres-exporter", "postgres-exporter-trial"),
            ("redis-credentials", "redis-exporter-trial"),
        )
    ),
]
"""All that workloads may do in Azure: component, target, scope, role. `alertmanager-trial-unused` has no route."""

of_each = pytest.mark.parametrize("component", ACCOUNTS)


def attribute(component: str, name: str) -> str:
    """Reference to an attribute of a component's identity."""
    return reference(region_stack(ZONES), IDENTITY, name, name=f"id-{component}-trial-alpha")


def test_component_without_azure_access_has_no_identity() -> None:
    assert by_name(region_stack(ZONES), IDENTITY).keys() == {f"id-{component}-trial-alpha" for component in ACCOUNTS}


@of_each
def test_identity_is_in_the_regions_resource_group(component: str) -> None:
    expect(region_stack(ZONES)).to_have_resource_with_properties(
        IDENTITY,
        {"resource_group_name": GROUP, "location": "swedencentral", "tags": TAGS},
        name=f"id-{component}-trial-alpha",
    )


@of_each
def test_federated_credential_matches_one_service_account(component: str) -> None:
    stack = region_stack(ZONES)
    account, _ = ACCOUNTS[component]
    expect(stack).to_have_resource_with_properties(
        CREDENTIAL,
        {
            "resource_group_name": GROUP,
            "parent_id": attribute(component, "id"),
            "issuer": data_reference(stack, "azurerm_kubernetes_cluster", "oidc_issuer_url"),
            "subject": f"system:serviceaccount:monitoring:{account}",
            "audience": ["api://AzureADTokenExchange"],
        },
        name=f"fic-{component}-trial-alpha",
    )
    assert len(by_name(stack, CREDENTIAL)) == len(ACCOUNTS)


@pytest.mark.parametrize(("component", "target", "scope", "role"), GRANTS)
def test_workload_roles_are_assigned_at_the_narrowest_scope(component: str, target: str, scope: str, role: str) -> None:
    """A principal that is new in Entra is not found there yet, unless its type is said."""
    stack = region_stack(ZONES)
    expect(stack).to_have_resource_with_properties(
        ASSIGNMENT,
        {
            "scope": reference(stack, "azurerm_storage_container", "id") if scope is CONTAINER else scope,
            "role_definition_name": role,
            "principal_id": attribute(component, "principal_id"),
            "principal_type": "ServicePrincipal",
        },
        name=f"identities_{component}-{target}",
    )


def test_workloads_have_no_other_role_assignments() -> None:
    found = {name for name in by_name(region_stack(ZONES), ASSIGNMENT) if not name.startswith("cluster_")}
    assert found == {f"identities_{component}-{target}" for component, target, *_ in GRANTS}


def test_role_assignments_set_principal_type_service_principal() -> None:
    for assignment in region_stack(ZONES)["resource"][ASSIGNMENT].values():
        assert assignment["principal_type"] == "ServicePrincipal"


def test_scopes_are_in_the_subscription_of_the_region() -> None:
    for name in ("identities_prometheus-machines", "identities_oauth2-proxy-oauth2-proxy-htpasswd"):
        scope = by_name(elsewhere_stack(), ASSIGNMENT)[name]["scope"]
        assert scope.startswith(f"/subscriptions/{ANOTHER_SUBSCRIPTION}/resourceGroups/")


@of_each
def test_the_account_names_its_identity_and_brings_no_token_of_the_api_server(component: str) -> None:
    """The sign-in speaks for the Entra application, and not for its identity."""
    stack = region_stack(ZONES)
    account, labels = ACCOUNTS[component]
    sign_in = component == "oauth2-proxy"
    annotations = {
        "azure.workload.identity/client-id": "33333333-3333-4333-8333-333333333333"
        if sign_in
        else attribute(component, "client_id"),
        "azure.workload.identity/tenant-id": "22222222-2222-4222-8222-222222222222",
    }
    expect(stack).to_have_resource_with_properties(
        ACCOUNT,
        {
            "metadata": {
                "name": account,
                "namespace": "monitoring",
                "labels": labels,
                "annotations": annotations,
            },
            "automount_service_account_token": False,
            "depends_on": [addresses(stack, "kubernetes_namespace_v1")["monitoring"]],
        },
        name=account,
    )


@pytest.mark.parametrize("kind", [CREDENTIAL, ACCOUNT, ASSIGNMENT])
def test_releases_wait_until_pods_can_sign_in(kind: str) -> None:
    stack = region_stack(ZONES)
    wanted = {f"{kind}.{label}" for label in stack["resource"][kind] if label.startswith("identities_")}
    assert wanted
    for release in by_name(stack, "helm_release").values():
        assert wanted <= waits_for(stack, release)


def test_no_client_secret_exists() -> None:
    kinds = region_stack(ZONES)["resource"].keys() | region_stack(ZONES)["data"].keys()
    assert not [kind for kind in kinds if kind.startswith("azuread_") or "key_vault_secret" in kind]
