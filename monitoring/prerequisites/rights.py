"""What the two identities of the workflows may do: the one that applies, and the one that plans and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator

from monitoring.blueprint.components.model import NAMESPACE
from monitoring.blueprint.components.names import DISK_ROLE
from monitoring.blueprint.components.of_region import components_of
from monitoring.fleet.model import Region
from monitoring.prerequisites.azure import Id, az, cluster_id, state_container_id
from monitoring.prerequisites.github import client_id, variable_step
from monitoring.prerequisites.step import PRESENT, Look, Raw, Step, Wanted, shell
from monitoring.prerequisites.workflows import environments

ADMINISTRATOR = "Role Based Access Control Administrator"
BLOB_DATA = "Storage Blob Data Contributor"
SNAPSHOT_ROLES = ("Disk Snapshot Contributor", "Disk Backup Reader")
_AKS = "Microsoft.ContainerService/managedClusters"
PLAN_ROLES = {
    "Oversight monitoring plan": (
        f"{_AKS}/persistentvolumes/read",
        f"{_AKS}/nodes/read",
        f"{_AKS}/storage.k8s.io/storageclasses/read",
        f"{_AKS}/scheduling.k8s.io/priorityclasses/read",
        f"{_AKS}/admissionregistration.k8s.io/mutatingwebhookconfigurations/read",
    ),
    "Oversight monitoring plan, Secrets": (f"{_AKS}/secrets/read",),
}
"""What Terraform compares and AKS' RBAC Reader leaves out; Secrets are where Helm keeps its releases."""


def assigned_roles(region: Region) -> tuple[str, ...]:
    """Roles that the region's stack assigns: the only ones that the identity which applies may give or take."""
    grants = {grant.value for component in components_of(region) for grant in component.grants}
    return tuple(
        sorted({*grants, "Network Contributor", DISK_ROLE, *(SNAPSHOT_ROLES if region.disk_snapshots else ())})
    )


def steps(region: Region, repository: str) -> Iterator[Step]:
    """Custom roles, then each assignment."""
    subscription = f"/subscriptions/{region.subscription_id}"
    for name, actions in PLAN_ROLES.items():
        yield _custom_role(name, actions, region)
    yield Step(
        name=f"role {DISK_ROLE}",
        look=_role(DISK_ROLE, region),
        wanted=(Wanted(among="", item={"roleName": DISK_ROLE}, fields={"assignableScopes": subscription}),),
        by_hand="the stack fleet makes it: make plan STACK=fleet, make deploy STACK=fleet, by a person with "
        "User Access Administrator in every subscription for that hour",
    )
    plans, applies = (
        next(one.client_id for one in environments(region.name) if one.applies is applied) for applied in (False, True)
    )
    for variable, rows in ((applies, _applying(region)), (plans, _planning(region))):
        for role, scope, needs in dict.fromkeys(rows):
            yield _assignment(variable, role, scope, region, repository, needs=needs)


Row = tuple[str, str, tuple[str, ...]]
"""Role, scope, and steps without which it cannot be assigned."""


def _applying(region: Region) -> Iterator[Row]:
    cluster, network = cluster_id(region), region.network.virtual_network_id
    subscriptions = dict.fromkeys((region.subscription_id, region.fleet.subscription_id))
    conditional = {region.subscription_id: ()}
    for one in subscriptions:
        yield "Contributor", f"/subscriptions/{one}", ()
    for one in conditional:
        yield ADMINISTRATOR, f"/subscriptions/{one}", (f"role {DISK_ROLE}",)
    if Id.of(network).subscription != region.subscription_id:
        there = (f"network {Id.of(network).name}",)
        yield "Network Contributor", network, there
        yield ADMINISTRATOR, network, (*there, f"role {DISK_ROLE}")
    zone = region.network.blob_private_dns_zone_id
    if Id.of(zone).subscription != region.subscription_id:
        yield "Private DNS Zone Contributor", zone, (f"private DNS zone {Id.of(zone).name}",)
    yield "Azure Kubernetes Service RBAC Cluster Admin", cluster, (f"cluster {region.cluster.name}",)
    yield BLOB_DATA, state_container_id(region), (f"container {region.state.container}",)


def _planning(region: Region) -> Iterator[Row]:
    cluster, there = cluster_id(region), f"cluster {region.cluster.name}"
    ids = (Id.of(region.network.virtual_network_id), Id.of(region.network.blob_private_dns_zone_id))
    for one in (region.subscription_id, region.fleet.subscription_id, *(each.subscription for each in ids)):
        yield "Reader", f"/subscriptions/{one}", ()
    yield "Azure Kubernetes Service Cluster User Role", cluster, (there,)
    yield "Azure Kubernetes Service RBAC Reader", cluster, (there,)
    wide, narrow = PLAN_ROLES
    yield wide, cluster, (there, f"role {wide}")
    yield narrow, f"{cluster}/namespaces/{NAMESPACE}", (there, f"role {narrow}")
    yield BLOB_DATA, state_container_id(region), (f"container {region.state.container}",)


def _role(name: str, region: Region) -> Look:
    return az("role", "definition", "list", "--name", name, "--subscription", region.subscription_id)


def _custom_role(name: str, actions: tuple[str, ...], region: Region) -> Step:
    scope = f"/subscriptions/{region.subscription_id}"
    said = json.dumps(
        {
            "Name": name,
            "Description": "Read what Terraform compares and RBAC Reader leaves out.",
            "AssignableScopes": [scope],
            "DataActions": list(actions),
        }
    )
    return Step(
        name=f"role {name}",
        look=_role(name, region),
        wanted=(
            Wanted(among="", item={"roleName": name}, fields={"assignableScopes": scope}),
            *(Wanted(among="", fields={"permissions.dataActions": action}) for action in actions),
        ),
        make=shell("az", "role", "definition", "create", "--role-definition", said),
        by_hand="its name is unique in the tenant: add the scope or the action to it (az role definition update)",
    )


def _assignment(
    variable: str, role: str, scope: str, region: Region, repository: str, *, needs: tuple[str, ...]
) -> Step:
    client = client_id(variable, repository)
    principal = ("az", "ad", "sp", "show", "--id", client, "--query", "id", "--output", "tsv")
    create = shell(
        *("az", "role", "assignment", "create", "--assignee-object-id", Raw(f'"$({shell(*principal)})"')),
        *("--assignee-principal-type", "ServicePrincipal", "--role", role, "--scope", scope),
    )
    conditional = role == ADMINISTRATOR
    if conditional:
        create = _only(assigned_roles(region), region) + create
        create += ' --condition-version 2.0 --condition "$condition"'
    where = scope.rpartition("/")[2] if scope.count("/") > 2 else f"the subscription {scope.rpartition('/')[2]}"  # noqa: PLR2004
    return Step(
        name=f"{role} in {where} for {variable}",
        look=az("role", "assignment", "list", "--assignee", client, "--scope", scope, "--include-inherited"),
        wanted=(
            Wanted(among="", item={"roleDefinitionName": role}, fields={"condition": PRESENT} if conditional else {}),
        ),
        make=create,
        by_hand="without a condition it may give any role: delete it, then make it anew" if conditional else "",
        needs=(variable_step(variable), *needs),
    )


def _only(roles: tuple[str, ...], region: Region) -> str:
    """The condition of an administrator of rights: these roles, to give or to take."""
    listed = "az role definition list --subscription " + shell(region.subscription_id)
    only = "[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {"
    given = "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR (@Request" + only
    taken = "}))\nAND\n((!(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})) OR (@Resource" + only
    return f"""\
roles=$(for role in {shell(*roles)}; do
  {listed} --name "$role" --query '[0].name' --output tsv
done | paste -sd, -)
condition={shell(given)}$roles{shell(taken)}$roles{shell("}))")}
"""
