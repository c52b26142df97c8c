"""Names of Azure resources, by the Cloud Adoption Framework: abbreviation, purpose, region.

Source of the abbreviations, lengths and characters: Microsoft Learn, "Abbreviation recommendations for Azure
resources" and "Naming rules and restrictions for Azure resources".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from monitoring.fleet.model import Region


@dataclass(frozen=True, kw_only=True)
class NameRule:
    """What Azure accepts for a type's name."""

    abbreviation: str
    longest: int
    pattern: str = r"[A-Za-z0-9][A-Za-z0-9_.-]*[A-Za-z0-9_]"


FLEET_STACK = "fleet"
"""The stack of what exists once. No region can have this name: theirs hold a hyphen."""

STACK_FILE = "cdk.tf.json"
"""What cdktf calls the JSON in each stack's folder."""

DISK_ROLE = "Oversight monitoring disk attach"
"""The custom role of the stack `fleet`, by name: no stack reads the state of another."""

RULES = {
    "backup policy": NameRule(abbreviation="bkpol", longest=150, pattern=r"[A-Za-z][A-Za-z0-9-]*"),
    "backup vault": NameRule(abbreviation="bvault", longest=50, pattern=r"[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]"),
    "diagnostic setting": NameRule(abbreviation="diag", longest=260),
    "federated credential": NameRule(abbreviation="fic", longest=120, pattern=r"[A-Za-z0-9][A-Za-z0-9_-]{2,}"),
    "managed disk": NameRule(abbreviation="disk", longest=80),
    "managed identity": NameRule(abbreviation="id", longest=128, pattern=r"[A-Za-z0-9][A-Za-z0-9_-]{2,}"),
    "private endpoint": NameRule(abbreviation="pep", longest=64),
    "virtual network link": NameRule(abbreviation="link", longest=80),
}


def azure_name(kind: str, *parts: str) -> str:
    """`<abbreviation>-<part>-…`; ValueError where Azure would refuse it.

    The model bounds what comes from a region's file (`StackName`), so that a refusal is a fault of this program.
    """
    rule = RULES[kind]
    name = "-".join((rule.abbreviation, *parts))
    if len(name) > rule.longest or not re.fullmatch(rule.pattern, name):
        raise ValueError(f"name of a {kind} must be {rule.pattern}, at most {rule.longest} characters, got {name!r}")
    return name


def node_pool_name(zone: str | None) -> str:
    """Name of the pool in a zone, or of the one pool of a region without zones: AKS takes 12 of [a-z0-9]."""
    return f"monitorz{zone}" if zone else "monitor"


def identity_name(region: Region, component: str) -> str:
    """The managed identity of a component."""
    return azure_name("managed identity", component, region.name)


def disk_name(region: Region, replica: int) -> str:
    """The disk of a Prometheus replica."""
    return azure_name("managed disk", "prometheus", str(replica), region.name)


def query_host(region: str, zone: str) -> str:
    """The name in the fleet's private zone by which other regions ask a region's Query."""
    return f"query.{region}.{zone}"


def federation_host(region: str, replica: int, zone: str) -> str:
    """The name in the fleet's private zone by which a Prometheus replica is federated."""
    return f"prometheus-{replica}.{region}.{zone}"
