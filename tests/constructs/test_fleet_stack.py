"""What exists once for all regions."""

from __future__ import annotations

import pytest

from tests.constructs.synthesized import NO_ZONES, ZONES, Stack, fleet, fleet_stack, only


@pytest.fixture(scope="module")
def stack() -> Stack:
    return fleet_stack(fleet().regions)


def test_regions_find_each_other_in_one_private_zone(stack: Stack) -> None:
    assert only(stack, "azurerm_private_dns_zone")["name"] == "metrics.trial.internal"


def test_the_role_for_disks_has_no_delete(stack: Stack) -> None:
    """Without it no driver can delete a disk that Terraform made."""
    assert only(stack, "azurerm_role_definition")["permissions"] == [
        {"actions": ["Microsoft.Compute/disks/read", "Microsoft.Compute/disks/write"]}
    ]


def test_the_role_can_be_given_in_every_regions_subscription() -> None:
    other = "99999999-9999-4999-8999-999999999999"
    regions = (fleet().region(ZONES), fleet().region(NO_ZONES).model_copy(update={"subscription_id": other}))
    assert only(fleet_stack(regions), "azurerm_role_definition")["assignable_scopes"] == [
        "/subscriptions/11111111-1111-4111-8111-111111111111",
        f"/subscriptions/{other}",
    ]


def test_a_region_more_changes_nothing_here(stack: Stack) -> None:
    assert fleet_stack(fleet().regions[:1]) == stack


def test_a_regions_own_tag_changes_nothing_here(stack: Stack) -> None:
    first, *others = fleet().regions
    tagged = first.model_copy(update={"tags": {**first.tags, "owner": "team"}})
    assert fleet_stack([tagged, *others]) == stack


def test_what_exists_once_cannot_be_destroyed(stack: Stack) -> None:
    assert only(stack, "azurerm_resource_group")["lifecycle"] == {"prevent_destroy": True}
