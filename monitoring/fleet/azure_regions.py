"""Azure's public regions, as far as this program must know them: a short name, and whether there are zones.

Source: Microsoft Learn, "List of Azure regions" and "Azure regions with availability zone support" (which regions
have zones), and the geo-codes of Azure Backup (short names). A region that is missing here is one line to add.
"""

from __future__ import annotations

from dataclasses import dataclass

ALL_ZONES = ("1", "2", "3")


@dataclass(frozen=True, kw_only=True)
class AzureRegion:
    """`short` goes into names with a narrow limit; `zones` is empty where Azure has none."""

    name: str
    short: str
    zones: tuple[str, ...]


def _table(zones: tuple[str, ...], rows: str) -> dict[str, AzureRegion]:
    return {
        name: AzureRegion(name=name, short=short, zones=zones)
        for name, short in (row.split(":") for row in rows.split())
    }


AZURE_REGIONS = {
    **_table(
        ALL_ZONES,
        """australiaeast:ae brazilsouth:brs canadacentral:cnc centralindia:inc centralus:cus eastasia:ea
        eastus:eus eastus2:eus2 francecentral:frc germanywestcentral:gwc israelcentral:ilc italynorth:itn
        japaneast:jpe japanwest:jpw koreacentral:krc mexicocentral:mxc newzealandnorth:nzn northeurope:ne
        norwayeast:nwe polandcentral:plc qatarcentral:qac southafricanorth:san southcentralus:scus
        southeastasia:sea spaincentral:spc swedencentral:sdc switzerlandnorth:szn uaenorth:uan uksouth:uks
        westeurope:we westus2:wus2 westus3:wus3""",
    ),
    **_table(
        (),
        """australiacentral:acl australiasoutheast:ase canadaeast:cne northcentralus:ncus
        southindia:ins ukwest:ukw westcentralus:wcus westindia:inw westus:wus""",
    ),
}
