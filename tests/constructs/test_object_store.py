"""The store that must not leak, and must not be lost."""

from __future__ import annotations

import pytest

from tests.constructs.expectations import expect
from tests.constructs.synthesized import (
    GROUP,
    NETWORKS,
    NO_ZONES,
    SUBSCRIPTION,
    TAGS,
    ZONES,
    only,
    reference,
    region_stack,
)

ACCOUNT = "azurerm_storage_account"
CONTAINER = "azurerm_storage_container"
ENDPOINT = "azurerm_private_endpoint"
of_both = pytest.mark.parametrize("region", [ZONES, NO_ZONES])


@of_both
def test_store_refuses_shared_keys(region: str) -> None:
    expect(region_stack(region)).to_have_resource_with_properties(
        ACCOUNT,
        {
            "shared_access_key_enabled": False,
            "default_to_oauth_authentication": True,
            "local_user_enabled": False,
        },
    )


@of_both
def test_store_has_no_public_network_access(region: str) -> None:
    expect(region_stack(region)).to_have_resource_with_properties(
        ACCOUNT,
        {
            "public_network_access_enabled": False,
            "allow_nested_items_to_be_public": False,
            "cross_tenant_replication_enabled": False,
        },
    )
    expect(region_stack(region)).to_have_resource_with_properties(CONTAINER, {"container_access_type": "private"})


@of_both
def test_store_is_encrypted_twice_and_speaks_modern_tls_only(region: str) -> None:
    """Infrastructure encryption cannot be turned on later: the account would be made anew."""
    expect(region_stack(region)).to_have_resource_with_properties(
        ACCOUNT,
        {
            "infrastructure_encryption_enabled": True,
            "min_tls_version": "TLS1_2",
            "https_traffic_only_enabled": True,
        },
    )


@of_both
def test_soft_delete_lasts_the_configured_days_and_versioning_is_off(
    region: str,
) -> None:
    """The block is whole: no change feed, no restore policy, no last-access times either."""
    expect(region_stack(region)).to_have_resource_with_properties(
        ACCOUNT,
        {
            "blob_properties": {
                "versioning_enabled": False,
                "delete_retention_policy": {"days": 14},
                "container_delete_retention_policy": {"days": 14},
            }
        },
    )


@pytest.mark.parametrize(
    ("region", "account", "location", "copies"),
    [(ZONES, "sttrialalpha", "swedencentral", "GZRS"), (NO_ZONES, "sttrialbeta", "ukwest", "GRS")],
)
def test_store_redundancy_matches_the_regions_zones(region: str, account: str, location: str, copies: str) -> None:
    expect(region_stack(region)).to_have_resource_with_properties(
        ACCOUNT,
        {
            "name": account,
            "resource_group_name": GROUP,
            "location": location,
            "account_kind": "StorageV2",
            "account_tier": "Standard",
            "account_replication_type": copies,
            "tags": TAGS,
        },
    )


@of_both
@pytest.mark.parametrize("kind", [ACCOUNT, CONTAINER])
def test_store_cannot_be_destroyed(region: str, kind: str) -> None:
    expect(region_stack(region)).to_have_resource_with_properties(kind, {"lifecycle": {"prevent_destroy": True}})


def test_no_lock_blocks_the_deletion_of_role_assignments() -> None:
    assert "azurerm_management_lock" not in region_stack(ZONES)["resource"]


def test_store_has_no_lifecycle_policy() -> None:
    kinds = region_stack(ZONES)["resource"].keys()
    assert not {"azurerm_storage_management_policy", "azurerm_storage_container_immutability_policy"} & kinds


def test_the_container_is_made_without_a_network_path_to_the_account() -> None:
    """By the account's id, which is the management plane's way; by its name it would be the data plane's."""
    stack = region_stack(ZONES)
    expect(stack).to_have_resource_with_properties(
        CONTAINER, {"name": "trial-blocks", "storage_account_id": reference(stack, ACCOUNT, "id")}
    )
    assert "storage_account_name" not in only(stack, CONTAINER)


def test_the_store_is_reached_by_a_private_endpoint_in_the_regions_subnet() -> None:
    stack = region_stack(ZONES)
    expect(stack).to_have_resource_with_properties(
        ENDPOINT,
        {
            "name": "pep-sttrialalpha",
            "resource_group_name": GROUP,
            "location": "swedencentral",
            "subnet_id": f"{NETWORKS}/virtualNetworks/vnet-alpha/subnets/endpoints",
            "private_service_connection": {
                "name": "sttrialalpha",
                "private_connection_resource_id": reference(stack, ACCOUNT, "id"),
                "subresource_names": ["blob"],
                "is_manual_connection": False,
            },
            "tags": TAGS,
        },
    )


def test_private_endpoint_uses_the_hubs_dns_zone_by_id() -> None:
    stack = region_stack(ZONES)
    zone = f"{NETWORKS}/privateDnsZones/privatelink.blob.core.windows.net"
    expect(stack).to_have_resource_with_properties(
        ENDPOINT, {"private_dns_zone_group": {"name": "blob", "private_dns_zone_ids": [zone]}}
    )
    assert "azurerm_private_dns_zone" not in stack["resource"]
    links = stack["resource"]["azurerm_private_dns_zone_virtual_network_link"].values()
    assert not [link for link in links if "privatelink" in link["private_dns_zone_name"]]


def test_store_logs_only_deletes() -> None:
    stack = region_stack(ZONES)
    kind = "azurerm_monitor_diagnostic_setting"
    account = reference(stack, ACCOUNT, "id")
    logs = f"{SUBSCRIPTION}/resourceGroups/rg-trial-logs/providers/Microsoft.OperationalInsights/workspaces/log-alpha"
    expect(stack).to_have_resource_with_properties(
        kind,
        {
            "name": "diag-blob-deletes",
            "target_resource_id": f"{account}/blobServices/default",
            "log_analytics_workspace_id": logs,
            "enabled_log": [{"category": "StorageDelete"}],
        },
    )
    assert not {"enabled_metric", "metric"} & only(stack, kind).keys()
