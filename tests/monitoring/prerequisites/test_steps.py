"""What a region's file, the components and the workflows ask for, in order, by commands that only read."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from monitoring.blueprint.values.charts import ROOT
from monitoring.fleet import Fleet, load_fleet
from monitoring.prerequisites.asking import Finding, ask, only_reads
from monitoring.prerequisites.script import script
from monitoring.prerequisites.step import Known, Look, State, Step, judged, shell
from monitoring.prerequisites.steps import repository_of, steps
from monitoring.prerequisites.workflows import environments, variables

READS = {
    ("az", "show"),
    ("az", "list"),
    ("az", "list-skus"),
    ("az", "list-usage"),
    ("az", "list-grants"),
    ("az", "rest", "get"),
    ("kubectl", "get"),
    ("gh", "GET"),
}
"""Program and verb of all that may look."""


@pytest.fixture(scope="module")
def by_region(fleet: Fleet) -> Mapping[str, tuple[Step, ...]]:
    """The steps of every region of the tests and of production."""
    fleets = (fleet, load_fleet(ROOT / "regions"))
    return {one.name: steps(one, of, repository="owner/trial") for of in fleets for one in of.regions}


def named(found: tuple[Step, ...], prefix: str) -> list[str]:
    return [step.name.removeprefix(prefix) for step in found if step.name.startswith(prefix)]


def test_secrets_are_those_of_the_regions_components_and_receivers(by_region: Mapping[str, tuple[Step, ...]]) -> None:
    everywhere = [
        "alertmanager-trial-chat",
        "alertmanager-trial-dead-mans-switch",
        "alertmanager-trial-desk",
        "alertmanager-trial-night",
        "oauth2-proxy-cookie-secret",
        "oauth2-proxy-htpasswd",
    ]
    apply = ["PLAN_KEY of apply-fleet", "PLAN_KEY of apply-trial-beta"]
    assert named(by_region["trial-beta"], "secret ") == [*everywhere, *apply]
    alpha = named(by_region["trial-alpha"], "secret ")
    assert set(alpha) - set(everywhere) == {
        "PLAN_KEY of apply-fleet",
        "PLAN_KEY of apply-trial-alpha",
        "postgres-exporter-trial",
        "redis-exporter-trial",
    }


def test_networks_are_peered_where_one_asks_the_other(by_region: Mapping[str, tuple[Step, ...]]) -> None:
    assert named(by_region["trial-beta"], "peering of ") == [
        "trial-beta to trial-alpha",
        "trial-alpha to trial-beta",
    ]
    assert len(named(by_region["trial-alpha"], "peering of ")) == 4


def test_what_is_in_other_subscriptions_is_looked_for_there(fleet: Fleet) -> None:
    region = fleet.region("trial-beta")
    hub, spoke = "88888888-8888-4888-8888-888888888888", "99999999-9999-4999-8999-999999999999"
    own = region.subscription_id
    network = {
        "blob_private_dns_zone_id": region.network.blob_private_dns_zone_id.replace(own, hub),
        "virtual_network_id": region.network.virtual_network_id.replace(own, spoke),
    }
    moved = region.model_copy(update={"network": region.network.model_copy(update=network)})
    found = steps(moved, fleet, repository="owner/trial")
    groups = named(found, "resource group rg-trial-network")
    assert groups == [f" in {hub}", f" in {spoke}"]
    looked = {step.name: step.look for step in found}
    assert spoke in looked["network vnet-beta"]
    assert hub in looked["private DNS zone privatelink.blob.core.windows.net"]
    assert {name for name in looked if "for AZURE_APPLY_CLIENT_ID" in name} >= {
        "Network Contributor in vnet-beta for AZURE_APPLY_CLIENT_ID",
        "Role Based Access Control Administrator in vnet-beta for AZURE_APPLY_CLIENT_ID",
        "Private DNS Zone Contributor in privatelink.blob.core.windows.net for AZURE_APPLY_CLIENT_ID",
    }
    assert f"Reader in the subscription {hub} for AZURE_PLAN_CLIENT_ID" in looked


def test_settings_of_the_cluster_follow_the_engine(by_region: Mapping[str, tuple[Step, ...]]) -> None:
    assert named(by_region["trial-gamma"], "policies by host name") == [" of aks-trial-gamma"]
    assert named(by_region["trial-alpha"], "policies by host name") == []


@pytest.mark.parametrize(
    ("version", "profile", "state"),
    [
        ("1.36.6", None, State.THERE),
        ("1.37.1", None, State.DIFFERS),
        ("1.37.1", {"mode": "Preferred"}, State.DIFFERS),
        ("1.37.1", {"mode": "Disabled"}, State.THERE),
    ],
)
def test_policies_by_host_name_want_no_local_dns_in_any_pool(
    by_region: Mapping[str, tuple[Step, ...]], version: str, profile: Any, state: State
) -> None:
    (step,) = [one for one in by_region["trial-gamma"] if one.name == "no LocalDNS in aks-trial-gamma"]
    pools = [
        {"name": "system", "currentOrchestratorVersion": version, "localDnsProfile": profile},
        {"name": "other", "currentOrchestratorVersion": "1.36.6", "localDnsProfile": None},
    ]
    assert judged(step.wanted, pools)[0] is state
    assert named(by_region["trial-alpha"], "no LocalDNS") == []


def test_an_issuer_of_another_kind_is_made_by_hand(by_region: Mapping[str, tuple[Step, ...]]) -> None:
    by_hand = [step for step in by_region["trial-beta"] if step.name == "issuer trial-ca in aks-trial-beta"]
    assert [(step.make, step.by_hand) for step in by_hand] == [
        ("", "a Issuer of cert-manager.io that can issue for monitoring")
    ]


def test_what_github_must_hold_is_read_from_the_workflows() -> None:
    found = environments("fleet", "trial-beta")
    assert [(one.name, one.client_id, one.secrets, one.applies) for one in found] == [
        ("plan", "AZURE_PLAN_CLIENT_ID", (), False),
        ("apply-fleet", "AZURE_APPLY_CLIENT_ID", ("PLAN_KEY",), True),
        ("apply-trial-beta", "AZURE_APPLY_CLIENT_ID", ("PLAN_KEY",), True),
    ]
    assert variables() == ("AZURE_APPLY_CLIENT_ID", "AZURE_PLAN_CLIENT_ID", "AZURE_TENANT_ID", "PLAN_CERTIFICATE")


def test_the_repository_is_that_of_the_runbooks(fleet: Fleet) -> None:
    assert repository_of(load_fleet(ROOT / "regions").region("prod-westus")) == "oversight/monitoring"
    assert repository_of(fleet.region("trial-beta")) is None


def test_every_step_is_named_once_and_stands_behind_what_it_needs(by_region: Mapping[str, tuple[Step, ...]]) -> None:
    for found in by_region.values():
        seen: set[str] = set()
        for step in found:
            assert step.name not in seen
            assert set(step.needs) <= seen, step.name
            seen.add(step.name)


def test_the_figures_of_the_page_are_those_of_production() -> None:
    """docs/regions.md: how many steps, how many of them are the first region's alone, and how many commands look."""
    fleet = load_fleet(ROOT / "regions")
    found = {one.name: steps(one, fleet, repository="owner/trial") for one in fleet.regions}
    west, north = (found[name] for name in ("prod-westus", "prod-northeurope"))
    # of the same name in both, but each region's own: what is in its vault, its network and its location
    own = ("secret alertmanager", "secret oauth2", "subnet", "size", "quota")
    shared = {one.name for one in west} & {one.name for one in north if not one.name.startswith(own)}
    by_hand = [one.name for one in west if not one.make and one.name not in shared]
    page = (ROOT / "docs" / "regions.md").read_text(encoding="utf-8")
    assert f"the {len(west)} prerequisites of West US, {len(shared)} exist once the first region does" in page
    assert f"does; {len(west) - len(shared)} are its own" in page
    assert f"{len({str(one.look) for one in west})} commands that look" in page
    assert len(by_hand) == 4


def test_every_step_says_how_it_is_made(by_region: Mapping[str, tuple[Step, ...]]) -> None:
    assert [step.name for found in by_region.values() for step in found if not (step.make or step.by_hand)] == []


def verb(line: Look) -> tuple[str, ...]:
    """Program and verb, said without the program's own judgement."""
    words = [part if isinstance(part, str) else "a value" for part in line]
    if words[0] == "kubectl":
        return words[0], words[3]
    if words[0] == "gh":
        return words[0], words[3]
    if words[1] == "rest":
        return words[0], "rest", words[3]
    return words[0], words[words.index(next(word for word in words if word.startswith("-"))) - 1]


def looks(found: tuple[Step, ...]) -> list[Look]:
    known = [
        value
        for step in found
        for one in step.wanted
        for value in (*one.item.values(), *one.fields.values(), *step.look)
        if isinstance(value, Known)
    ]
    return [*(step.look for step in found), *(one.look for one in known)]


def test_what_looks_changes_nothing_and_shows_no_secret(by_region: Mapping[str, tuple[Step, ...]]) -> None:
    for found in by_region.values():
        lines = looks(found)
        assert len(lines) > len(found)
        assert {verb(line) for line in lines} <= READS
        for line in lines:
            text = tuple(part if isinstance(part, str) else "a value" for part in line)
            assert only_reads(text), text
            assert "secret" not in text or text[3] == "list", text


@pytest.mark.parametrize(
    "line",
    [
        "az group create --name show",
        "az group delete --name list",
        "az keyvault secret show --vault-name a --name b",
        "az rest --method post --url https://graph.microsoft.com/v1.0/applications",
        "az rest --url https://graph.microsoft.com/v1.0/applications",
        "az",
        "kubectl --context a delete pod b",
        "kubectl --context a get secret b",
        "kubectl get pod b",
        "gh api --method PUT repos/a/b/environments/c",
        "gh api repos/a/b/environments -f name=c",
        "gh api --method GET repos/a/b -f name=c",
        "bash -c true",
    ],
)
def test_a_look_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="must only read, got"):
        ask(tuple(line.split()))


def test_scripts_of_all_regions_are_bash(by_region: Mapping[str, tuple[Step, ...]], tmp_path: Path) -> None:
    for region, found in by_region.items():
        text = script([Finding(step=step, state=State.UNKNOWN) for step in found], region=region, arguments=region)
        file = tmp_path / region
        file.write_text(text)
        assert (
            subprocess.run(["/usr/bin/env", "bash", "-n", str(file)], capture_output=True, check=False).returncode == 0
        )
        assert text.count("\nif is ") == len(found)


def test_no_command_holds_a_secret_or_ends_in_the_middle(by_region: Mapping[str, tuple[Step, ...]]) -> None:
    for found in by_region.values():
        for step in found:
            assert "{put}" not in step.make
            if " secret set " in step.make and "keyvault" in step.make:
                assert "--file /dev/stdin" in step.make
                assert "--value" not in step.make


def test_values_are_quoted_for_the_shell() -> None:
    value = Known(name="a", look=("az", "account", "show"), path="id", text="$(printf 'two words')")
    line = shell("printf", "%s|", "a b", "it's", "$HOME", value)
    assert subprocess.run(["/usr/bin/env", "bash", "-c", line], capture_output=True, text=True, check=True).stdout == (
        "a b|it's|$HOME|two words|"
    )
