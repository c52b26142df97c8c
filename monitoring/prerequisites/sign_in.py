"""The application in Entra by which people sign in, of all regions with the same `access.client_id`."""

from __future__ import annotations

import json
from collections.abc import Iterator

from monitoring.blueprint.components.workloads import SIGN_IN
from monitoring.fleet.model import Region
from monitoring.prerequisites.azure import az
from monitoring.prerequisites.cluster import show, step_name
from monitoring.prerequisites.step import Condition, Known, Raw, Step, Wanted, shell

AUDIENCE = "api://AzureADTokenExchange"
GRAPH = "00000003-0000-0000-c000-000000000000"
"""Application id of Microsoft Graph, the same in every tenant."""

SCOPES = ("openid", "profile", "email")
ROLES = ("Viewer", "Editor", "Admin")
"""Grafana's roles, as the claim `roles` must name them (docs/access.md)."""

PRINCIPALS = "https://graph.microsoft.com/v1.0/servicePrincipals"


def steps(region: Region) -> Iterator[Step]:
    """The application, its service principal and consent, the group; then what each region adds."""
    client = region.access.client_id
    application = "application of the sign-in"
    show_application = az("ad", "app", "list", "--app-id", client)
    update = ("az", "ad", "app", "update", "--id", client)
    redirect = f"https://{region.access.host}/oauth2/callback"
    claims = "groupMembershipClaims=ApplicationGroup"
    create = (
        *("az", "ad", "app", "create", "--display-name", "oversight-monitoring"),
        *("--sign-in-audience", "AzureADMyOrg", "--query", "appId", "--output", "tsv"),
    )
    yield Step(
        name=application,
        look=show_application,
        wanted=(Wanted(among="", fields={"groupMembershipClaims": "ApplicationGroup"}),),
        make=f"client=$({shell(*create)})\n"
        + shell("az", "ad", "app", "update", "--id", Raw('"$client"'), "--set", claims)
        + '\nprintf "access.client_id: %s\\n" "$client"',
        mend=shell(*update, "--set", claims),
        by_hand="its id goes into access.client_id of regions/_common.yaml, then run this again",
    )
    roles = _make_roles(client)
    yield Step(
        name="roles of the application",
        look=show_application,
        wanted=tuple(Wanted(among="", fields={"appRoles.value": role}) for role in ROLES),
        make=roles,
        mend=roles,
        needs=(application,),
    )
    # the option replaces the list: what is there is named again
    known = Raw(
        f"$({shell('az', 'ad', 'app', 'show', '--id', client, '--query', 'web.redirectUris', '--output', 'tsv')})"
    )
    add = shell(*update, "--web-redirect-uris", known, redirect)
    yield Step(
        name=f"redirect to {region.access.host}",
        look=show_application,
        wanted=(Wanted(among="", fields={"web.redirectUris": redirect}),),
        make=add,
        mend=add,
        needs=(application,),
    )
    yield from _principal(region, application)
    yield _cluster_credential(region, application)


def _make_roles(client: str) -> str:
    role = '{"id": "%s", "value": "%s", "displayName": "%s", "description": "Grafana: %s", "isEnabled": true, '
    role += '"allowedMemberTypes": ["User"]}'
    return f"""\
roles=
for role in {" ".join(ROLES)}; do
  roles+=${{roles:+, }}$(printf {shell(role)} "$(uuidgen)" "$role" "$role" "$role")
done
{shell("az", "ad", "app", "update", "--id", client, "--app-roles", Raw('"[$roles]"'))}"""


def _principal(region: Region, application: str) -> Iterator[Step]:
    client, group = region.access.client_id, region.access.allowed_group
    require = shell("az", "ad", "sp", "update", "--id", client, "--set", "appRoleAssignmentRequired=true")
    principal = "service principal of the sign-in"
    yield Step(
        name=principal,
        look=az("ad", "sp", "list", "--filter", f"appId eq '{client}'"),
        wanted=(Wanted(among="", fields={"appRoleAssignmentRequired": True}),),
        make=shell("az", "ad", "sp", "create", "--id", client, "--output", "none") + f"\n{require}",
        mend=require,
        needs=(application,),
    )
    consent = shell(
        *("az", "ad", "app", "permission", "grant", "--id", client, "--api", GRAPH, "--scope", " ".join(SCOPES))
    )
    scopes = Condition(", ".join(SCOPES), lambda scope: set(SCOPES) <= set((scope or "").split()))
    yield Step(
        name="consent for all",
        look=az("ad", "app", "permission", "list-grants", "--id", client),
        wanted=(Wanted(among="", item={"consentType": "AllPrincipals"}, fields={"scope": scopes}),),
        make=consent,
        mend=consent,
        needs=(principal,),
    )
    who = f"group {group}"
    yield Step(
        name=who,
        look=az("ad", "group", "list", "--filter", f"id eq '{group}'"),
        wanted=(Wanted(among=""),),
        make=shell(
            *("az", "ad", "group", "create", "--display-name", "oversight-sre", "--mail-nickname", "oversight-sre"),
            *("--query", "id", "--output", "tsv"),
        ),
        by_hand="its id goes into access.allowed_group of regions/_common.yaml, then run this again",
    )
    assigned = f"{PRINCIPALS}(appId='{client}')/appRoleAssignedTo"
    principal_id = shell("az", "ad", "sp", "show", "--id", client, "--query", "id", "--output", "tsv")
    role = ("az", "ad", "app", "show", "--id", client, "--query", "appRoles[?value=='Editor'].id", "--output", "tsv")
    said = f'{{"principalId": "{group}", "resourceId": "', '", "appRoleId": "', '"}'
    body = f"""'{said[0]}'"$({principal_id})"'{said[1]}'"$({shell(*role)})"'{said[2]}'"""
    yield Step(
        name=f"role of the group {group}",
        look=("az", "rest", "--method", "get", "--url", assigned, "--only-show-errors", "--output", "json"),
        wanted=(Wanted(among="value", item={"principalId": group}),),
        make=shell("az", "rest", "--method", "post", "--url", assigned, "--body", Raw(body)),
        needs=(principal, who, "roles of the application"),
    )


def _cluster_credential(region: Region, application: str) -> Step:
    client = region.access.client_id
    asked = show(region)
    tsv = ("--query", "oidcIssuerProfile.issuerUrl", "--output", "tsv")
    issuer = Known(
        name=f"the OIDC issuer of {region.cluster.name}",
        look=asked,
        path="oidcIssuerProfile.issuerUrl",
        text=f"$({shell(*asked[:-2], *tsv)})",
    )
    subject = f"system:serviceaccount:{SIGN_IN.namespace}:{SIGN_IN.service_account}"
    return Step(
        name=f"credential of {region.cluster.name} for the sign-in",
        look=az("ad", "app", "federated-credential", "list", "--id", client),
        wanted=(Wanted(among="", item={"issuer": issuer, "subject": subject}, fields={"audiences": AUDIENCE}),),
        make=credential(client, name=region.cluster.name, issuer=issuer, subject=subject),
        by_hand="an application takes 20: for more clusters a second one, with its own access.client_id",
        needs=(application, step_name(region), f"workload identity of {region.cluster.name}"),
    )


def credential(client: str | Known, *, name: str, issuer: str | Known, subject: str) -> str:
    """The command that lets the holder of the subject be the application."""
    said = json.dumps({"name": name, "issuer": "ISSUER", "subject": subject, "audiences": [AUDIENCE]})
    known = f"'{shell(issuer)}'" if isinstance(issuer, Known) else issuer
    said = f"'{said.replace('ISSUER', known)}'"
    return shell("az", "ad", "app", "federated-credential", "create", "--id", client, "--parameters", Raw(said))
