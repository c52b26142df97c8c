"""Every law, over every resource of every stack; and each law once on the fault that it is there for."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.laws.stack_laws import LAWS, Law, Stack, stateful_addresses

GOLDEN = Path(__file__).parents[1] / "golden" / "stateful-addresses.txt"
REMEDY = f"""Addresses of resources that hold data have changed. Terraform would destroy and make them anew.
A renamed or moved construct keeps its address by `resource.override_logical_id("<old name>")`, or moves it in
the state by `resource.move_to_id(…)` / `move_from_id(…)`. If the data is meant to go, or a new kind of it comes,
change tests/golden/{GOLDEN.name} in the same commit and say so."""


RULES = tuple({law.holds: law for law in LAWS}.values())
"""Each rule once, whatever the number of its faults."""


@pytest.mark.parametrize("law", RULES, ids=str)
def test_each_stack_satisfies_every_rule(law: Law, stacks: Mapping[str, Stack], region_stack: Stack) -> None:
    tested = {**stacks, "the region that gets faults": region_stack}
    assert {name: found for name, stack in tested.items() if (found := list(law.holds(stack)))} == {}


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_each_rule_reports_its_seeded_fault(law: Law, region_stack: Stack) -> None:
    broken = copy.deepcopy(region_stack)
    law.fault(broken)
    assert list(law.holds(broken)) != []


def _listing(stacks: Mapping[str, Stack]) -> str:
    """`fleet <address>`, `region <address>`: one line for all regions, so that a new one changes nothing here."""
    lines = {
        f"{'fleet' if name == 'fleet' else 'region'} {address}"
        for name, stack in stacks.items()
        for address in stateful_addresses(stack)
    }
    return "".join(f"{line}\n" for line in sorted(lines))


def test_data_resources_keep_their_terraform_addresses(stacks: Mapping[str, Stack]) -> None:
    assert _listing(stacks) == GOLDEN.read_text(), REMEDY


def test_a_moved_disk_changes_the_golden_file(stacks: Mapping[str, Stack]) -> None:
    moved = copy.deepcopy(dict(stacks))
    disks = next(stack for stack in moved.values() if "azurerm_managed_disk" in stack["resource"])["resource"]
    name = next(iter(disks["azurerm_managed_disk"]))
    disks["azurerm_managed_disk"]["elsewhere"] = disks["azurerm_managed_disk"].pop(name)
    assert _listing(moved) != GOLDEN.read_text()


def test_stack_rules_find_resources_to_check(stacks: Mapping[str, Stack]) -> None:
    assert all(stateful_addresses(stack) for stack in stacks.values())
