"""A region of the local system: pods as loopback ports, mounts as folders, the deployed values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from monitoring.blueprint.alerting.receivers import TEMPLATES
from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.workloads import ALERTMANAGER, COMPONENTS, PROMETHEUS
from monitoring.blueprint.objects import key_vault, objects
from monitoring.blueprint.objects.trust import TRUST_KEY
from monitoring.blueprint.releases import releases
from monitoring.blueprint.releases.tls import TLS_FOLDER, TRUST_FOLDER
from monitoring.fleet import Region
from monitoring.fleet.model import Peer
from monitoring.local.authorities import CLIENT, SERVER, Issued, issue
from monitoring.local.differences import Differences
from monitoring.processes import free_ports

LOOPBACK = "127.0.0.1"
ADDRESSES = "every pod is a port of loopback"
FOLDERS = "mounts are folders of the run"
ONE_IS_ENOUGH = "one of those that do the same"
SECONDS = "a run has seconds"

STATEFUL_SETS = {PROMETHEUS.name: "prometheus-prometheus", ALERTMANAGER.name: "alertmanager-prometheus"}
"""Of the operator: <kind>-<name of the resource>."""

USAGES = {"server auth": SERVER, "client auth": CLIENT}


@dataclass(frozen=True, kw_only=True)
class Program:
    """What is started: `port` and `ready` are asked until it is ready, by TLS with `tls`.

    Without `ready` it is ready as soon as it takes connections.
    """

    name: str
    component: str
    region: str
    line: Sequence[str]
    port: int
    ready: str | None = "/-/ready"
    tls: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"{'https' if self.tls else 'http'}://{LOOPBACK}:{self.port}"

    def with_flags(self, flags: Mapping[str, str]) -> Program:
        """The part with these flags in place of its own: name without hyphens, and value."""
        kept = [word for word in self.line if word.partition("=")[0].removeprefix("--") not in flags]
        return replace(self, line=[*kept, *(f"--{flag}={value}" for flag, value in flags.items())])


def pod_name(component: Component, number: int) -> str:
    """As a StatefulSet names it; a Deployment's has no number, and here gets one."""
    return f"{STATEFUL_SETS.get(component.name, component.name)}-{number}"


@dataclass(kw_only=True)
class Ports:
    """Free ports, one for each name that is asked for."""

    _free: list[int] = field(default_factory=list)
    _taken: dict[tuple[str, ...], int] = field(default_factory=dict)

    def of(self, *name: str) -> int:
        """The port of that name, the same at every call."""
        if name not in self._taken:
            self._free = self._free or free_ports(200)
            self._taken[name] = self._free.pop()
        return self._taken[name]


@dataclass(frozen=True, kw_only=True)
class LocalRegion:
    """A region on this machine.

    `pods` says how many of a component run, where it is not as deployed; `running` are the regions here.
    """

    region: Region
    peers: Sequence[Peer]
    folder: Path
    ports: Ports
    tool: Callable[[str], Path]
    differences: Differences
    authority: Issued
    pods: Mapping[str, int]
    running: Sequence[str] = ()

    @cached_property
    def _values(self) -> dict[str, Any]:
        return {release.name: release.values for release in releases(self.region, self.peers)}

    def values(self, release: str) -> Any:
        """What Helm is given."""
        return self._values[release]

    def pods_of(self, component: Component, *, deployed: int) -> list[str]:
        """Names of the component's pods that run here."""
        local = self.pods.get(component.name, deployed)
        self.differences.note(component.name, "replicas", deployed, local, why=ONE_IS_ENOUGH)
        return [pod_name(component, number) for number in range(local)]

    def port(self, pod: str, port: str) -> int:
        """The port of loopback that stands for a pod's."""
        return self.ports.of(self.region.name, pod, port)

    def address(self, pod: str, port: str) -> str:
        """`host:port` of a pod here."""
        return f"{LOOPBACK}:{self.port(pod, port)}"

    def mounts(self, pod: str) -> Path:
        """A pod's own folder, made when it is asked for."""
        folder = self.folder / pod
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def text(self, program: str, text: str, component: Component) -> str:
        """Deployed text with the addresses and folders of this machine."""
        for deployed, local, why in self._substitutions(component):
            if deployed in text:
                self.differences.note(program, deployed, deployed, local, why=why)
                text = text.replace(deployed, local)
        return text

    def _substitutions(self, component: Component) -> list[tuple[str, str, str]]:
        addresses = [
            (other.address(port.name), self.address(pod_name(other, 0), port.name), ADDRESSES)
            for other in COMPONENTS
            if other.service
            for port in other.ports
        ]
        folders = [
            (TLS_FOLDER, str(self.secret(component)), FOLDERS),
            (TRUST_FOLDER, str(self.trust.parent), FOLDERS),
            (key_vault.FOLDER, str(self.vault), FOLDERS),
            (str(Path(TEMPLATES).parent), str(self.folder / "alertmanager"), FOLDERS),
        ]
        return sorted(addresses + folders, key=lambda one: -len(one[0]))

    @property
    def vault(self) -> Path:
        """The folder with a file per secret of Key Vault."""
        return self.folder / "key-vault"

    @property
    def trust(self) -> Path:
        """The bundle of roots."""
        return self.folder / "trust" / TRUST_KEY

    def secret(self, component: Component) -> Path:
        """The folder with a component's certificate: tls.crt, tls.key."""
        return self.folder / "secrets" / component.certificate_secret

    def issue_certificates(self, root: Issued) -> None:
        """Write the bundle of roots, and what cert-manager makes of each Certificate of the region."""
        self.trust.parent.mkdir(parents=True)
        self.trust.write_text(root.pem, encoding="utf-8")
        self.differences.note("all", "roots", "trust of the regions' files", "made for the run", why="no key is kept")
        for manifest in objects(self.region, self.peers):
            if manifest["kind"] == "Certificate":
                spec = manifest["spec"]
                leaf = issue(
                    spec["commonName"],
                    by=self.authority,
                    names=[*spec["dnsNames"], LOOPBACK],
                    usages=[USAGES[usage] for usage in spec["usages"] if usage in USAGES],
                    lasts=timedelta(hours=int(spec["duration"].removesuffix("h"))),
                )
                write_leaf(self.folder / "secrets" / spec["secretName"], leaf)
        self.differences.note("all", "certificates", "names of Services", f"{LOOPBACK} besides", why=ADDRESSES)


def write_leaf(folder: Path, leaf: Issued) -> None:
    """The files of a certificate's Secret."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tls.crt").write_text(leaf.chain, encoding="utf-8")
    (folder / "tls.key").write_text(leaf.key_pem, encoding="utf-8")
