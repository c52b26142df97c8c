"""What is said of a region by what az, kubectl and gh answer, from nothing to all that it needs."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from monitoring.__main__ import main
from monitoring.prerequisites.asking import Answer, Asking, Finding
from monitoring.prerequisites.script import script
from monitoring.prerequisites.step import State
from tests.monitoring.prerequisites.conftest import REGION, REPOSITORY, Cloud, Made

CLUSTER = "aks-trial-alpha"
SUBSCRIPTION = "11111111-1111-4111-8111-111111111111"


def test_the_printed_script_makes_all_that_is_missing(made: Made) -> None:
    assert made.not_there == {}
    assert len(made.steps) > 80


def test_a_script_makes_what_is_missing_once_and_leaves_the_rest_alone(whole: Cloud) -> None:
    state = whole.state
    del state["secrets"]["alertmanager-trial-desk"]
    state["links"] = []
    state["aks"][CLUSTER]["disableLocalAccounts"] = False
    state["network vnet subnet"]["balancers/vnet-alpha"]["addressPrefix"] = "10.1.8.0/27"
    whole.becomes(state)
    text = whole.script()
    assert text.count("\nif is ") == 3
    assert "# subnet balancers:  must be of the addresses 10.1.8.0/28, got {" in text
    root = str(Path(__file__).parents[3])
    first = whole.run(text, PYTHON=sys.executable, PYTHONPATH=root)
    assert first.returncode == 0, first.stderr
    assert [" ".join(line.split()[:4]) for line in whole.changes()] == [
        "az network private-dns link",
        "az aks update --enable-aad",
        "az keyvault secret set",
    ]
    again = whole.run(text, PYTHON=sys.executable, PYTHONPATH=root)
    assert again.returncode == 0, again.stderr
    assert [line.partition(":")[0] for line in again.stderr.splitlines()] == ["there"] * 3
    assert whole.changes() == []
    assert set(whole.not_there()) == {"subnet balancers"}


def test_a_script_stops_where_nothing_can_be_known(whole: Cloud) -> None:
    state = whole.state
    state["links"] = []
    whole.becomes(state)
    text = whole.script("link of vnet-alpha to privatelink.blob.core.windows.net")
    whole.becomes({**state, "signed out": True})
    done = whole.run(text, PYTHON=sys.executable, PYTHONPATH=str(Path(__file__).parents[3]))
    assert done.returncode == 2
    assert done.stderr == "unknown: link of vnet-alpha to privatelink.blob.core.windows.net\n"
    assert whole.changes() == []


def test_what_needs_something_missing_is_missing_and_not_asked_for(cloud: Cloud) -> None:
    found = cloud.findings()
    assert found["subnet nodes"].evidence == "needs network vnet-alpha"
    assert found["secret oauth2-proxy-htpasswd"].state is State.MISSING
    assert {one.state for one in found.values()} == {State.THERE, State.MISSING, State.DIFFERS}
    assert [name for name, one in found.items() if one.state is State.THERE] == [
        "size Standard_D4ds_v5",
        "quota of vCPUs for Standard_D4ds_v5",
        "resource group rg-trial-clusters",
        "cluster aks-trial-alpha",
        "role Oversight monitoring disk attach",
    ]


def _with(state: dict[str, Any], path: str, value: Any) -> None:
    *above, last = path.split("\n")
    for key in above:
        state = state[int(key)] if isinstance(state, list) else state[key]
    state[int(last) if isinstance(state, list) else last] = value


@pytest.mark.parametrize(
    ("path", "value", "step", "told"),
    [
        (
            "providers/Microsoft.Storage",
            "NotRegistered",
            "resource provider Microsoft.Storage",
            "registrationState must be 'Registered', got 'NotRegistered'",
        ),
        (
            "feature",
            "Pending",
            "feature EncryptionAtHost",
            "properties.state must be 'Registered', got 'Pending'",
        ),
        (
            "skus/0/locationInfo/0/zones",
            ["1", "2"],
            "size Standard_D4ds_v5",
            "locationInfo.zones must be in the zones 1, 2, 3, got ['1', '2']",
        ),
        (
            "skus/0/restrictions",
            [{"type": "Zone", "restrictionInfo": {"zones": ["3"]}}],
            "size Standard_D4ds_v5",
            "restrictions must be none of the region or of its zones, got",
        ),
        (
            "skus/0/capabilities/0/value",
            "False",
            "size Standard_D4ds_v5",
            "capabilities must be with EncryptionAtHostSupported, got",
        ),
        ("usage/0/limit", "35", "quota of vCPUs for Standard_D4ds_v5", "limit must be at least 36, got '35'"),
        (
            "storage account/sttrialstate/allowSharedKeyAccess",
            None,
            "storage account sttrialstate",
            "allowSharedKeyAccess must be false, got null",
        ),
        ("blob service/isVersioningEnabled", None, "versions of sttrialstate", "isVersioningEnabled must be true"),
        (
            "network vnet/vnet-alpha\trg-trial-network/addressSpace/addressPrefixes",
            ["10.1.0.0/21"],
            "network vnet-alpha",
            "addressSpace.addressPrefixes must be around 10.1.0.0/22, 10.1.9.0/28, 10.1.8.0/28, 10.1.12.0/24",
        ),
        (
            "peerings/vnet-alpha/0/peeringState",
            "Disconnected",
            "peering of trial-alpha to trial-beta",
            "peeringState must be 'Connected', got 'Disconnected'",
        ),
        (
            f"aks/{CLUSTER}/currentKubernetesVersion",
            "1.29.9",
            f"cluster {CLUSTER}",
            "currentKubernetesVersion must be of 1.36 or 1.37 (helm-values/versions.yaml), got '1.29.9'",
        ),
        (
            f"aks/{CLUSTER}/networkProfile/networkPolicy",
            "azure",
            f"cluster {CLUSTER}",
            "networkProfile.networkPolicy must be 'calico', got 'azure'",
        ),
        (
            f"aks/{CLUSTER}/networkProfile/podCidr",
            "10.244.0.0/16",
            f"cluster {CLUSTER}",
            "networkProfile.podCidr must be 10.61.0.0/16 or empty (no overlay), got '10.244.0.0/16'",
        ),
        (
            f"aks/{CLUSTER}/identity",
            {"type": "SystemAssigned"},
            f"cluster {CLUSTER}",
            "identity.userAssignedIdentities must be id-aks-trial-alpha",
        ),
        (
            f"aks/{CLUSTER}/aadProfile/enableAzureRBAC",
            False,
            f"sign-in by Entra alone of {CLUSTER}",
            "aadProfile.enableAzureRbac must be true, got false",
        ),
        (
            f"aks/{CLUSTER}/addonProfiles/azureKeyvaultSecretsProvider/config",
            {"enableSecretRotation": "false"},
            f"rotation of the Key Vault driver of {CLUSTER}",
            "must be true, got 'false'",
        ),
        (
            "objects/clusterrole\tcert-manager-edit/metadata/labels",
            {"rbac.authorization.k8s.io/aggregate-to-edit": "true"},
            f"narrow roles of cert-manager in {CLUSTER}",
            "metadata.labels must be without aggregate-to",
        ),
        (
            "objects/clusterissuer.cert-manager.io\ttrial-ca/status/conditions/0/status",
            "False",
            f"issuer trial-ca in {CLUSTER}",
            "status must be 'True', got 'False'",
        ),
        (
            "objects/gateway.gateway.networking.k8s.io\tfront/spec/listeners/0/allowedRoutes/namespaces",
            {"from": "Same"},
            f"Gateway edge/front in {CLUSTER}",
            "allowedRoutes.namespaces must be all, or those with the name monitoring, got {from: 'Same'}",
        ),
        (
            "objects/gateway.gateway.networking.k8s.io\tfront/status/listeners/0/conditions/0/status",
            "False",
            f"certificate of the listener web in {CLUSTER}",
            "conditions must be ResolvedRefs: True",
        ),
        (
            "records/0/ARecords",
            [{"ipv4Address": "203.0.113.8"}],
            "public name metrics-alpha.trial.example",
            "ARecords.ipv4Address must be '203.0.113.7', got ['203.0.113.8']",
        ),
        (
            "keyvault/kv-trial-alpha/properties/enableRbacAuthorization",
            False,
            "Key Vault kv-trial-alpha",
            "properties.enableRbacAuthorization must be true, got false",
        ),
        (
            "apps/33333333-3333-4333-8333-333333333333/groupMembershipClaims",
            "All",
            "application of the sign-in",
            "groupMembershipClaims must be 'ApplicationGroup', got 'All'",
        ),
        (
            "apps/33333333-3333-4333-8333-333333333333/web/redirectUris",
            ["https://other.trial.example/oauth2/callback"],
            "redirect to metrics-alpha.trial.example",
            "web.redirectUris must be 'https://metrics-alpha.trial.example/oauth2/callback'",
        ),
        (
            "grants/0/scope",
            "openid profile",
            "consent for all",
            "scope must be openid, profile, email, got 'openid profile'",
        ),
        (
            "github/environments/apply-trial-alpha/rules",
            [{"type": "branch_policy"}],
            "environment apply-trial-alpha",
            "protection_rules must be with an approval and the branches that may deploy, got",
        ),
        (
            "github/variables/AZURE_TENANT_ID",
            "99999999-9999-4999-8999-999999999999",
            "variable AZURE_TENANT_ID",
            "value must be '22222222-2222-4222-8222-222222222222', got",
        ),
        (
            "roles/Oversight monitoring plan/permissions/0/dataActions",
            [],
            "role Oversight monitoring plan",
            "permissions.dataActions must be",
        ),
    ],
)
def test_what_differs_is_said_with_what_it_must_be(whole: Cloud, path: str, value: Any, step: str, told: str) -> None:
    state = whole.state
    _with(state, path.replace("/", "\n").replace("\t", "/"), value)
    whole.becomes(state)
    found = whole.findings(step)[step]
    assert found.state is State.DIFFERS
    assert told in found.evidence


def test_a_condition_that_is_gone_from_an_assignment_is_said(whole: Cloud) -> None:
    state = whole.state
    (one,) = [
        each for each in state["assignments"] if each["roleDefinitionName"] == "Role Based Access Control Administrator"
    ]
    assert "GuidEquals {guid-Key Vault Secrets User,guid-Network Contributor," in one["condition"]
    one["condition"] = None
    whole.becomes(state)
    name = f"Role Based Access Control Administrator in the subscription {SUBSCRIPTION} for AZURE_APPLY_CLIENT_ID"
    told = whole.findings(name)[name]
    assert (told.state, told.evidence) == (State.DIFFERS, "condition must be given, got null")


@pytest.mark.parametrize("nothing", [None, [], {}], ids=["none", "list", "object"])
def test_no_step_takes_an_answer_of_nothing_for_there(made: Made, nothing: Any) -> None:
    # variables are left: in them the ids are found that others are asked by
    answers = {
        line: answer if "variables" in line[-1] else Answer(value=nothing) for line, answer in made.answers.items()
    }
    steps = [replace(step, needs=()) for step in made.steps]
    there = {one.step.name for one in Asking(answers=answers).findings(steps) if one.state is State.THERE}
    assert {name for name in there if not name.startswith("variable ")} == set()


def _invoked(cloud: Cloud, *arguments: str) -> Any:
    return CliRunner().invoke(
        main, ["prerequisites", REGION, "--repository", REPOSITORY, "--regions", str(cloud.regions), *arguments]
    )


def test_without_the_tools_nothing_is_there(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(cloud.folder))
    done = _invoked(cloud, "--json")
    assert done.exit_code == 2
    assert {(one["state"], one["evidence"].removeprefix("not known yet: ")) for one in json.loads(done.stdout)} == {
        ("unknown", "az is not on PATH"),
        ("unknown", "kubectl is not on PATH"),
        ("unknown", "gh is not on PATH"),
    }


def test_who_is_not_signed_in_knows_nothing_of_azure_and_github(whole: Cloud) -> None:
    whole.becomes({**whole.state, "signed out": True})
    found = whole.findings()
    assert {(one.state, one.evidence) for one in found.values()} == {
        (State.UNKNOWN, "ERROR: Please run 'az login' to setup account."),
        (State.UNKNOWN, "gh: Not Found (HTTP 404)"),
        (State.THERE, ""),
    }
    assert {one.step.look[0] for one in found.values() if one.state is State.THERE} == {"kubectl"}


def test_what_one_may_not_see_is_unknown_and_not_missing(whole: Cloud) -> None:
    whole.becomes({**whole.state, "forbidden": "keyvault secret list"})
    name = "secret oauth2-proxy-htpasswd"
    found = whole.findings(name)
    assert [one.state for one in found.values()] == [State.THERE, State.THERE, State.UNKNOWN]
    assert found[name].evidence.startswith("ERROR: (AuthorizationFailed)")
    assert _invoked(whole, "--step", name).exit_code == 2


@pytest.mark.parametrize(
    ("program", "unknown"),
    [
        (
            "#!/bin/sh\necho 'ERROR: (SubscriptionNotFound) no such' >&2; exit 3\n",
            "ERROR: (SubscriptionNotFound) no such",
        ),
        ("#!/bin/sh\necho 'no JSON'\n", "az answered no JSON: no JSON"),
        ("#!/bin/sh\nexit 7\n", "az ended with 7"),
    ],
)
def test_an_answer_that_says_nothing_is_unknown(cloud: Cloud, program: str, unknown: str) -> None:
    (cloud.folder / "bin" / "az").write_text(program)
    (found,) = Asking().findings(cloud.steps()[:1])
    assert (found.state, found.evidence) == (State.UNKNOWN, unknown)


def test_each_command_is_asked_once(made: Made) -> None:
    assert len(made.answers) < len(made.steps) / 1.5


def test_the_missing_steps_are_printed_with_their_commands(whole: Cloud) -> None:
    state = whole.state
    del state["secrets"]["alertmanager-trial-desk"]
    whole.becomes(state)
    done = _invoked(whole)
    assert done.exit_code == 1
    assert done.stdout.splitlines()[0] == "# missing: secret alertmanager-trial-desk"
    assert "az keyvault secret set --vault-name kv-trial-alpha --name alertmanager-trial-desk" in done.stdout
    count = len(whole.steps())
    assert done.stdout.splitlines()[-1] == f"# {REGION}: {count - 1} there, 0 differs, 1 missing, 0 unknown"


def test_a_region_that_lacks_nothing_is_exit_code_0(whole: Cloud) -> None:
    done = _invoked(whole, "--all")
    assert done.exit_code == 0
    assert done.stdout.count("# there: ") == len(whole.steps())


def test_offline_prints_every_step_and_asks_nobody(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(cloud.folder))
    done = _invoked(cloud, "--offline")
    assert done.exit_code == 0
    assert done.stdout.count(": not asked\n") == len(cloud.steps())


def test_one_step_alone_is_told_by_the_exit_code(cloud: Cloud) -> None:
    assert _invoked(cloud, "--step", "cluster aks-trial-alpha").exit_code == 0
    assert _invoked(cloud, "--step", "subnet nodes").exit_code == 1
    told = _invoked(cloud, "--all", "--step", "cluster aks-trial-alpha")
    assert told.stdout.startswith("# there: cluster aks-trial-alpha\n")


@pytest.mark.parametrize("step", ["subnet of yesterday", "link of vnet-alpha to privatelink.blob.core.windows.net"])
def test_a_script_of_another_file_than_todays_changes_nothing(cloud: Cloud, step: str) -> None:
    text = script(
        [Finding(step=replace(cloud.steps()[0], name=step), state=State.MISSING)],
        region=REGION,
        arguments=f"{REGION} --repository {REPOSITORY} --regions {cloud.regions}",
    )
    if step.startswith("link"):  # a step of today's, but the file is broken meanwhile
        (cloud.regions / f"{REGION}.yaml").write_text("location: 1")
    done = cloud.run(text, PYTHON=sys.executable, PYTHONPATH=str(Path(__file__).parents[3]))
    assert done.returncode == 2
    assert done.stderr.endswith(f"unknown: {step}\n")
    assert cloud.changes() == []


def test_a_step_that_is_none_and_a_repository_that_nobody_knows_are_told(cloud: Cloud) -> None:
    done = _invoked(cloud, "--step", "coffee")
    assert (done.exit_code, done.stderr) == (1, "step: must be one of those of --all, got coffee\n")
    done = CliRunner().invoke(main, ["prerequisites", REGION, "--regions", str(cloud.regions)])
    assert done.exit_code == 2
    assert "--repository must be given" in done.stderr
