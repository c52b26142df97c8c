"""What exists once for all regions."""

from __future__ import annotations

import pytest

from tests.constructs.expectations import expect
from tests.constructs.synthesized import (
    ANOTHER_SUBSCRIPTION,
    GROUP,
    NO_ZONES,
    SUBSCRIPTION,
    TAGS,
    ZONES,
    Stack,
    fleet,
    fleet_stack,
)

ROLE = "azurerm_role_definition"


@pytest.fixture(scope="module")
def stack() -> Stack:
    return fleet_stack(fleet().regions)


def test_fleet_has_one_private_dns_zone(stack: Stack) -> None:
    expect(stack).to_have_resource_with_properties(
        "azurerm_private_dns_zone", {"name": "metrics.trial.internal", "resource_group_name": GROUP, "tags": TAGS}
    )


def test_custom_role_for_disks_has_no_delete_action(stack: Stack) -> None:
    """Without it no driver can delete a disk that Terraform made."""
    expect(stack).to_have_resource_with_properties(
        ROLE,
        {
            "name": "Oversight monitoring disk attach",
            "description": "Attach and detach disks that Terraform made; without delete, no driver can lose one.",
            "permissions": [{"actions": ["Microsoft.Compute/disks/read", "Microsoft.Compute/disks/write"]}],
        },
    )


def test_disk_role_is_assignable_in_every_regions_subscription() -> None:
    elsewhere = fleet().region(NO_ZONES).model_copy(update={"subscription_id": ANOTHER_SUBSCRIPTION})
    stack = fleet_stack((elsewhere, fleet().region(ZONES)))
    scopes = [SUBSCRIPTION, f"/subscriptions/{ANOTHER_SUBSCRIPTION}"]
    expect(stack).to_have_resource_with_properties(ROLE, {"scope": SUBSCRIPTION, "assignable_scopes": scopes})
    expect(stack).to_have_provider_with_properties(
        "azurerm", {"subscription_id": "11111111-1111-4111-8111-111111111111"}
    )
    alone = fleet_stack((elsewhere,))
    expect(alone).to_have_resource_with_properties(ROLE, {"scope": SUBSCRIPTION, "assignable_scopes": scopes})


def test_adding_a_region_does_not_change_the_fleet_stack(stack: Stack) -> None:
    assert fleet_stack(fleet().regions[:1]) == stack


def test_region_tags_do_not_change_the_fleet_stack(stack: Stack) -> None:
    first, *others = fleet().regions
    tagged = first.model_copy(update={"tags": {**first.tags, "owner": "team"}})
    assert fleet_stack([tagged, *others]) == stack


def test_fleet_resources_have_prevent_destroy(stack: Stack) -> None:
    expect(stack).to_have_resource_with_properties(
        "azurerm_resource_group",
        {
            "name": "rg-trial-fleet",
            "location": "swedencentral",
            "tags": TAGS,
            "lifecycle": {"prevent_destroy": True},
        },
    )
