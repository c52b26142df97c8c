"""The stack `fleet`: what exists once for all regions. Deployed first."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_azurerm.private_dns_zone import PrivateDnsZone
from cdktf_cdktf_provider_azurerm.role_definition import RoleDefinition, RoleDefinitionPermissions

from constructs import Construct
from constructs.base_stack import BaseStack
from constructs.group import resource_group
from monitoring.blueprint.components.names import DISK_ROLE, FLEET_STACK
from monitoring.fleet.model import Region


class FleetStack(BaseStack):
    """Private DNS zone by which regions find each other, and the role that lets a cluster attach our disks."""

    def __init__(self, scope: Construct, *, regions: Sequence[Region], local_state: bool) -> None:
        first = regions[0]  # the checks of the fleet hold `fleet`, `state` and the tenant equal in all regions
        fleet = first.fleet
        # what all regions agree on, so that one region's own tag changes nothing here
        tags = {
            key: value for key, value in first.tags.items() if all(region.tags.get(key) == value for region in regions)
        }
        super().__init__(
            scope,
            FLEET_STACK,
            state=first.state,
            tenant_id=first.tenant_id,
            subscription_id=fleet.subscription_id,
            local_state=local_state,
        )
        group = resource_group(self, name=fleet.resource_group, location=fleet.location, tags=tags)
        PrivateDnsZone(
            self,
            "private-dns-zone",
            name=fleet.private_dns_zone,
            resource_group_name=group.name,
            tags=tags,
        )
        # Here and not per region: the name of a custom role is unique in a tenant.
        RoleDefinition(
            self,
            "disk-role",
            name=DISK_ROLE,
            description="Attach and detach disks that Terraform made; without delete, no driver can lose one.",
            scope=f"/subscriptions/{fleet.subscription_id}",
            assignable_scopes=sorted(
                {f"/subscriptions/{region.subscription_id}" for region in regions}
                | {f"/subscriptions/{fleet.subscription_id}"}
            ),
            permissions=[
                RoleDefinitionPermissions(
                    actions=["Microsoft.Compute/disks/read", "Microsoft.Compute/disks/write"],
                )
            ],
        )
