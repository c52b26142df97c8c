"""Internal load balancers for other regions, with their records in the fleet's private DNS zone."""

from __future__ import annotations

from cdktf import ITerraformDependable, TerraformProvider
from cdktf_cdktf_provider_azurerm.private_dns_a_record import PrivateDnsARecord
from cdktf_cdktf_provider_azurerm.private_dns_zone_virtual_network_link import PrivateDnsZoneVirtualNetworkLink
from cdktf_cdktf_provider_kubernetes.service_v1 import (
    ServiceV1,
    ServiceV1Metadata,
    ServiceV1Spec,
    ServiceV1SpecPort,
)

from constructs import Construct
from constructs.base_stack import azurerm_provider
from monitoring.blueprint.components.names import azure_name
from monitoring.blueprint.network.load_balancers import LoadBalancer, load_balancers
from monitoring.fleet.model import Region

TTL = 300
"""Seconds; the addresses are static."""


class LoadBalancers(Construct):
    """A Service per load balancer, and its name.

    The zone is the stack `fleet`'s, known by its name: no stack reads another's state. `depends_on` holds what lets the
    cluster join the balancers' subnet; Azure's cloud provider tries again by itself while that is not known everywhere.
    """

    def __init__(self, scope: Construct, name: str, *, region: Region, depends_on: list[ITerraformDependable]) -> None:
        super().__init__(scope, name)
        provider = self._fleets(region)
        fleet, tags = region.fleet, dict(region.tags)
        PrivateDnsZoneVirtualNetworkLink(
            self,
            "zone-link",
            name=azure_name("virtual network link", region.name),
            private_dns_zone_name=fleet.private_dns_zone,
            resource_group_name=fleet.resource_group,
            virtual_network_id=region.network.virtual_network_id,
            registration_enabled=False,
            tags=tags,
            provider=provider,
        )
        for balancer in load_balancers(region):
            self._service(balancer, depends_on)
            PrivateDnsARecord(
                self,
                f"{balancer.name}-record",
                name=balancer.host.removesuffix(f".{fleet.private_dns_zone}"),
                zone_name=fleet.private_dns_zone,
                resource_group_name=fleet.resource_group,
                ttl=TTL,
                records=[str(balancer.address)],
                tags=tags,
                provider=provider,
            )

    def _fleets(self, region: Region) -> TerraformProvider | None:
        """The provider of the fleet's subscription; None where it is the region's own."""
        if region.fleet.subscription_id == region.subscription_id:
            return None
        return azurerm_provider(
            self,
            "fleet",
            tenant_id=region.tenant_id,
            subscription_id=region.fleet.subscription_id,
            alias="fleet",
        )

    def _service(self, balancer: LoadBalancer, depends_on: list[ITerraformDependable]) -> None:
        """Without labels, by which monitors would find it and scrape the pods twice."""
        port = balancer.port
        ServiceV1(
            self,
            balancer.name,
            metadata=ServiceV1Metadata(
                name=balancer.name, namespace=balancer.namespace, annotations=dict(balancer.annotations)
            ),
            spec=ServiceV1Spec(
                type="LoadBalancer",
                # Cluster would hide who calls: network policies know other regions by their nodes' addresses
                external_traffic_policy="Local",
                selector=dict(balancer.labels),
                port=[
                    ServiceV1SpecPort(
                        name=port.name, port=port.number, target_port=str(port.number), protocol=port.protocol
                    )
                ],
            ),
            wait_for_load_balancer=False,
            depends_on=depends_on,
        )
