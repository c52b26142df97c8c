"""The region's subscription, and the account of Terraform's state, which all stacks share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from monitoring.blueprint.capacity.node_pools import most_cores
from monitoring.fleet.model import Region
from monitoring.prerequisites.azure import az, group_step
from monitoring.prerequisites.step import Condition, Known, Raw, Step, Wanted, shell

PROVIDERS = (
    "Microsoft.Compute",
    "Microsoft.ContainerService",
    "Microsoft.Insights",
    "Microsoft.KeyVault",
    "Microsoft.ManagedIdentity",
    "Microsoft.Network",
    "Microsoft.OperationalInsights",
    "Microsoft.Storage",
)
"""Resource providers of what the stacks make and of what must be there before."""

SNAPSHOT_PROVIDER = "Microsoft.DataProtection"


def steps(region: Region) -> Iterator[Step]:
    """Providers, the feature, the size of the nodes, their quota; then the state's account."""
    within = ("--subscription", region.subscription_id)
    for provider in (*PROVIDERS, *((SNAPSHOT_PROVIDER,) if region.disk_snapshots else ())):
        register = shell("az", "provider", "register", "--namespace", provider, *within, "--wait")
        yield Step(
            name=f"resource provider {provider}",
            look=az("provider", "list", *within),
            wanted=(Wanted(among="", item={"namespace": provider}, fields={"registrationState": "Registered"}),),
            make=register,
            mend=register,
        )
    yield _encryption_at_host(region)
    yield from _nodes(region)
    yield from _state(region)


def _encryption_at_host(region: Region) -> Step:
    feature = ("--namespace", "Microsoft.Compute", "--name", "EncryptionAtHost", "--subscription")
    named = (*feature, region.subscription_id)
    asked = shell("az", "feature", "show", *named, "--query", "properties.state", "--output", "tsv")
    compute = ("--namespace", "Microsoft.Compute", "--subscription", region.subscription_id)
    register = "\n".join(
        (
            shell("az", "feature", "register", *named, "--output", "none"),
            f'until [ "$({asked})" = Registered ]; do sleep 30; done',
            shell("az", "provider", "register", *compute, "--wait"),
        )
    )
    return Step(
        name="feature EncryptionAtHost",
        look=az("feature", "show", *named),
        wanted=(Wanted(fields={"properties.state": "Registered"}),),
        make=register,
        mend=register,
        needs=("resource provider Microsoft.Compute",),
    )


def skus(region: Region) -> tuple[str, ...]:
    """The command that lists what Azure says of the nodes' size."""
    size = ("--size", region.node_pools.vm_size, "--resource-type", "virtualMachines", "--all")
    return az("vm", "list-skus", *_within(region), *size)


def usage(region: Region) -> tuple[str, ...]:
    """The command that lists quotas, and what of them is used."""
    return az("vm", "list-usage", *_within(region))


def _within(region: Region) -> tuple[str, ...]:
    return "--location", region.location, "--subscription", region.subscription_id


def _nodes(region: Region) -> Iterator[Step]:
    size = region.node_pools.vm_size
    offered = Condition(
        f"in the zones {', '.join(region.zones)}" if region.zones else "there",
        lambda zones: set(region.zones) <= set(zones or ()),
    )
    free = Condition("none of the region or of its zones", lambda found: not _restricted(found or [], region))
    encrypted = Condition("with EncryptionAtHostSupported", lambda found: _capable(found or []))
    name = f"size {size}"
    yield Step(
        name=name,
        look=skus(region),
        wanted=(
            Wanted(
                among="",
                item={"name": size},
                fields={"locationInfo.zones": offered, "restrictions": free, "capabilities": encrypted},
            ),
        ),
        by_hand=f"choose another node_pools.vm_size, or ask Azure's support to open {size} for the subscription",
    )
    cores = most_cores(region)
    enough = Condition(f"at least {cores}", lambda limit: int(limit or 0) >= cores)
    known = Known(
        name=f"the family of {size}",
        look=skus(region),
        wanted=Wanted(among="", item={"name": size}),
        path="family",
        text="",
    )
    yield Step(
        name=f"quota of vCPUs for {size}",
        look=usage(region),
        wanted=tuple(
            Wanted(among="", item={"name.value": family}, fields={"limit": enough}) for family in (known, "cores")
        ),
        by_hand=f"ask for a quota of {cores} vCPUs and of what else uses the family, in the portal below Quotas",
        needs=(name,),
    )


def _restricted(found: list[Any], region: Region) -> bool:
    zones = set(region.zones)
    return any(
        one.get("type") == "Location" or zones & set((one.get("restrictionInfo") or {}).get("zones") or ())
        for one in found
    )


def _capable(found: list[Any]) -> bool:
    return any(one.get("name") == "EncryptionAtHostSupported" and one.get("value") == "True" for one in found)


def _state(region: Region) -> Iterator[Step]:
    state = region.state
    within = ("--subscription", state.subscription_id)
    group = group_step(region, state.subscription_id, state.resource_group)
    yield Step(
        name=group,
        look=az("group", "show", "--name", state.resource_group, *within),
        make=shell(
            "az", "group", "create", "--name", state.resource_group, "--location", region.fleet.location, *within
        ),
    )
    account = f"storage account {state.storage_account}"
    named = ("--name", state.storage_account, "--resource-group", state.resource_group, *within)
    closed = (
        *("--min-tls-version", "TLS1_2", "--https-only", "true"),
        *("--allow-blob-public-access", "false", "--allow-shared-key-access", "false"),
    )
    kind = ("--location", region.fleet.location, "--sku", "Standard_GZRS", "--kind", "StorageV2")
    yield Step(
        name=account,
        look=az("storage", "account", "show", *named),
        wanted=(
            Wanted(
                fields={
                    "minimumTlsVersion": "TLS1_2",
                    "enableHttpsTrafficOnly": True,
                    "allowBlobPublicAccess": False,
                    "allowSharedKeyAccess": False,
                }
            ),
        ),
        make=shell("az", "storage", "account", "create", *named, *kind, *closed),
        mend=shell("az", "storage", "account", "update", *named, *closed),
        needs=(group,),
    )
    service = ("--account-name", state.storage_account, "--resource-group", state.resource_group, *within)
    kept = ("--enable-versioning", "true", "--enable-delete-retention", "true", "--delete-retention-days", "30")
    keep = shell("az", "storage", "account", "blob-service-properties", "update", *service, *kept)
    yield Step(
        name=f"versions of {state.storage_account}",
        look=az("storage", "account", "blob-service-properties", "show", *service),
        wanted=(Wanted(fields={"isVersioningEnabled": True, "deleteRetentionPolicy.enabled": True}),),
        make=keep,
        mend=keep,
        needs=(account,),
    )
    container = (
        *("--name", state.container, "--storage-account", state.storage_account),
        *("--resource-group", state.resource_group, *within),
    )
    yield Step(
        name=f"container {state.container}",
        look=az("storage", "container-rm", "show", *container),
        wanted=(Wanted(fields={"publicAccess": Condition("None", lambda access: access in {None, "None"})}),),
        # by Azure Resource Manager: the data plane would need a role that even an Owner does not have
        make=shell("az", "storage", "container-rm", "create", *container, Raw("--output none")),
        needs=(account,),
    )
