"""The matchers bite: each fault that cdktf's own would let pass is found, and said."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.constructs.expectations import expect
from tests.constructs.synthesized import Stack

STACK: Stack = {
    "resource": {
        "account": {
            "store_0AB1C2D3": {
                "name": "st",
                "tls": "1.2",
                "shared": False,
                "days": 14,
                "lifecycle": {"prevent_destroy": True},
                "rules": [{"verb": "read"}, {"verb": "write"}],
                "parameters": {"skuName": "Premium_LRS"},
                "depends_on": ["group.a", "role.b"],
            }
        },
        "disk": {"d_0": {"name": "d0", "zone": "1"}, "d_1": {"name": "d1", "zone": "2"}},
        "role_assignment": {"cluster_attach_0AB1C2D3": {"scope": "/a"}, "cluster_join_1AB1C2D3": {"scope": "/b"}},
    },
    "data": {"cluster": {"aks": {"name": "aks-one"}}},
    "provider": {"azurerm": [{"tenant": "t"}, {"alias": "fleet", "tenant": "u"}], "helm": [{"host": "h"}]},
}
WHOLE = {key: value for key, value in STACK["resource"]["account"]["store_0AB1C2D3"].items() if key != "name"}


def test_expectation_matches_an_existing_resource() -> None:
    expect(STACK).to_have_resource_with_properties("account", WHOLE)
    expect(STACK).to_have_resource_with_properties("disk", {"zone": "2"}, name="d1")
    expect(STACK).to_have_resource_with_properties("role_assignment", {"scope": "/b"}, name="cluster_join")
    expect(STACK).to_have_data_source_with_properties("cluster", {"name": "aks-one"})
    expect(STACK).to_have_provider_with_properties("azurerm", {"tenant": "t"}, name="")
    expect(STACK).to_have_provider_with_properties("azurerm", {"tenant": "u"}, name="fleet")
    expect(STACK).to_have_provider_with_properties("helm", {"host": "h"})


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("tls", "1.1"),
        ("tls", None),
        ("shared", True),
        ("shared", 0),
        ("days", 15),
        ("days", "14"),
        ("lifecycle", {"prevent_destroy": False}),
        ("lifecycle", {"prevent_destroy": True, "ignore_changes": ["tls"]}),
        ("lifecycle", {}),
        ("rules", [{"verb": "read"}]),
        ("rules", [{"verb": "write"}, {"verb": "read"}]),
        ("rules", [{"verb": "read"}, {"verb": "write", "on": "all"}]),
        ("parameters", {"sku_name": "Premium_LRS"}),
        ("depends_on", ["group.a"]),
        ("depends_on", ["group.a", "role.b", "role.c"]),
    ],
)
def test_expectation_reports_a_wrong_value(key: str, fault: object) -> None:
    broken = copy.deepcopy(STACK)
    broken["resource"]["account"]["store_0AB1C2D3"][key] = fault
    with pytest.raises(AssertionError) as raised:
        expect(broken).to_have_resource_with_properties("account", WHOLE)
    message = str(raised.value).partition("\nassert")[0]
    assert message == f"account 'st' differs:\n  {key}: expected {WHOLE[key]!r}, got {fault!r}"


def test_expectation_reports_a_missing_value() -> None:
    broken = copy.deepcopy(STACK)
    del broken["resource"]["account"]["store_0AB1C2D3"]["days"]
    with pytest.raises(AssertionError, match=r"account 'st' differs:\n  days: expected 14, got None"):
        expect(broken).to_have_resource_with_properties("account", WHOLE)


def test_expectation_ignores_the_value_of_another_resource() -> None:
    with pytest.raises(AssertionError, match=r"disk 'd0' differs:\n  zone: expected '2', got '1'"):
        expect(STACK).to_have_resource_with_properties("disk", {"zone": "2"}, name="d0")


def test_expectation_requires_a_name_among_several_resources() -> None:
    with pytest.raises(AssertionError, match=r"one disk must be there, or be named; there are 2: \['d0', 'd1'\]"):
        expect(STACK).to_have_resource_with_properties("disk", {"zone": "1"})


def test_expectation_refuses_two_resources_of_one_name() -> None:
    """The second would hide the first."""
    broken = copy.deepcopy(STACK)
    broken["resource"]["disk"]["d_1"]["name"] = "d0"
    with pytest.raises(AssertionError, match=r"two of disk have one name: \['d_0', 'd_1'\]"):
        expect(broken).to_have_resource_with_properties("disk", {"zone": "2"}, name="d0")


@pytest.mark.parametrize("kind", ["disk", "bucket"])
def test_expectation_reports_a_missing_resource(kind: str) -> None:
    with pytest.raises(AssertionError, match=rf"no {kind} is called 'd7'; there are \["):
        expect(STACK).to_have_resource_with_properties(kind, {"zone": "1"}, name="d7")


def test_data_source_with_a_wrong_value_is_reported() -> None:
    with pytest.raises(AssertionError, match=r"cluster 'aks' differs:\n  name: expected 'aks-two', got 'aks-one'"):
        expect(STACK).to_have_data_source_with_properties("cluster", {"name": "aks-two"})


@pytest.mark.parametrize(("name", "tenant"), [("", "u"), ("fleet", "t")])
def test_provider_with_a_wrong_value_is_reported(name: str, tenant: str) -> None:
    with pytest.raises(AssertionError, match=rf"azurerm '{name}' differs:\n  tenant: expected '{tenant}'"):
        expect(STACK).to_have_provider_with_properties("azurerm", {"tenant": tenant}, name=name)


@pytest.mark.parametrize(
    ("properties", "at"),
    [({}, "properties"), ({"tls": None}, "tls"), ({"lifecycle": {}}, "lifecycle"), ({"rules": [{}, 1]}, r"rules\[0\]")],
)
def test_expectation_that_cannot_fail_is_refused(properties: dict[str, Any], at: str) -> None:
    with pytest.raises(ValueError, match=rf"None and for an empty mapping, got one at {at}$"):
        expect(STACK).to_have_resource_with_properties("account", properties)
