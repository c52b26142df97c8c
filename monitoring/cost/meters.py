"""Azure's meters: what a quantity is billed by, named as the Retail Prices API names it.

Names of products, meters and units: Microsoft Learn, "Azure Retail Prices overview", and recorded answers of that API
(the sources in prices/azure.json).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

GLOBAL = "Global"
"""The region of meters that cost the same everywhere."""

ZONE_1 = "Zone 1"
"""Azure's billing zone of North America and Europe (Microsoft, "Bandwidth pricing")."""

PER_HOUR = "1 Hour"
PER_MONTH = "1/Month"
PER_GB_MONTH = "1 GB/Month"
PER_GB = "1 GB"
PER_10K = "10K"

UNITS = {PER_HOUR: 1, "1/Hour": 1, PER_MONTH: 1, PER_GB_MONTH: 1, "1 GiB/Hour": 1, PER_GB: 1, PER_10K: 10_000}
"""What one unit counts."""

_VM = re.compile(r"Standard_(?P<family>[A-Z]+)(?P<cores>\d+)(?P<features>[a-z]*)_(?P<version>v\d+)")

_TIERS = (
    *((1, 4), (2, 8), (3, 16), (4, 32), (6, 64), (10, 128), (15, 256), (20, 512)),
    *((30, 1024), (40, 2048), (50, 4096), (60, 8192), (70, 16384), (80, 32767)),
)
"""Number of a disk's tier and its GiB: a disk is billed as the smallest tier that holds it.

Microsoft Learn, "Understand Azure Disk Storage billing".
"""

_DISKS = {"Premium": ("P", "Premium SSD Managed Disks"), "StandardSSD": ("E", "Standard SSD Managed Disks")}
_V2 = "Azure Premium SSD v2"

STORED = "Data Stored"
WRITE, LIST = "Write Operations", "List and Create Container Operations"
READ, OTHER = "Read Operations", "Other Operations"
BLOB_OPERATIONS = (WRITE, LIST, READ, OTHER)
"""Ends of the meters' names, which begin with the tier, the redundancy or neither. Deletes cost nothing."""

_GEO = {"RAGRS": "RA-GRS", "RAGZRS": "RA-GZRS"}


@dataclass(frozen=True, kw_only=True, order=True)
class Meter:
    """One price of Azure's: `armRegionName`, `serviceName`, `productName`, `meterName`, `skuName`, `unitOfMeasure`.

    `name` is the meter's, or its last words; `sku` is "" where the meter alone says which it is.
    """

    region: str
    service: str
    product: str
    name: str
    sku: str
    unit: str

    @property
    def unit_size(self) -> int:
        """How many of what is counted one unit of the price is."""
        return UNITS[self.unit]

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.region, self.product, self.sku, self.name)))


def virtual_machine(size: str, location: str) -> Meter:
    """The hour of a Linux machine at the usual price; `ValueError` for a size that is not named like one."""
    match = _VM.fullmatch(size)
    if match is None:
        raise ValueError(f"must be a size such as Standard_E8ds_v5, got {size}")
    family, cores, features, version = match.group("family", "cores", "features", "version")
    name = f"{family}{cores}{features} {version}"
    series = f"Virtual Machines {family}{features}{version} Series"
    return Meter(region=location, service="Virtual Machines", product=series, name=name, sku=name, unit=PER_HOUR)


def disk_tier(disk_type: str, gib: int) -> str | None:
    """`P10`: the tier that a disk is billed as; None for disks that are billed by the GiB.

    `ValueError` for a disk that is larger than any.
    """
    family = disk_type.partition("_")[0]
    if family not in _DISKS:
        return None
    number = next((number for number, holds in _TIERS if gib <= holds), None)
    if number is None:
        raise ValueError(f"must be at most {_TIERS[-1][1]} GiB, got {gib}")
    return f"{_DISKS[family][0]}{number}"


def disk(disk_type: str, gib: int, location: str) -> Meter:
    """The month of a managed disk of a type (`Premium_LRS`), or the GiB-hour of one without tiers."""
    family, _, redundancy = disk_type.partition("_")
    tier = disk_tier(disk_type, gib)
    if tier is None:
        name = f"Premium {redundancy} Provisioned Capacity"
        sku = f"Premium {redundancy}"
        return _storage(location, product=_V2, name=name, sku=sku, unit="1 GiB/Hour")
    sku = f"{tier} {redundancy}"
    product = _DISKS[family][1]
    return _storage(location, product=product, name=f"{sku} Disk", sku=sku, unit=PER_MONTH)


def snapshot(location: str) -> Meter:
    """The GB-month of snapshots, which Azure keeps on standard storage whatever the disk (the same page)."""
    return _storage(
        location,
        product="Standard HDD Managed Disks",
        name="LRS Snapshots",
        sku="Snapshots LRS",
        unit=PER_GB_MONTH,
    )


def blob(replication: str, what: str, location: str) -> Meter:
    """A meter of the hot tier of block blobs, of what is stored or of a class of operations (`BLOB_OPERATIONS`)."""
    redundancy = _GEO.get(replication, replication)
    unit = PER_GB_MONTH if what == STORED else PER_10K
    return _storage(
        location,
        product="General Block Blob v2",
        name=what,
        sku=f"Hot {redundancy}",
        unit=unit,
    )


def geo_replication(location: str) -> Meter:
    """The GB that a geo-redundant account copies to its other region."""
    return _storage(
        location,
        product="Storage - Bandwidth",
        name="Geo-Replication v2 Data Transfer",
        sku="Geo-Replication v2",
        unit=PER_GB,
    )


def _storage(location: str, *, product: str, name: str, sku: str, unit: str) -> Meter:
    return Meter(region=location, service="Storage", product=product, name=name, sku=sku, unit=unit)


def balancer_rules(*, included: bool) -> Meter:
    """The hour of a Standard load balancer with its first five rules, or of each rule beyond."""
    name = f"Standard {'Included' if included else 'Overage'} LB Rules and Outbound Rules"
    unit = PER_HOUR if included else "1/Hour"
    return Meter(region=GLOBAL, service="Load Balancer", product="Load Balancer", name=name, sku="Standard", unit=unit)


def balancer_data() -> Meter:
    """The GB through a Standard load balancer."""
    name = "Standard Data Processed"
    return Meter(
        region=GLOBAL, service="Load Balancer", product="Load Balancer", name=name, sku="Standard", unit=PER_GB
    )


def private_endpoint(what: str) -> Meter:
    """Of a private endpoint: its `Private Endpoint` hour, or a GB of `Data Processed - Ingress` or `- Egress`."""
    return Meter(
        region=GLOBAL,
        service="Virtual Network",
        product="Virtual Network Private Link",
        name=f"Standard {what}",
        sku="Standard",
        unit=PER_HOUR if what == "Private Endpoint" else PER_GB,
    )


def peering() -> Meter:
    """The GB that leaves or enters a network for one in another region; billed at both ends."""
    return Meter(
        region=ZONE_1,
        service="VPN Gateway",
        product="VPN Gateway Bandwidth",
        name="Inter-Virtual Network Data Transfer Out",
        sku="",
        unit=PER_GB,
    )
