"""A region's or the fleet's stack as plain data, from the fixture regions or from a variant of one."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cdktf

from constructs.fleet_stack import FleetStack
from constructs.region_stack import RegionStack
from monitoring.blueprint.releases import releases
from monitoring.effective.stack_folder import with_values
from monitoring.fleet import load_fleet
from monitoring.fleet.loader import Fleet
from monitoring.fleet.model import Region

Stack = dict[str, Any]
Resource = dict[str, Any]

REGIONS = Path(__file__).parents[1] / "fleet" / "regions"
ZONES, NO_ZONES, TWO_ZONES = "trial-alpha", "trial-beta", "trial-gamma"

GROUP, GROUP_ID = "${azurerm_resource_group.resource-group.name}", "${azurerm_resource_group.resource-group.id}"
"""References to the stack's resource group."""

SUBSCRIPTION = "/subscriptions/11111111-1111-4111-8111-111111111111"
NETWORKS = f"{SUBSCRIPTION}/resourceGroups/rg-trial-network/providers/Microsoft.Network"
TAGS = {"application": "trial", "component": "monitoring", "environment": "trial", "managed-by": "terraform"}
"""What the fixture fleet says, said again: expectations are not read from what they check."""

ANOTHER_SUBSCRIPTION = "99999999-9999-4999-8999-999999999999"


@cache
def fleet() -> Fleet:
    return load_fleet(REGIONS)


def synthesize(region: Region, *, local_state: bool = False, among: Fleet | None = None) -> Stack:
    """The stack of a region, of the fixture fleet or of the one that it is among, with releases' values as text."""
    made = releases(region, (among or fleet()).peers_of(region))
    stack = RegionStack(cdktf.Testing.app(), region=region, releases=made, local_state=local_state)
    texts = {release.values_file: release.text for release in made}
    return with_values(parsed(stack), texts.__getitem__)


@cache
def region_stack(name: str) -> Stack:
    """The stack of a fixture region, made once; tests only read it."""
    return synthesize(fleet().region(name))


@cache
def elsewhere_stack() -> Stack:
    """The stack of a region in a subscription of its own."""
    return synthesize(fleet().region(ZONES).model_copy(update={"subscription_id": ANOTHER_SUBSCRIPTION}))


def fleet_stack(regions: Sequence[Region], *, local_state: bool = False) -> Stack:
    """The stack `fleet` for these regions."""
    return parsed(FleetStack(cdktf.Testing.app(), regions=regions, local_state=local_state))


def parsed(stack: cdktf.TerraformStack) -> Stack:
    """What cdktf synthesizes of any stack."""
    found: Stack = json.loads(cdktf.Testing.synth(stack))
    return found


def only(stack: Stack, kind: str) -> Resource:
    """The one resource of that type."""
    (body,) = stack["resource"][kind].values()
    found: Resource = body
    return found


def by_name(stack: Stack, kind: str) -> dict[str, Resource]:
    """Resources of that type by `name_of`, which tells them apart."""
    labelled = stack["resource"].get(kind, {})
    found = {name_of(label, body): body for label, body in labelled.items()}
    assert len(found) == len(labelled), f"two of {kind} have one name: {sorted(labelled)}"
    return found


def addresses(stack: Stack, kind: str) -> dict[str, str]:
    """Terraform addresses of that type by the same names."""
    return {name_of(label, body): f"{kind}.{label}" for label, body in stack["resource"][kind].items()}


def reference(stack: Stack, kind: str, attribute: str, *, name: str | None = None) -> str:
    """The reference to an attribute of the resource of that name, or of the only one."""
    found = addresses(stack, kind)
    (address,) = [found[name]] if name else found.values()
    return f"${{{address}.{attribute}}}"


def data_reference(stack: Stack, kind: str, attribute: str) -> str:
    """The reference to an attribute of the one data source of that type."""
    (label,) = stack["data"][kind]
    return f"${{data.{kind}.{label}.{attribute}}}"


def data(stack: Stack, kind: str) -> Resource:
    """The one data source of that type."""
    (body,) = stack["data"][kind].values()
    found: Resource = body
    return found


def name_of(label: str, body: Resource) -> str:
    """What Azure, Helm or Kubernetes calls it; where it has no name, the path of its construct."""
    name: str = body.get("metadata", body).get("name") or re.sub(r"_[0-9A-F]{8}$", "", label)
    return name
