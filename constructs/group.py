"""The Azure resource group of a stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_azurerm.resource_group import ResourceGroup

from constructs import Construct


@dataclass(frozen=True, kw_only=True)
class Group:
    """`name` and `id` are references, so that what uses them waits for the group; read once, since a read is a call."""

    name: str
    id: str


def resource_group(scope: Construct, *, name: str, location: str, tags: Mapping[str, str]) -> Group:
    """Make the stack's resource group, which cannot be destroyed: everything in it would go along."""
    group = ResourceGroup(
        scope,
        "resource-group",
        name=name,
        location=location,
        tags=dict(tags),
        lifecycle=TerraformResourceLifecycle(prevent_destroy=True),
    )
    return Group(name=group.name, id=group.id)
