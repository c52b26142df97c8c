"""What the stacks need is what the prerequisites ask for: resource providers, and rights to give roles."""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.blueprint.values.charts import ROOT
from monitoring.fleet import load_fleet
from monitoring.prerequisites.rights import assigned_roles
from monitoring.prerequisites.subscription import PROVIDERS
from tests.laws.stack_laws import Stack

PROVIDER = {
    "federated_identity_credential": "Microsoft.ManagedIdentity",
    "kubernetes_cluster_node_pool": "Microsoft.ContainerService",
    "managed_disk": "Microsoft.Compute",
    "monitor_diagnostic_setting": "Microsoft.Insights",
    "private_dns_a_record": "Microsoft.Network",
    "private_dns_zone": "Microsoft.Network",
    "private_dns_zone_virtual_network_link": "Microsoft.Network",
    "private_endpoint": "Microsoft.Network",
    "resource_group": None,  # Azure Resource Manager's own, as are roles
    "role_assignment": None,
    "role_definition": None,
    "storage_account": "Microsoft.Storage",
    "storage_container": "Microsoft.Storage",
    "user_assigned_identity": "Microsoft.ManagedIdentity",
}
"""Who answers for each type of azurerm that a stack has."""

BEFORE = {"Microsoft.KeyVault", "Microsoft.OperationalInsights"}
"""Of what is there before the stacks: the vault, the log workspace."""


def _types(stacks: Mapping[str, Stack]) -> set[str]:
    return {
        kind.removeprefix("azurerm_")
        for stack in stacks.values()
        for kind in stack["resource"]
        if kind.startswith("azurerm_")
    }


def test_resource_providers_are_those_of_what_the_stacks_make(stacks: Mapping[str, Stack]) -> None:
    assert {PROVIDER[kind] for kind in _types(stacks)} - {None} | BEFORE == set(PROVIDERS)


def test_the_identity_that_applies_may_give_the_roles_that_a_stack_gives_and_no_other(
    stacks: Mapping[str, Stack],
) -> None:
    for region in load_fleet(ROOT / "regions").regions:
        assignments = stacks[region.name]["resource"]["azurerm_role_assignment"].values()
        by_name = {one["role_definition_name"] for one in assignments if "role_definition_name" in one}
        by_id = [one for one in assignments if "role_definition_name" not in one]
        assert set(assigned_roles(region)) == by_name | {"Oversight monitoring disk attach"}
        assert len(by_id) == 1
