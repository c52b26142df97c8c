"""A region's surroundings that are a file: nothing in it, or all that the region needs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from monitoring.fleet import Fleet, load_fleet
from monitoring.prerequisites.asking import Answer, Asking, Finding
from monitoring.prerequisites.script import script
from monitoring.prerequisites.step import State, Step
from monitoring.prerequisites.steps import step_of, steps
from tests.monitoring.prerequisites import fake_cloud

REGIONS = Path(__file__).parents[2] / "fleet" / "regions"
REGION = "trial-alpha"
REPOSITORY = "owner/trial"
SUBSCRIPTION = "/subscriptions/11111111-1111-4111-8111-111111111111"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg-trial-clusters/providers"
NETWORKS = f"{SUBSCRIPTION}/resourceGroups/rg-trial-network/providers/Microsoft.Network/virtualNetworks"
NODES = f"{NETWORKS}/vnet-alpha/subnets/nodes"
SIZE = "Standard_D4ds_v5"

EMPTY: Mapping[str, Any] = {
    # what a person makes: the cluster, the quota, the role of the stack fleet, the DNS zone of the domain
    "aks": {
        "aks-trial-alpha": {
            "name": "aks-trial-alpha",
            "currentKubernetesVersion": "1.36.4",
            "networkProfile": {"networkPolicy": "calico", "podCidr": "10.61.0.0/16"},
            "agentPoolProfiles": [{"name": "system", "vnetSubnetId": NODES}],
            "identity": {
                "type": "UserAssigned",
                "userAssignedIdentities": {
                    # Azure gives ids back in another case than they were given
                    f"{GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/ID-AKS-TRIAL-ALPHA": {}
                },
            },
        }
    },
    "group": {"rg-trial-clusters": {"name": "rg-trial-clusters"}},
    "skus": [
        {
            "name": SIZE,
            "family": "standardDDSv5Family",
            "locationInfo": [{"location": "swedencentral", "zones": ["3", "1", "2"]}],
            "restrictions": [],
            "capabilities": [{"name": "EncryptionAtHostSupported", "value": "True"}],
        }
    ],
    "usage": [
        {"name": {"value": "standardDDSv5Family"}, "currentValue": "0", "limit": "36"},
        {"name": {"value": "cores"}, "currentValue": "0", "limit": "350"},
    ],
    "roles": {
        "Oversight monitoring disk attach": {
            "roleName": "Oversight monitoring disk attach",
            "name": "guid-disk",
            "assignableScopes": [SUBSCRIPTION],
        }
    },
    "dns zones": [
        {"name": "other.example", "resourceGroup": "rg-other"},
        {"name": "trial.example", "resourceGroup": "rg-dns"},
    ],
    "providers": {
        f"Microsoft.{name}": "NotRegistered"
        for name in (
            *("Compute", "ContainerService", "Insights", "KeyVault", "ManagedIdentity", "Network"),
            *("OperationalInsights", "Storage", "DataProtection"),
        )
    },
    "feature": "NotRegistered",
    "blob service": {"isVersioningEnabled": None, "deleteRetentionPolicy": {"enabled": False}},
    "peerings": {},
    "links": [],
    "records": [],
    "secrets": {},
    "apps": {},
    "principals": {},
    "groups": [],
    "grants": [],
    "assigned": [],
    "credentials": {},
    "assignments": [],
    "objects": {},
    "github": {"environments": {}, "variables": {}},
}


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """The fakes on PATH, their state, and the fleet that asks."""

    folder: Path
    fleet: Fleet
    regions: Path

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "state.json").read_text())
        return found

    def becomes(self, state: Mapping[str, Any]) -> None:
        (self.folder / "state.json").write_text(json.dumps(state))

    def changes(self) -> list[str]:
        """What was called that changes something, since it was asked last."""
        log = self.folder / "changes"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    def steps(self) -> tuple[Step, ...]:
        return steps(self.fleet.region(REGION), self.fleet, repository=REPOSITORY)

    def findings(self, only: str | None = None) -> dict[str, Finding]:
        """Of all steps, or of one and those that it needs."""
        found = step_of(only, self.steps()) if only else self.steps()
        return {finding.step.name: finding for finding in Asking().findings(found)}

    def not_there(self) -> dict[str, str]:
        return {
            name: f"{found.state}: {found.evidence}"
            for name, found in self.findings().items()
            if found.state is not State.THERE
        }

    def run(self, text: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A script for bash in a folder of its own; whatever it asks for is answered with x."""
        file = self.folder / "script"
        file.write_text(text)
        return subprocess.run(
            ["/usr/bin/env", "bash", str(file)],
            cwd=self.folder,
            env={**os.environ, **environment},
            input="x\n" * 50,
            capture_output=True,
            text=True,
            check=False,
        )

    def script(self, only: str | None = None) -> str:
        arguments = f"{REGION} --repository {REPOSITORY} --regions {self.regions}"
        return script(self.findings(only).values(), region=REGION, arguments=arguments)


def _cloud(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    programs = folder / "bin"
    programs.mkdir()
    for tool in fake_cloud.TOOLS:
        file = programs / tool
        file.write_text(fake_cloud.program(tool))
        file.chmod(0o755)
    regions = folder / "regions"
    shutil.copytree(REGIONS, regions)
    common = regions / "_common.yaml"
    common.write_text(common.read_text().replace("name: trial-ca, kind: Issuer", "name: trial-ca, kind: ClusterIssuer"))
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_CLOUD", str(folder / "state.json"))
    made = Cloud(folder=folder, fleet=load_fleet(regions), regions=regions)
    made.becomes(EMPTY)
    return made


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """A region of which nothing is there but what only a person makes; its issuer is one of cert-manager's own."""
    return _cloud(tmp_path, monkeypatch)


@dataclass(frozen=True, kw_only=True)
class Made:
    """What the printed script has made of nothing, and all answers of then."""

    state: Mapping[str, Any]
    answers: Mapping[tuple[str, ...], Answer]
    steps: tuple[Step, ...]
    not_there: Mapping[str, str]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A guard in place of Python says of every step that it is missing, so that each command of the script runs.

    But for the Gateway's certificate, which a person brings, and the fake Gateway has.
    """
    folder = tmp_path_factory.mktemp("made")
    guard = folder / "guard"
    guard.write_text(
        '#!/bin/sh\ncase "$*" in *"certificate of the listener"*) echo "# there: x" ;; *) echo "# missing: x" ;; esac\n'
    )
    guard.chmod(0o755)
    with pytest.MonkeyPatch.context() as monkeypatch:
        cloud = _cloud(folder, monkeypatch)
        done = cloud.run(cloud.script(), PYTHON=str(guard))
        assert done.returncode == 0, done.stderr
        asking = Asking()
        found = [*asking.findings(cloud.steps())]
    not_there = {one.step.name: f"{one.state}: {one.evidence}" for one in found if one.state is not State.THERE}
    return Made(
        state=cloud.state,
        answers=asking.answers,
        steps=tuple(one.step for one in found),
        not_there=not_there,
    )


@pytest.fixture
def whole(cloud: Cloud, made: Made) -> Cloud:
    """A region that lacks nothing."""
    cloud.becomes(made.state)
    return cloud
