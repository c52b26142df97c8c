"""A region's or the fleet's stack as plain data, from the fixture regions or from a variant of one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cdktf

from constructs.fleet_stack import FleetStack
from constructs.region_stack import RegionStack
from monitoring.blueprint.releases import releases
from monitoring.fleet import load_fleet
from monitoring.fleet.loader import Fleet
from monitoring.fleet.model import Region

Stack = dict[str, Any]
Resource = dict[str, Any]

REGIONS = Path(__file__).parents[1] / "fleet" / "regions"
ZONES, NO_ZONES, TWO_ZONES = "trial-alpha", "trial-beta", "trial-gamma"


@cache
def fleet() -> Fleet:
    return load_fleet(REGIONS)


def synthesize(region: Region, *, local_state: bool = False, among: Fleet | None = None) -> Stack:
    """The stack of a region of the fixture fleet, or of the one that it is among."""
    peers = (among or fleet()).peers_of(region)
    stack = RegionStack(
        cdktf.Testing.app(),
        region=region,
        releases=releases(region, peers),
        local_state=local_state,
    )
    return _parsed(stack)


@cache
def region_stack(name: str) -> Stack:
    """The stack of a fixture region, made once; tests only read it."""
    return synthesize(fleet().region(name))


def fleet_stack(regions: Sequence[Region], *, local_state: bool = False) -> Stack:
    """The stack `fleet` for these regions."""
    return _parsed(FleetStack(cdktf.Testing.app(), regions=regions, local_state=local_state))


def _parsed(stack: cdktf.TerraformStack) -> Stack:
    parsed: Stack = json.loads(cdktf.Testing.synth(stack))
    return parsed


def only(stack: Stack, kind: str) -> Resource:
    """The one resource of that type."""
    (body,) = stack["resource"][kind].values()
    found: Resource = body
    return found


def by_name(stack: Stack, kind: str) -> dict[str, Resource]:
    """Resources of that type by the name that Azure, Helm or Kubernetes knows."""
    return {_name(body): body for body in stack["resource"].get(kind, {}).values()}


def addresses(stack: Stack, kind: str) -> dict[str, str]:
    """Terraform addresses of that type by the same names."""
    return {_name(body): f"{kind}.{label}" for label, body in stack["resource"][kind].items()}


def data(stack: Stack, kind: str) -> Resource:
    """The one data source of that type."""
    (body,) = stack["data"][kind].values()
    found: Resource = body
    return found


def _name(body: Resource) -> str:
    name: str = body["metadata"]["name"] if "metadata" in body else body["name"]
    return name


def waits_for(stack: Stack, resource: Resource) -> set[str]:
    """Addresses that must be there before the resource: those it names, and those that they wait for."""
    by_address = {
        f"{kind}.{label}": body for kind, bodies in stack["resource"].items() for label, body in bodies.items()
    }
    found: set[str] = set()
    new = set(resource.get("depends_on", []))
    while new:
        found |= new
        new = {one for address in new for one in by_address.get(address, {}).get("depends_on", [])} - found
    return found
