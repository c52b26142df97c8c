"""Azure refuses a name at apply, in the middle of a deployment: it must be refused before."""

from __future__ import annotations

import re

import pytest

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.names import RULES, azure_name, node_pool_name
from monitoring.blueprint.components.workloads import COMPONENTS

LONGEST_REGION = "production-southeastasia"
"""24 characters, as many as the model takes."""

LONGEST_ACCOUNT = "stoversightsoutheastasia"
"""24 characters, as many as a storage account may have."""


@pytest.mark.parametrize("kind", ["managed identity", "federated credential"])
@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.name)
def test_the_longest_region_leaves_room_for_every_component(kind: str, component: Component) -> None:
    name = azure_name(kind, component.name, LONGEST_REGION)
    assert name.endswith(f"-{LONGEST_REGION}")


def test_the_longest_region_leaves_room_for_disks_vaults_and_endpoints() -> None:
    assert azure_name("managed disk", "prometheus", "0", LONGEST_REGION) == f"disk-prometheus-0-{LONGEST_REGION}"
    assert azure_name("backup vault", "monitoring", LONGEST_REGION) == f"bvault-monitoring-{LONGEST_REGION}"
    assert azure_name("private endpoint", LONGEST_ACCOUNT) == f"pep-{LONGEST_ACCOUNT}"


@pytest.mark.parametrize("kind", RULES)
def test_a_name_may_be_as_long_as_azure_takes_and_no_longer(kind: str) -> None:
    rule = RULES[kind]
    room = rule.longest - len(rule.abbreviation) - 1
    assert len(azure_name(kind, "a" * room)) == rule.longest
    with pytest.raises(ValueError, match=f"name of a {kind} must be .*, at most {rule.longest} characters, got "):
        azure_name(kind, "a" * (room + 1))


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("backup vault", "under_score"),
        ("backup vault", "ends-"),
        ("managed identity", "dot.ted"),
        ("managed disk", "ends-"),
        ("private endpoint", "sla/sh"),
        ("federated credential", "spa ce"),
    ],
)
def test_characters_that_azure_refuses_are_refused(kind: str, part: str) -> None:
    with pytest.raises(ValueError, match=f"name of a {kind} must be"):
        azure_name(kind, part)


@pytest.mark.parametrize("zone", [None, "1", "2", "3"])
def test_a_node_pools_name_leaves_room_for_its_stand_in(zone: str | None) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]{0,11}", f"{node_pool_name(zone)}tmp")
