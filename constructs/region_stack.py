"""The stack of one region: all its constructs in order."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_kubernetes.secret_v1 import SecretV1, SecretV1Metadata

from constructs import Construct
from constructs.base_stack import BaseStack
from constructs.cluster import Cluster
from constructs.group import resource_group
from constructs.helm_releases import HelmReleases
from constructs.ingestor_claims import IngestorClaims
from constructs.load_balancers import LoadBalancers
from constructs.namespaces import Namespaces
from constructs.node_pools import NodePools
from constructs.object_store import ObjectStore
from constructs.prometheus_disks import PrometheusDisks
from constructs.storage_classes import StorageClasses
from constructs.workload_identities import WorkloadIdentities
from monitoring.blueprint.components.model import NAMESPACE
from monitoring.blueprint.components.workloads import OBJECT_STORE_KEY, OBJECT_STORE_SECRET
from monitoring.blueprint.objects.objstore import objstore
from monitoring.blueprint.releases.release import Release
from monitoring.fleet.model import Region


class RegionStack(BaseStack):
    """Everything of a region. Of the others it knows releases alone: no stack reads another's state."""

    def __init__(self, scope: Construct, *, region: Region, releases: Sequence[Release], local_state: bool) -> None:
        super().__init__(
            scope,
            region.name,
            state=region.state,
            tenant_id=region.tenant_id,
            subscription_id=region.subscription_id,
            local_state=local_state,
        )
        group = resource_group(self, name=region.resource_group, location=region.location, tags=region.tags)
        cluster = Cluster(self, "cluster", region=region, group=group)
        pools = NodePools(self, "node-pools", region=region, cluster=cluster)
        store = ObjectStore(self, "object-store", region=region, group=group)
        namespaces = Namespaces(self, "namespaces")
        classes = StorageClasses(self, "storage-classes", region=region)
        identities = WorkloadIdentities(
            self, "identities", region=region, group=group, cluster=cluster, store=store, namespaces=namespaces
        )
        disks = PrometheusDisks(
            self, "disks", region=region, group=group, cluster=cluster, namespaces=namespaces, classes=classes
        )
        ingestors = IngestorClaims(self, "ingestors", region=region, namespaces=namespaces, classes=classes)
        LoadBalancers(self, "load-balancers", region=region, depends_on=[namespaces.monitoring, cluster.subnet_access])
        if region.disk_snapshots:
            from constructs.disk_snapshots import DiskSnapshots  # opt-in: its bindings take 40 ms to load

            DiskSnapshots(self, "disk-snapshots", region=region, wanted=region.disk_snapshots, group=group, disks=disks)
        # A Secret, because the chart mounts one; it holds the store's address and no key.
        address = SecretV1(
            self,
            "object-store-address",
            metadata=SecretV1Metadata(name=OBJECT_STORE_SECRET, namespace=NAMESPACE),
            data={OBJECT_STORE_KEY: objstore(region)},
            depends_on=[namespaces.monitoring],
        )
        HelmReleases(
            self,
            "releases",
            releases=releases,
            client_ids=identities.client_ids,
            depends_on=[
                pools.last,
                namespaces.monitoring,
                namespaces.node_exporter,
                namespaces.priority_class,
                classes.static,
                classes.dynamic,
                store.endpoint,
                address,
                *identities.ready,
                *disks.claims,
                *ingestors.claims,
            ],
        )
