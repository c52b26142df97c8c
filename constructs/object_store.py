"""Azure Blob storage for Thanos blocks."""

from __future__ import annotations

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_azurerm.monitor_diagnostic_setting import (
    MonitorDiagnosticSetting,
    MonitorDiagnosticSettingEnabledLog,
)
from cdktf_cdktf_provider_azurerm.private_endpoint import (
    PrivateEndpoint,
    PrivateEndpointPrivateDnsZoneGroup,
    PrivateEndpointPrivateServiceConnection,
)
from cdktf_cdktf_provider_azurerm.storage_account import (
    StorageAccount,
    StorageAccountBlobProperties,
    StorageAccountBlobPropertiesContainerDeleteRetentionPolicy,
    StorageAccountBlobPropertiesDeleteRetentionPolicy,
)
from cdktf_cdktf_provider_azurerm.storage_container import StorageContainer

from constructs import Construct
from constructs.group import Group
from monitoring.blueprint.components.names import azure_name
from monitoring.fleet.model import Region


class ObjectStore(Construct):
    """One account and one container per region, reached by a private endpoint, signed in to by Entra.

    No lock: it would block the deletion of role assignments beneath it. No versioning: compaction rewrites
    every block, and each version would stay; soft delete is the way back. `container_id` is a reference.
    """

    def __init__(self, scope: Construct, name: str, *, region: Region, group: Group) -> None:
        super().__init__(scope, name)
        store = region.object_store
        account = StorageAccount(
            self,
            "account",
            name=store.account,
            resource_group_name=group.name,
            location=region.location,
            account_kind="StorageV2",
            account_tier="Standard",
            account_replication_type=store.replication,
            infrastructure_encryption_enabled=True,
            min_tls_version="TLS1_2",
            https_traffic_only_enabled=True,
            shared_access_key_enabled=False,
            default_to_oauth_authentication=True,
            local_user_enabled=False,
            public_network_access_enabled=False,
            allow_nested_items_to_be_public=False,
            cross_tenant_replication_enabled=False,
            blob_properties=StorageAccountBlobProperties(
                versioning_enabled=False,
                delete_retention_policy=StorageAccountBlobPropertiesDeleteRetentionPolicy(days=store.soft_delete.days),
                container_delete_retention_policy=StorageAccountBlobPropertiesContainerDeleteRetentionPolicy(
                    days=store.soft_delete.days
                ),
            ),
            tags=dict(region.tags),
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True),
        )
        account_id = account.id
        # by the account's id: the management plane makes it, without a network path to the account
        container = StorageContainer(
            self,
            "container",
            name=store.container,
            storage_account_id=account_id,
            container_access_type="private",
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True),
        )
        self.container_id = container.id
        self.endpoint = PrivateEndpoint(
            self,
            "private-endpoint",
            name=azure_name("private endpoint", store.account),
            resource_group_name=group.name,
            location=region.location,
            subnet_id=region.network.private_endpoint_subnet_id,
            private_service_connection=PrivateEndpointPrivateServiceConnection(
                name=store.account,
                private_connection_resource_id=account_id,
                subresource_names=["blob"],
                is_manual_connection=False,
            ),
            # by id: a network takes one link per zone name, so the zone is the hub's
            private_dns_zone_group=PrivateEndpointPrivateDnsZoneGroup(
                name="blob", private_dns_zone_ids=[region.network.blob_private_dns_zone_id]
            ),
            tags=dict(region.tags),
        )
        # Who deleted what. Reads and writes are every query and every block: their logs cost more than the store.
        MonitorDiagnosticSetting(
            self,
            "delete-log",
            name=azure_name("diagnostic setting", "blob-deletes"),
            target_resource_id=f"{account_id}/blobServices/default",
            log_analytics_workspace_id=region.object_store.log_analytics_workspace_id,
            enabled_log=[MonitorDiagnosticSettingEnabledLog(category="StorageDelete")],
        )
