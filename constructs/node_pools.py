"""Nodes for monitoring alone, one pool per zone."""

from __future__ import annotations

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_azurerm.kubernetes_cluster_node_pool import (
    KubernetesClusterNodePool,
    KubernetesClusterNodePoolUpgradeSettings,
)

from constructs import Construct
from constructs.cluster import Cluster
from monitoring.blueprint.capacity.node_pools import SURGE
from monitoring.blueprint.components.names import node_pool_name
from monitoring.blueprint.components.workloads import POOL_LABELS
from monitoring.fleet.model import Region


class NodePools(Construct):
    """One pool per zone: a zonal disk needs a node in its zone, which one pool over zones does not promise.

    `last` is the end of the chain: what depends on it depends on every pool.
    """

    def __init__(self, scope: Construct, name: str, *, region: Region, cluster: Cluster) -> None:
        super().__init__(scope, name)
        zones: tuple[str | None, ...] = region.zones or (None,)
        pools: list[KubernetesClusterNodePool] = []
        for zone in zones:
            # A change that cycles a pool does so without a drain: chained, never two at once.
            pools.append(self._pool(zone, region=region, cluster=cluster, after=pools[-1:]))
        self.last = pools[-1]

    def _pool(
        self, zone: str | None, *, region: Region, cluster: Cluster, after: list[KubernetesClusterNodePool]
    ) -> KubernetesClusterNodePool:
        wanted = region.node_pools
        return KubernetesClusterNodePool(
            self,
            f"zone-{zone}" if zone else "all",
            name=node_pool_name(zone),
            kubernetes_cluster_id=cluster.id,
            mode="User",
            zones=[zone] if zone else None,
            vm_size=wanted.vm_size,
            vnet_subnet_id=region.network.node_subnet_id,
            node_public_ip_enabled=False,
            host_encryption_enabled=True,  # the local disk and the disks' caches too, on the host
            auto_scaling_enabled=True,
            min_count=wanted.min_count,
            max_count=wanted.max_count,
            max_pods=wanted.max_pods,
            os_disk_type="Ephemeral",
            os_disk_size_gb=wanted.os_disk_size.gib,
            node_labels=dict(POOL_LABELS),
            node_taints=[f"{key}={value}:NoSchedule" for key, value in POOL_LABELS.items()],
            temporary_name_for_rotation=f"{node_pool_name(zone)}tmp",
            upgrade_settings=KubernetesClusterNodePoolUpgradeSettings(
                max_surge=str(SURGE),
                drain_timeout_in_minutes=wanted.drain_timeout.minutes,
                node_soak_duration_in_minutes=wanted.node_soak.minutes,
                undrainable_node_behavior="Cordon",  # a node that will not drain stays, rather than losing its pods
            ),
            tags=dict(region.tags),
            depends_on=after or None,
            lifecycle=TerraformResourceLifecycle(
                # the autoscaler's and the cluster upgrade's
                ignore_changes=["node_count", "orchestrator_version"]
            ),
        )
