"""Azure's public regions, and which of them have availability zones.

Source: the answer of Azure Resource Manager's "List Locations" (`availabilityZoneMappings` of each physical region), as
kept in the repository Azure/terraform-azurerm-avm-utl-regions on 2026-03-12; canary and staging regions left out. A
region that is missing here is one word to add.
"""

from __future__ import annotations

from collections.abc import Mapping

_WITH_ZONES = """
australiaeast austriaeast belgiumcentral brazilsouth canadacentral centralindia centralus chilecentral denmarkeast
eastasia eastus eastus2 francecentral germanywestcentral indonesiacentral israelcentral italynorth japaneast japanwest
koreacentral malaysiawest mexicocentral newzealandnorth northeurope norwayeast polandcentral qatarcentral
southafricanorth southcentralus southeastasia spaincentral swedencentral switzerlandnorth uaenorth uksouth
westeurope westus2 westus3
"""
_WITHOUT_ZONES = """
australiacentral australiacentral2 australiasoutheast brazilsoutheast canadaeast francesouth germanynorth
jioindiacentral jioindiawest koreasouth northcentralus norwaywest southafricawest southindia switzerlandwest uaecentral
ukwest westcentralus westindia westus
"""

HAS_ZONES: Mapping[str, bool] = dict.fromkeys(_WITH_ZONES.split(), True) | dict.fromkeys(_WITHOUT_ZONES.split(), False)
"""Every known region: whether it has zones (then it has three)."""
