"""A cluster, asked and changed by kubectl: it knows every way in which a kubeconfig may sign in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Object = Mapping[str, Any]
"""A Kubernetes object."""

UNASKED = {"events", "events.events.k8s.io", "componentstatuses"}
"""Resources that say nothing of what is desired."""


class Refused(Exception):  # noqa: N818  (the API server's answer)
    """kubectl ended with an error; the message is what it said."""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A cluster, by its kubeconfig."""

    kubeconfig: Path

    @property
    def environment(self) -> dict[str, str]:
        """For programs that speak to this cluster and to no other: kubectl, Terraform's providers, the operator."""
        return {**os.environ, "KUBECONFIG": str(self.kubeconfig), "KUBE_CONFIG_PATH": str(self.kubeconfig)}

    def kubectl(self, *arguments: str, given: str = "") -> str:
        """What kubectl says; `Refused` where it ends with an error."""
        program = shutil.which("kubectl")
        if program is None:
            raise Refused("kubectl is not on PATH")
        done = subprocess.run(
            [program, *arguments], env=self.environment, input=given, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Refused(done.stderr.strip())
        return done.stdout

    def objects(self, *resources: str) -> list[Object]:
        """All objects of some resources, in all namespaces."""
        found = json.loads(self.kubectl("get", ",".join(resources), "--all-namespaces", "-o", "json"))
        items: list[Object] = found["items"]
        return items

    def everything(self) -> list[Object]:
        """Every object of the cluster, of whatever resource."""
        names = self.kubectl("api-resources", "--verbs=list", "-o", "name").split()
        return self.objects(*(name for name in names if name not in UNASKED and not name.endswith(".metrics.k8s.io")))

    def apply(self, objects: Iterable[Object]) -> None:
        """Make objects, or bring them to this, as one who owns all of their fields."""
        self._send("apply", "--server-side", "--force-conflicts", objects=objects)

    def create(self, objects: Iterable[Object]) -> None:
        """Make objects that must not exist."""
        self._send("create", objects=objects)

    def _send(self, *verb: str, objects: Iterable[Object]) -> None:
        items = list(objects)
        if items:
            self.kubectl(*verb, "-f", "-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))


def named(one: Object) -> str:
    """Deployment monitoring/thanos-query."""
    metadata = one["metadata"]
    place = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{one['kind']} {place}{metadata['name']}"
