"""Lines of Azure CLI and kubectl, and ids of Azure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from monitoring.fleet.model import Region
from monitoring.prerequisites.step import Known

Part = TypeVar("Part", bound=str | Known)
"""A word of a command, or one that has to be found out first."""


@dataclass(frozen=True, kw_only=True)
class Id:
    """A resource's id, taken apart; `parent` is the name above the last one, of a subnet its network."""

    subscription: str
    group: str
    parent: str
    name: str

    @classmethod
    def of(cls, text: str) -> Id:
        """From the id as Azure writes it."""
        parts = text.split("/")
        return cls(subscription=parts[2], group=parts[4], parent=parts[-3], name=parts[-1])


def az(*words: Part) -> tuple[Part | str, ...]:
    """A command of Azure CLI that looks; warnings would hide why it fails."""
    return ("az", *words, "--only-show-errors", "--output", "json")


def get(region: Region, kind: str, name: str | None = None, *, namespace: str | None = None) -> tuple[str, ...]:
    """`kubectl get` in the region's cluster, by the context that `az aks get-credentials` makes: nothing if not there.

    Without a name, all of the kind.

    In no other cluster, whatever the current context is.
    """
    within = ("--namespace", namespace) if namespace else ()
    one = (name,) if name else ()
    return ("kubectl", "--context", region.cluster.name, "get", kind, *one, *within, "--ignore-not-found", "-o", "json")


def group_id(subscription: str, group: str) -> str:
    """The id of a resource group."""
    return f"/subscriptions/{subscription}/resourceGroups/{group}"


def cluster_id(region: Region) -> str:
    """The id of the region's AKS cluster."""
    group = group_id(region.subscription_id, region.cluster.resource_group)
    return f"{group}/providers/Microsoft.ContainerService/managedClusters/{region.cluster.name}"


def state_container_id(region: Region) -> str:
    """The id of the container that holds Terraform's states."""
    state = region.state
    account = f"{group_id(state.subscription_id, state.resource_group)}/providers/Microsoft.Storage/storageAccounts"
    return f"{account}/{state.storage_account}/blobServices/default/containers/{state.container}"


def group_step(region: Region, subscription: str, group: str) -> str:
    """Name of the step that a resource group is there; two subscriptions may have one of the same name."""
    elsewhere = f" in {subscription}" if subscription != region.subscription_id else ""
    return f"resource group {group}{elsewhere}"
