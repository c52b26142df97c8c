"""Checks that compare fields of a region, or regions with one another. Pure: each yields what is wrong."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations

from monitoring.errors import shown
from monitoring.fleet import trust
from monitoring.fleet.alerting_checks import alerting_faults
from monitoring.fleet.azure_calls import READS_PER_HOUR, calls_per_hour
from monitoring.fleet.azure_regions import HAS_ZONES
from monitoring.fleet.bounds import bound_faults
from monitoring.fleet.kinds import kind_faults
from monitoring.fleet.model import Region
from monitoring.fleet.network_checks import addresses, apart, network_faults
from monitoring.fleet.quantities import Duration
from monitoring.fleet.vm_sizes import vm_size
from monitoring.fleet.yaml_file import ValuePath

Fault = tuple[ValuePath, str]
"""Where in the region's file, and what must be."""

RETENTION_SIZE_SHARE = 0.8
"""Blocks may fill this share of the volume: the WAL and a running compaction need the rest."""

FIVE_MINUTE_AGE = Duration.parse("40h")
ONE_HOUR_AGE = Duration.parse("10d")
"""Thanos' compactor makes 5-minute samples of blocks older than 40 h, and 1-hour samples after 10 d."""

MOST_TAGS = 15
"""Of a DNS zone, which has the fewest."""

POOL_WITHOUT_ZONES = 3
"""Nodes that stand in for three zones: quorums of three need three hosts."""

_NETWORKS = (
    "node_subnet",
    "pod_network",
    "private_endpoint_subnet",
    "api_server_subnet",
    "virtual_machine_subnets",
)
_READ_BESIDE: Mapping[str, tuple[str, ...]] = {
    "zones": ("location",),
    "object_store.replication": ("zones",),
    "prometheus.disk_type": ("zones",),
    "prometheus.restore_from": ("prometheus.replicas",),
    "prometheus.retention_size": ("prometheus.volume_size",),
    "node_pools.max_count": ("node_pools.min_count",),
    "node_pools.min_count": ("zones",),
    "network.load_balancers.federation": ("prometheus.replicas", "network.load_balancers.subnet"),
    "network.load_balancers.query": ("network.load_balancers.subnet",),
    **{
        f"network.{network}": tuple(f"network.{one}" for one in _NETWORKS if one != network)
        for network in (*_NETWORKS, "load_balancers.subnet")
    },
    "network.node_subnet_id": ("network.virtual_network_id",),
    "network.private_endpoint_subnet_id": ("network.virtual_network_id",),
    "access.trusted_proxies": ("network.pod_network",),
    "thanos.retention.five_minutes": ("thanos.retention.raw",),
    "thanos.retention.one_hour": ("thanos.retention.five_minutes",),
    "thanos.outage_window": ("thanos.receive.retention",),
    "thanos.receive.replicas": ("thanos.receive.replication_factor", "zones"),
    "thanos.receive.ring": ("thanos.receive.replicas", "thanos.receive.replication_factor", "zones"),
    "cluster.host_name_policies": ("cluster.network_policy_engine",),
    "object_store.account": ("state.storage_account",),
    "series_budgets": ("load.active_series",),
    "tags": ("environment",),
    "tags.environment": ("environment",),
    "azure_vms.refresh": ("azure_vms.expected_machines", "azure_vms.expected_scale_sets", "prometheus.replicas"),
    **{
        f"{part}.resources.limits.{name}": (f"{part}.resources.requests.{name}",)
        for part in ("prometheus", "thanos.receive", "thanos.store_gateway", "thanos.compactor")
        for name in ("cpu", "memory")
    },
    **{
        f"alerting.routes.{severity}.repeat_interval": (
            f"alerting.routes.{severity}.group_interval",
            "alertmanager.retention",
        )
        for severity in ("critical", "warning", "info")
    },
}
"""Fields that a check of a field reads too."""


def read_beside(path: ValuePath) -> tuple[ValuePath, ...]:
    """What a check of the value reads too: what a region's own file says of it may be the cause."""
    field = ".".join(part for part in path if isinstance(part, str))
    return tuple(tuple(other.split(".")) for other in _READ_BESIDE.get(field, ()))


def _unknown_location(location: str, path: ValuePath) -> Iterator[Fault]:
    if location not in HAS_ZONES:
        near = difflib.get_close_matches(location, HAS_ZONES, n=1)
        hint = f", did you mean {near[0]}?" if near else ""
        yield path, f"must be an Azure region of monitoring/fleet/azure_regions.py, got {location}{hint}"


def _location(region: Region) -> Iterator[Fault]:
    yield from _unknown_location(region.location, ("location",))
    yield from _unknown_location(region.fleet.location, ("fleet", "location"))
    if len(set(region.zones)) != len(region.zones):
        yield ("zones",), f"must name each zone once, got {list(region.zones)}"
    if region.zones and not HAS_ZONES.get(region.location, True):
        yield ("zones",), f"must be [] in {region.location}, which has no availability zones, got {list(region.zones)}"
    if not region.zones:
        if "ZRS" in region.object_store.replication:
            message = f"must be LRS, GRS or RAGRS in a region without zones, got {region.object_store.replication}"
            yield ("object_store", "replication"), message
        if "ZRS" in region.prometheus.disk_type:
            message = f"must not be zone-redundant in a region without zones, got {region.prometheus.disk_type}"
            yield ("prometheus", "disk_type"), message


def _node_pools(region: Region) -> Iterator[Fault]:
    pools = region.node_pools
    try:
        vm_size(pools.vm_size)
    except ValueError as fault:
        yield ("node_pools", "vm_size"), str(fault)
    if pools.max_count < pools.min_count:
        yield ("node_pools", "max_count"), f"must be at least min_count {pools.min_count}, got {pools.max_count}"
    if not region.zones and pools.min_count < POOL_WITHOUT_ZONES:
        message = f"must be at least {POOL_WITHOUT_ZONES} in a region without zones, got {pools.min_count}"
        yield ("node_pools", "min_count"), message


def _prometheus(region: Region) -> Iterator[Fault]:
    prometheus = region.prometheus
    if prometheus.retention_size.bytes > RETENTION_SIZE_SHARE * prometheus.volume_size.bytes:
        yield (
            ("prometheus", "retention_size"),
            f"must be at most {RETENTION_SIZE_SHARE:.0%} of volume_size {prometheus.volume_size}, ".replace("%", " %")
            + f"got {prometheus.retention_size.prometheus}",
        )
    for replica in prometheus.restore_from:
        if int(replica) >= prometheus.replicas:
            message = f"must be the disk of a replica (0 to {prometheus.replicas - 1}), got {replica}"
            yield ("prometheus", "restore_from", replica), message
    federation = region.network.load_balancers.federation
    if len(federation) != prometheus.replicas:
        yield (
            ("network", "load_balancers", "federation"),
            f"must hold one address per Prometheus replica ({prometheus.replicas}), got {len(federation)}",
        )


def _series_budgets(region: Region) -> Iterator[Fault]:
    """What is promised to teams must be what the region is sized for."""
    promised, sized = sum((region.series_budgets or {}).values()), region.load.active_series
    if promised > sized:
        yield ("series_budgets",), f"must add up to at most load.active_series {sized}, got {promised}"


def _whole(region: Region) -> Iterator[Fault]:
    """Azure and Kubernetes want these in whole units."""
    convert: dict[ValuePath, Callable[[], int]] = {
        ("prometheus", "volume_size"): lambda: region.prometheus.volume_size.gib,
        ("node_pools", "os_disk_size"): lambda: region.node_pools.os_disk_size.gib,
        ("node_pools", "drain_timeout"): lambda: region.node_pools.drain_timeout.minutes,
        ("node_pools", "node_soak"): lambda: region.node_pools.node_soak.minutes,
        ("object_store", "soft_delete"): lambda: region.object_store.soft_delete.days,
        ("alertmanager", "retention"): lambda: region.alertmanager.retention.hours,
    }
    for path, whole in convert.items():
        try:
            whole()
        except ValueError as fault:
            yield path, str(fault)
    if region.disk_snapshots:
        try:
            _ = region.disk_snapshots.retention.days
        except ValueError as fault:
            yield ("disk_snapshots", "retention"), str(fault)


def _kinds(region: Region) -> Iterator[Fault]:
    yield from kind_faults({part: getattr(region, part) for part in ("prometheus", "alertmanager", "thanos")})


def _thanos(region: Region) -> Iterator[Fault]:
    thanos = region.thanos
    keep = thanos.retention
    if keep.raw < FIVE_MINUTE_AGE:
        message = f"must be at least {FIVE_MINUTE_AGE}, the age of downsampling to 5 minutes, got {keep.raw}"
        yield ("thanos", "retention", "raw"), message
    if keep.five_minutes < max(ONE_HOUR_AGE, keep.raw):
        message = f"must be at least {max(ONE_HOUR_AGE, keep.raw)} (raw, and the age of downsampling to 1 hour), "
        yield ("thanos", "retention", "five_minutes"), message + f"got {keep.five_minutes}"
    if keep.one_hour < keep.five_minutes:
        message = f"must be at least five_minutes {keep.five_minutes}, got {keep.one_hour}"
        yield ("thanos", "retention", "one_hour"), message
    if thanos.outage_window >= thanos.receive.retention:
        message = f"must be less than receive.retention {thanos.receive.retention}, got {thanos.outage_window}"
        yield ("thanos", "outage_window"), message


def _ring(region: Region) -> Iterator[Fault]:
    """Zones that are even take as many series each, and one of them may go."""
    receive, zones = region.thanos.receive, len(region.zones)
    copies = receive.replication_factor
    for name, count in (("replicas", receive.replicas), ("ring", receive.ring)):
        if count < copies:
            yield ("thanos", "receive", name), f"must be at least replication_factor {copies}, got {count}"
        elif zones and count > copies and count % zones:
            message = f"must be a multiple of the number of zones ({zones}) where it is more than replication_factor"
            yield ("thanos", "receive", name), f"{message} {copies}, got {count}"
    if receive.ring > receive.replicas:
        yield ("thanos", "receive", "ring"), f"must be at most replicas {receive.replicas}, got {receive.ring}"


def _policies(region: Region) -> Iterator[Fault]:
    engine = region.cluster.network_policy_engine
    if region.cluster.host_name_policies and engine != "cilium":
        yield (
            ("cluster", "host_name_policies"),
            f"must be false with the engine {engine}: only cilium has them, got true",
        )


def _state(region: Region) -> Iterator[Fault]:
    if region.object_store.account == region.state.storage_account:
        yield ("object_store", "account"), f"must not be the account of the state, got {region.object_store.account}"


def _environment(region: Region) -> Iterator[Fault]:
    given = region.tags.get("environment")
    if given != region.environment:
        yield ("tags", "environment"), f"must be environment {region.environment}, got {given or 'nothing'}"


def _tags(region: Region) -> Iterator[Fault]:
    """Microsoft Learn, "Use tags to organize your Azure resources": DNS zones take 15, and no space in a name."""
    if len(region.tags) > MOST_TAGS:
        yield ("tags",), f"must be at most {MOST_TAGS}, which a DNS zone may have, got {len(region.tags)}"
    seen: dict[str, str] = {}
    for name, value in region.tags.items():
        if (other := seen.setdefault(name.lower(), name)) != name:
            yield ("tags", name), f"must be given once: Azure takes it for {other}"
        if name.lower().startswith(("azure", "microsoft", "windows")):
            yield ("tags", name), "must not begin with azure, microsoft or windows: they are Azure's"
        if "${" in value or "%{" in value or not value.isprintable():
            yield ("tags", name), f"must be plain text without ${{ and %{{, which Terraform reads, got {shown(value)}"


def _trust(region: Region) -> Iterator[Fault]:
    yield from trust.repeated(region.trust)


def _azure_calls(region: Region) -> Iterator[Fault]:
    calls = calls_per_hour(region)
    if calls > READS_PER_HOUR:
        message = f"must keep the calls to Azure at most {READS_PER_HOUR} an hour, got {calls} (docs/discovery.md)"
        yield ("azure_vms", "refresh"), message


REGION_CHECKS = (
    _location,
    _node_pools,
    _prometheus,
    _series_budgets,
    bound_faults,
    _whole,
    _kinds,
    _thanos,
    _ring,
    network_faults,
    _policies,
    _state,
    _environment,
    _tags,
    _trust,
    alerting_faults,
    _azure_calls,
)


def region_faults(region: Region) -> Iterator[Fault]:
    """All that is wrong between the fields of one region."""
    for check in REGION_CHECKS:
        yield from check(region)


def fleet_faults(regions: Iterable[Region]) -> Iterator[tuple[Region, ValuePath, str]]:
    """All that is wrong between regions: told at the later one, naming the earlier."""
    regions = tuple(regions)
    yield from _shared(regions)
    yield from _unique(regions)
    yield from _apart(regions)


def _shared(regions: tuple[Region, ...]) -> Iterator[tuple[Region, ValuePath, str]]:
    """What exists once must be said once: these belong into `_common.yaml`."""
    for key in ("tenant_id", "state", "fleet", "runbooks", "trust"):
        counted = Counter(getattr(region, key) for region in regions)
        usual = counted.most_common(1)[0][0] if counted else None  # the odd one is told, not those that agree
        others = [region.name for region in regions if getattr(region, key) == usual]
        for region in regions:
            if getattr(region, key) != usual:
                yield region, (key,), f"must be the same in every region, got another than {others[0]}"


def _cluster_id(region: Region) -> tuple[str, ...]:
    """What Azure tells clusters apart by; it ignores the case. Two stacks in one would own the same namespaces."""
    return tuple(part.lower() for part in (region.subscription_id, region.cluster.resource_group, region.cluster.name))


def _unique(regions: tuple[Region, ...]) -> Iterator[tuple[Region, ValuePath, str]]:
    seen: dict[tuple[str, object], Region] = {}
    for region in regions:
        unique: list[tuple[str, ValuePath, object]] = [
            ("storage account", ("object_store", "account"), region.object_store.account),
            ("host", ("access", "host"), region.access.host),
            ("resource group", ("resource_group",), (region.subscription_id, region.resource_group.lower())),
            ("cluster", ("cluster", "name"), _cluster_id(region)),
            # Azure links a network to the fleet's zone once
            ("network", ("network", "virtual_network_id"), region.network.virtual_network_id.lower()),
            *(("address", path, address) for path, address in addresses(region)),
        ]
        for kind, path, value in unique:
            other = seen.setdefault((kind, value), region)
            if other is not region:
                shown = value[-1] if isinstance(value, tuple) else value
                yield region, path, f"must be unique in the fleet, got {shown} of {other.name}"
            elif kind == "address" and [at for at, address in addresses(region) if address == value] != [path]:
                yield region, path, f"must be unique in the fleet, got {value} twice"


def _apart(regions: tuple[Region, ...]) -> Iterator[tuple[Region, ValuePath, str]]:
    """Told at the later region."""
    for region, other in combinations(reversed(regions), 2):
        for place, message in apart(region, other):
            yield region, place, message
