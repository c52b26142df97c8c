"""The store that must not leak, and must not be lost."""

from __future__ import annotations

import pytest

from tests.constructs.synthesized import NO_ZONES, ZONES, Resource, only, region_stack


@pytest.fixture(params=[ZONES, NO_ZONES])
def account(request: pytest.FixtureRequest) -> Resource:
    return only(region_stack(request.param), "azurerm_storage_account")


def test_store_refuses_shared_keys(account: Resource) -> None:
    assert account["shared_access_key_enabled"] is False
    assert account["default_to_oauth_authentication"] is True
    assert account["local_user_enabled"] is False


def test_store_has_no_public_oauth2_proxy(account: Resource) -> None:
    assert account["public_network_access_enabled"] is False
    assert account["allow_nested_items_to_be_public"] is False
    assert account["cross_tenant_replication_enabled"] is False
    assert only(region_stack(ZONES), "azurerm_storage_container")["container_access_type"] == "private"


def test_store_speaks_modern_tls_only(account: Resource) -> None:
    assert account["min_tls_version"] == "TLS1_2"
    assert account["https_traffic_only_enabled"] is True


def test_a_deleted_block_comes_back_for_as_long_as_the_region_says(account: Resource) -> None:
    assert account["blob_properties"]["delete_retention_policy"] == {"days": 14}
    assert account["blob_properties"]["container_delete_retention_policy"] == {"days": 14}


def test_compaction_makes_no_versions(account: Resource) -> None:
    assert account["blob_properties"]["versioning_enabled"] is False


def test_copies_are_what_the_region_can_have() -> None:
    kinds = [
        only(region_stack(name), "azurerm_storage_account")["account_replication_type"] for name in (ZONES, NO_ZONES)
    ]
    assert kinds == ["GZRS", "GRS"]


@pytest.mark.parametrize("kind", ["azurerm_storage_account", "azurerm_storage_container"])
def test_store_cannot_be_destroyed(kind: str) -> None:
    assert only(region_stack(ZONES), kind)["lifecycle"] == {"prevent_destroy": True}


def test_no_lock_blocks_the_deletion_of_role_assignments() -> None:
    assert "azurerm_management_lock" not in region_stack(ZONES)["resource"]


def test_retention_is_the_compactors_alone() -> None:
    kinds = region_stack(ZONES)["resource"].keys()
    assert not {"azurerm_storage_management_policy", "azurerm_storage_container_immutability_policy"} & kinds


def test_the_container_is_made_without_a_network_path_to_the_account() -> None:
    container = only(region_stack(ZONES), "azurerm_storage_container")
    assert container["storage_account_id"].startswith("${azurerm_storage_account.")
    assert "storage_account_name" not in container


def test_the_store_is_reached_by_a_private_endpoint_in_the_regions_subnet() -> None:
    endpoint = only(region_stack(ZONES), "azurerm_private_endpoint")
    assert endpoint["subnet_id"].endswith("/subnets/endpoints")
    assert endpoint["private_service_connection"]["subresource_names"] == ["blob"]


def test_the_hubs_zone_is_used_by_id_since_a_network_takes_one_link_per_name() -> None:
    stack = region_stack(ZONES)
    (zone,) = only(stack, "azurerm_private_endpoint")["private_dns_zone_group"]["private_dns_zone_ids"]
    assert zone.startswith("/subscriptions/")
    assert "azurerm_private_dns_zone" not in stack["resource"]
    links = stack["resource"]["azurerm_private_dns_zone_virtual_network_link"].values()
    assert not [link for link in links if "privatelink" in link["private_dns_zone_name"]]


def test_deletes_are_logged_and_nothing_else() -> None:
    setting = only(region_stack(ZONES), "azurerm_monitor_diagnostic_setting")
    assert setting["enabled_log"] == [{"category": "StorageDelete"}]
    assert not {"enabled_metric", "metric"} & setting.keys()
    assert setting["target_resource_id"].endswith(".id}/blobServices/default")
