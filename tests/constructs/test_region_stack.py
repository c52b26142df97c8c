"""The stack of a region, as a whole."""

from __future__ import annotations

import json

import pytest

from tests.constructs.expectations import expect
from tests.constructs.synthesized import NO_ZONES, TAGS, TWO_ZONES, ZONES, Stack, addresses, by_name, region_stack


@pytest.fixture(params=[ZONES, NO_ZONES, TWO_ZONES])
def stack(request: pytest.FixtureRequest) -> Stack:
    return region_stack(request.param)


def test_taggable_resources_have_the_regions_tags(stack: Stack) -> None:
    tagged = [
        body["tags"] for named in stack["resource"].values() for body in named.values() if body.get("tags") is not None
    ]
    assert len(tagged) >= 10
    assert all(tags == TAGS for tags in tagged)


def test_resource_names_differ_between_regions() -> None:
    alike = {"azurerm_managed_disk", "azurerm_user_assigned_identity", "azurerm_private_endpoint"}
    for kind in alike:
        assert not by_name(region_stack(ZONES), kind).keys() & by_name(region_stack(NO_ZONES), kind).keys()


def test_a_region_with_zones_and_one_without_differ_in_pools_and_places_alone() -> None:
    counts = [
        {kind: len(named) for kind, named in region_stack(name)["resource"].items()} for name in (TWO_ZONES, NO_ZONES)
    ]
    assert {kind for kind in counts[0] if counts[0][kind] != counts[1].get(kind)} == {
        "azurerm_kubernetes_cluster_node_pool",
        "kubernetes_persistent_volume_claim_v1",  # of the ingestors
        "kubernetes_storage_class_v1",
    }
    assert counts[0].keys() == counts[1].keys()


def test_the_stores_address_is_a_secret_by_form_that_holds_none() -> None:
    stack = region_stack(ZONES)
    address = (
        "type: AZURE\n"
        "config:\n"
        "  storage_account: sttrialalpha\n"
        "  container: trial-blocks\n"
        "  endpoint: blob.core.windows.net\n"
        "  storage_create_container: false\n"
        "  max_retries: 3\n"
    )
    expect(stack).to_have_resource_with_properties(
        "kubernetes_secret_v1",
        {
            "metadata": {"name": "thanos-objstore", "namespace": "monitoring"},
            "data": {"objstore.yml": address},
            "depends_on": [addresses(stack, "kubernetes_namespace_v1")["monitoring"]],
        },
    )


def test_state_holds_no_other_secret(stack: Stack) -> None:
    kinds = stack["resource"].keys() | stack["data"].keys()
    assert [kind for kind in kinds if "secret" in kind] == ["kubernetes_secret_v1"]
    assert len(stack["resource"]["kubernetes_secret_v1"]) == 1
    assert "set_sensitive" not in json.dumps(stack)
