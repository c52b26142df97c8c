"""The schema of a region's file: types and ranges, no defaults.

Every value stands in `regions/_common.yaml` or in the region's own file, with its reason; a key that is
not named here is refused. Checks that compare fields are in `checks.py`, since they can only run once
the fields themselves are right.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from monitoring.errors import cut, shown
from monitoring.fleet.alerting import Alerting
from monitoring.fleet.base import HostName, KubernetesName, Model, ResourceGroupName
from monitoring.fleet.base import pattern as _pattern
from monitoring.fleet.quantities import Cpu, Duration, Size
from monitoring.fleet.sources import AzureVms, Databases
from monitoring.fleet.trust import Trust


def _parsed(kind: type[IPv4Address] | type[IPv4Network], example: str) -> BeforeValidator:
    def parse(value: object) -> object:
        if not isinstance(value, str):
            raise ValueError(f"must be a string such as {example}, got {shown(value)}")  # noqa: TRY004  (pydantic's protocol)
        try:
            return kind(value)
        except ValueError as fault:
            raise ValueError(f"must be such as {example}, got {shown(value)}: {cut(str(fault))}") from fault

    return BeforeValidator(parse, json_schema_input_type=str)


StackName = Annotated[str, _pattern(r"^[a-z][a-z0-9]*(-[a-z0-9]+)+$", longest=24, shortest=3)]
"""Name of a region, its stack and its `cluster` label: `prod-eastus`. 24 characters leave room for what
names derive from it (a managed identity may have 128, a federated credential 120, a Helm name 53)."""

Uuid = Annotated[str, _pattern(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", longest=36)]
"""An id of Azure or Entra. Not a secret; zeros until filled in (a warning)."""

_GROUP = r"^/subscriptions/[0-9a-f-]{36}/resourceGroups/[A-Za-z0-9._()-]+/providers"
_NETWORK = rf"{_GROUP}/Microsoft\.Network/virtualNetworks/[A-Za-z0-9][A-Za-z0-9._-]*"
VirtualNetworkId = Annotated[str, _pattern(rf"{_NETWORK}$", longest=512)]
SubnetId = Annotated[str, _pattern(rf"{_NETWORK}/subnets/[A-Za-z0-9][A-Za-z0-9._-]*$", longest=512)]
BlobZoneId = Annotated[
    str, _pattern(rf"{_GROUP}/Microsoft\.Network/privateDnsZones/privatelink\.blob\.core\.windows\.net$", longest=512)
]
WorkspaceId = Annotated[
    str, _pattern(rf"{_GROUP}/Microsoft\.OperationalInsights/workspaces/[A-Za-z0-9][A-Za-z0-9-]*$", longest=512)
]
SnapshotId = Annotated[
    str, _pattern(rf"{_GROUP}/Microsoft\.Compute/snapshots/[A-Za-z0-9][A-Za-z0-9._-]*$", longest=512)
]
StorageAccountName = Annotated[str, _pattern(r"^[a-z0-9]+$", longest=24, shortest=3)]
ContainerName = Annotated[str, _pattern(r"^[a-z0-9](-?[a-z0-9])+$", longest=63, shortest=3)]
KeyVaultName = Annotated[str, _pattern(r"^[A-Za-z](-?[A-Za-z0-9])+$", longest=24, shortest=3)]
WebAddress = Annotated[str, _pattern(r"^https://[a-z0-9-]+(\.[a-z0-9-]+)+(/[A-Za-z0-9._~-]+)*$", longest=512)]
"""Without a slash at the end: what is below is added to it."""

VmSize = Annotated[str, _pattern(r"^Standard_[A-Z]+[0-9]+[a-z0-9]*(_v[0-9]+)?$", longest=40)]
Zone = Literal["1", "2", "3"]
Address = Annotated[IPv4Address, _parsed(IPv4Address, "10.10.0.4")]
Network = Annotated[IPv4Network, _parsed(IPv4Network, "10.10.0.0/24")]


class Compute(Model):
    """CPU and memory of one container."""

    cpu: Cpu
    memory: Size


class Resources(Model):
    """What the scheduler reserves for one pod's main container, and where the kernel stops it."""

    requests: Compute
    limits: Compute


class TerraformState(Model):
    """The storage container that holds the Terraform state of every stack (docs/prerequisites.md)."""

    subscription_id: Uuid
    resource_group: ResourceGroupName
    storage_account: StorageAccountName
    container: ContainerName


class FleetWide(Model):
    """What exists once for all regions: the stack `fleet`."""

    location: str = Field(min_length=1, max_length=40)
    subscription_id: Uuid
    resource_group: ResourceGroupName
    private_dns_zone: HostName


class Cluster(Model):
    """The AKS cluster that exists already and that the stack reads, never makes.

    `host_name_policies`: Cilium can hold connections to host names, which on AKS takes Advanced Container
    Networking Services.
    """

    name: Annotated[str, _pattern(r"^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$", longest=63)]
    resource_group: ResourceGroupName
    control_plane_identity: Annotated[str, _pattern(r"^[A-Za-z0-9][A-Za-z0-9_-]+$", longest=128, shortest=3)]
    control_plane_identity_resource_group: ResourceGroupName
    network_policy_engine: Literal["cilium", "calico", "azure"]
    host_name_policies: bool


class MaintenanceWindow(Model):
    """When AKS may upgrade the cluster and its nodes by itself: once a week, in UTC, for so many hours.

    AKS takes 4 to 24 hours ("Use planned maintenance to schedule and control upgrades for your AKS cluster").
    """

    day: Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    start: Annotated[str, _pattern(r"^([01][0-9]|2[0-3]):[0-5][0-9]$", longest=5, shortest=5)]
    hours: Annotated[int, Field(ge=4, le=24)]


class LoadBalancers(Model):
    """Static addresses of the internal load balancers by which other regions reach this one.

    The subnet is theirs alone: nodes would take the addresses first.
    """

    subnet_name: Annotated[str, _pattern(r"^[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9_]$", longest=80)]
    subnet: Network
    query: Address
    federation: Annotated[tuple[Address, ...], Field(strict=False, min_length=1, max_length=6)]


class RegionNetwork(Model):
    """The region's virtual network, which exists already.

    `api_server_subnet` is where a private API server answers, or with VNet integration calls from; None for a
    public one. `virtual_machine_subnets` hold the machines whose node exporters are scraped.
    `pod_network` is where the cluster's pods have their addresses.
    """

    virtual_network_id: VirtualNetworkId
    node_subnet_id: SubnetId
    node_subnet: Network
    pod_network: Network
    private_endpoint_subnet_id: SubnetId
    private_endpoint_subnet: Network
    api_server_subnet: Network | None
    virtual_machine_subnets: Annotated[tuple[Network, ...], Field(strict=False, max_length=64)]
    blob_private_dns_zone_id: BlobZoneId
    load_balancers: LoadBalancers


class KeyVault(Model):
    """The vault that holds the secrets; only names of secrets appear in this program."""

    name: KeyVaultName
    resource_group: ResourceGroupName


class NodePools(Model):
    """Nodes for monitoring alone: one pool per zone, or one for a region without zones.

    Counts are per pool.
    """

    vm_size: VmSize
    os_disk_size: Size
    min_count: int = Field(ge=1, le=100)
    max_count: int = Field(ge=1, le=100)
    max_pods: int = Field(ge=30, le=250)
    drain_timeout: Duration
    node_soak: Duration


class ObjectStore(Model):
    """The storage account of the region's Thanos blocks."""

    account: StorageAccountName
    container: ContainerName
    replication: Literal["LRS", "ZRS", "GRS", "RAGRS", "GZRS", "RAGZRS"]
    soft_delete: Duration
    log_analytics_workspace_id: WorkspaceId


class Prometheus(Model):
    """The Prometheus replicas of a region; each scrapes everything.

    `restore_from` names by a replica's number the snapshot of which its disk is made, the next time that it is made:
    a disk that exists stays as it is (docs/operations.md).
    """

    replicas: int = Field(ge=2, le=6)
    retention: Duration
    retention_size: Size
    volume_size: Size
    disk_type: Literal["Premium_LRS", "PremiumV2_LRS", "Premium_ZRS", "StandardSSD_LRS", "StandardSSD_ZRS"]
    restore_from: dict[Annotated[str, _pattern(r"^[0-5]$", longest=1)], SnapshotId]
    scrape_interval: Duration
    resources: Resources


class Load(Model):
    """What a region is expected to carry: measured by the page "capacity", or estimated before there is one.

    `active_series` are those of one Prometheus replica; `growth_per_month` is a share (0.03: 3 %). At the worst
    `concurrent_queries` hold `samples_per_query` each in memory.
    """

    active_series: int = Field(ge=1000)
    growth_per_month: float = Field(ge=0, le=1)
    concurrent_queries: int = Field(ge=1, le=100)
    samples_per_query: int = Field(ge=1000)


SeriesBudgets = Annotated[dict[KubernetesName, Annotated[int, Field(ge=100, le=10_000_000)]], Field(max_length=200)]
"""Series that the targets of a namespace may have in a Prometheus replica: a warning before it is all used."""


class Alertmanager(Model):
    """The Alertmanager cluster of a region."""

    replicas: int = Field(ge=3, le=9)
    retention: Duration
    volume_size: Size


MOST_INGESTORS = 30
"""Of a region."""


class Receive(Model):
    """Thanos Receive: ingestors that hold each sample `replication_factor` times, behind routers.

    `replicas` is how many ingestors run, `ring` how many of them, the first ones, the routers write to: fewer than
    run while the ring grows or shrinks (docs/operations.md), else the same.
    """

    replicas: int = Field(ge=3, le=MOST_INGESTORS)
    ring: int = Field(ge=3, le=MOST_INGESTORS)
    routers: int = Field(ge=2, le=20)
    replication_factor: Literal[3, 5]
    retention: Duration
    volume_size: Size
    resources: Resources


class StoreGateway(Model):
    """Thanos Store Gateway: answers queries from Blob."""

    replicas: int = Field(ge=2, le=12)
    volume_size: Size
    resources: Resources


class Cache(Model):
    """A memcached that the store gateways and the query-frontends share; `memory` is what it may keep."""

    memory: Size


class Compactor(Model):
    """Thanos Compactor: one per bucket."""

    volume_size: Size
    resources: Resources


class Retention(Model):
    """How long Blob keeps samples, per resolution."""

    raw: Duration
    five_minutes: Duration
    one_hour: Duration

    @property
    def by_resolution(self) -> dict[str, Duration]:
        """The same by the resolution's name."""
        return {"raw": self.raw, "five_minutes": self.five_minutes, "one_hour": self.one_hour}


class Thanos(Model):
    """Long-term storage of a region.

    `outage_window` is the longest interruption of remote write that loses nothing: it sets the
    ingestors' out-of-order window and the age at which a sender gives a sample up. Without `cache` each part caches
    in its own memory.
    """

    outage_window: Duration
    retention: Retention
    receive: Receive
    store_gateway: StoreGateway
    cache: Cache | None
    compactor: Compactor


class Gateway(Model):
    """The Gateway API listener that brings people in; it exists already and ends TLS."""

    name: KubernetesName
    namespace: KubernetesName
    listener: KubernetesName


class Access(Model):
    """Who comes in, and by which host."""

    host: HostName
    gateway: Gateway
    client_id: Uuid
    allowed_group: Uuid
    email_domain: HostName
    trusted_proxies: Annotated[tuple[Network, ...], Field(strict=False, min_length=1, max_length=16)]


class Issuer(Model):
    """The cert-manager issuer that holds the region's intermediate authority (docs/certificates.md)."""

    name: KubernetesName
    kind: Literal["ClusterIssuer", "Issuer"]
    group: HostName


class Certificates(Model):
    """Who issues the certificates of the region's parts."""

    issuer: Issuer


class DiskSnapshots(Model):
    """Daily snapshots of the Prometheus disks by a backup vault, on top of the copies in Blob."""

    retention: Duration


class Region(Model):
    """One region, complete: `_common.yaml` under the region's own file."""

    name: StackName
    location: str = Field(min_length=1, max_length=40)
    zones: Annotated[tuple[Zone, ...], Field(strict=False, max_length=3)]
    global_view: bool
    canary: bool
    environment: Annotated[str, _pattern(r"^[a-z]+$", longest=20)]
    tenant_id: Uuid
    subscription_id: Uuid
    resource_group: ResourceGroupName
    tags: dict[
        Annotated[str, _pattern(r"^[A-Za-z_][A-Za-z0-9_.-]*$", longest=128)], Annotated[str, Field(max_length=256)]
    ]
    state: TerraformState
    fleet: FleetWide
    cluster: Cluster
    network: RegionNetwork
    key_vault: KeyVault
    node_pools: NodePools
    object_store: ObjectStore
    load: Load
    prometheus: Prometheus
    alertmanager: Alertmanager
    alerting: Alerting
    thanos: Thanos
    access: Access
    runbooks: WebAddress
    azure_vms: AzureVms
    series_budgets: SeriesBudgets | None
    databases: Databases | None
    certificates: Certificates
    trust: Trust
    disk_snapshots: DiskSnapshots | None
    maintenance_window: MaintenanceWindow | None
    helm_values: dict[str, dict[str, Any]]

    def peer(self) -> Peer:
        """This region as the others see it."""
        return Peer(
            name=self.name,
            location=self.location,
            global_view=self.global_view,
            host=self.access.host,
            query_address=self.network.load_balancers.query,
            federation_addresses=self.network.load_balancers.federation,
            node_subnet=self.network.node_subnet,
        )


@dataclass(frozen=True, kw_only=True)
class Peer:
    """All that one region may know of another, so that no stack reads another's state."""

    name: str
    location: str
    global_view: bool
    host: str
    query_address: IPv4Address
    federation_addresses: tuple[IPv4Address, ...]
    node_subnet: IPv4Network
