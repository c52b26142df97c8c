"""Meters: which price of Azure's a size is billed by."""

from __future__ import annotations

import pytest

from monitoring.cost import meters


@pytest.mark.parametrize(
    ("disk_type", "gib", "product", "name", "unit"),
    [
        ("Premium_LRS", 100, "Premium SSD Managed Disks", "P10 LRS Disk", "1/Month"),
        ("Premium_LRS", 128, "Premium SSD Managed Disks", "P10 LRS Disk", "1/Month"),
        ("Premium_LRS", 129, "Premium SSD Managed Disks", "P15 LRS Disk", "1/Month"),
        ("Premium_LRS", 200, "Premium SSD Managed Disks", "P15 LRS Disk", "1/Month"),
        ("Premium_LRS", 4, "Premium SSD Managed Disks", "P1 LRS Disk", "1/Month"),
        ("Premium_LRS", 10, "Premium SSD Managed Disks", "P3 LRS Disk", "1/Month"),
        ("Premium_LRS", 32767, "Premium SSD Managed Disks", "P80 LRS Disk", "1/Month"),
        ("Premium_ZRS", 1024, "Premium SSD Managed Disks", "P30 ZRS Disk", "1/Month"),
        ("StandardSSD_ZRS", 300, "Standard SSD Managed Disks", "E20 ZRS Disk", "1/Month"),
        ("PremiumV2_LRS", 100, "Azure Premium SSD v2", "Premium LRS Provisioned Capacity", "1 GiB/Hour"),
    ],
)
def test_a_disk_is_billed_by_the_smallest_tier_that_holds_it(
    disk_type: str, gib: int, product: str, name: str, unit: str
) -> None:
    found = meters.disk(disk_type, gib, "eastus")
    assert (found.region, found.service, found.product, found.name, found.unit) == (
        "eastus",
        "Storage",
        product,
        name,
        unit,
    )


@pytest.mark.parametrize(
    ("size", "product", "name"),
    [
        ("Standard_E8ds_v5", "Virtual Machines Edsv5 Series", "E8ds v5"),
        ("Standard_D4as_v5", "Virtual Machines Dasv5 Series", "D4as v5"),
    ],
)
def test_a_machine_is_billed_as_linux_at_the_usual_price(size: str, product: str, name: str) -> None:
    found = meters.virtual_machine(size, "westus")
    assert (found.product, found.name, found.sku, found.unit) == (product, name, name, "1 Hour")


def test_a_size_of_no_form_is_refused() -> None:
    with pytest.raises(ValueError, match="must be a size such as Standard_E8ds_v5, got E8ds"):
        meters.virtual_machine("E8ds", "westus")


@pytest.mark.parametrize(
    ("replication", "sku"), [("ZRS", "Hot ZRS"), ("RAGRS", "Hot RA-GRS"), ("RAGZRS", "Hot RA-GZRS"), ("GRS", "Hot GRS")]
)
def test_blob_is_billed_by_its_redundancy(replication: str, sku: str) -> None:
    assert meters.blob(replication, meters.STORED, "eastus").sku == sku
    assert meters.blob(replication, meters.STORED, "eastus").unit == "1 GB/Month"
    assert meters.blob(replication, meters.READ, "eastus").unit_size == 10_000
