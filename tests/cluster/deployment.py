"""A region's stack on the cluster, by Terraform with the providers of Helm and Kubernetes; its state is beside it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitoring.blueprint.values.charts import Chart, versions
from monitoring.rendering.charts import find_chart
from tests.cluster.kubectl import Cluster
from tests.cluster.translation import Json, without_azure

CHANGES = 2
"""Exit code of `terraform plan -detailed-exitcode` where something is to be done."""

CLAIM = "kubernetes_persistent_volume_claim_v1"

WEBHOOK_OF_RULES = [
    {"name": "prometheusOperator.admissionWebhooks.failurePolicy", "value": "Ignore"},
    {"name": "prometheusOperator.admissionWebhooks.timeoutSeconds", "value": "1", "type": "auto"},
]
"""No process answers at the address of a pod that kwok plays: the API server goes on without the operator's webhook."""


class Failed(Exception):  # noqa: N818  (Terraform says what is wrong)
    """Terraform ended with an error; the message is what it said."""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A work folder of Terraform. `charts` is a folder of charts at hand, `mirror` one of providers, if any."""

    cluster: Cluster
    folder: Path
    charts: Path | None
    mirror: Path | None

    def take(self, synthesized: Path) -> None:
        """Put a synthesized stack into the folder, in the place of whichever was there; the state stays."""
        stack = json.loads((synthesized / "cdk.tf.json").read_text(encoding="utf-8"))
        shutil.copytree(synthesized, self.folder, dirs_exist_ok=True)
        (self.folder / ".terraform.lock.hcl").unlink(missing_ok=True)  # of other providers: those with Azure's
        translated = without_azure(stack, chart=self._chart)
        (self.folder / "cdk.tf.json").write_text(json.dumps(translated, indent=1), encoding="utf-8")
        self.terraform("init", "-input=false")

    def apply(self) -> None:
        """All of the stack."""
        self.terraform("apply", "-input=false", "-auto-approve")

    def changes(self) -> list[str]:
        """Addresses of what a plan would still do."""
        if self.terraform("plan", "-input=false", "-detailed-exitcode", "-out=plan", well=(0, CHANGES)).returncode == 0:
            return []
        plan = json.loads(self.terraform("show", "-json", "plan").stdout)
        return [
            f"{one['address']}: {' and '.join(one['change']['actions'])}"
            for one in plan["resource_changes"]
            if one["change"]["actions"] != ["no-op"]
        ]

    def protected(self) -> list[str]:
        """Addresses of what holds data: Terraform refuses to destroy it."""
        stack: Json = json.loads((self.folder / "cdk.tf.json").read_text(encoding="utf-8"))
        return [
            f"{kind}.{name}"
            for kind, named in stack["resource"].items()
            for name, body in named.items()
            if body.get("lifecycle", {}).get("prevent_destroy")
        ]

    def claims_to_make(self) -> dict[str, str]:
        """Addresses of the stack's claims that the state lacks, with the claims' names."""
        known = self.terraform("state", "list").stdout.split()
        stack: Json = json.loads((self.folder / "cdk.tf.json").read_text(encoding="utf-8"))
        claims = stack["resource"].get(CLAIM, {})
        named = {f"{CLAIM}.{key}": body["metadata"]["name"] for key, body in claims.items()}
        return {address: name for address, name in named.items() if address not in known}

    def terraform(self, *line: str, well: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        """What Terraform says; `Failed` where its exit code is not one of `well`."""
        program = shutil.which("terraform")
        if program is None:
            raise Failed("terraform is not on PATH (1.11 or newer)")
        done = subprocess.run(
            [program, f"-chdir={self.folder}", *line, "-no-color"],
            env={**self.cluster.environment, **self._settings()},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in well:
            raise Failed(f"terraform {line[0]}: {done.stderr.strip()[-6000:]}")
        return done

    def _settings(self) -> dict[str, str]:
        if self.mirror is None:
            return {}
        file = self.folder.parent / "terraform.rc"
        file.write_text(
            f'provider_installation {{\n  filesystem_mirror {{ path = "{self.mirror}" }}\n}}\n', encoding="utf-8"
        )
        return {"TF_CLI_CONFIG_FILE": str(file)}

    def _chart(self, release: Json) -> Mapping[str, Any]:
        """Where a release's chart lies on this machine: in `charts`, or pulled once; and what a test has to say."""
        sets = [*release.get("set", ()), *(WEBHOOK_OF_RULES if release["name"] == "kube-prometheus-stack" else ())]
        own: dict[str, Any] = {"set": sets} if sets else {}
        if release["chart"].startswith("assets/"):
            return own
        name = Path(release["chart"]).name.removesuffix(f"-{release['version']}.tgz")
        known = versions().charts[name]
        chart = Chart(name=name, address=known.address, version=release["version"], digest=None)
        scratch = self.folder.parent / "charts" / release["version"]
        scratch.mkdir(parents=True, exist_ok=True)
        found = find_chart(chart, folder=self.charts, scratch=scratch)
        return {**own, "chart": os.fspath(found), "repository": None}
