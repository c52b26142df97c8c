"""Two regions in miniature: what is started, where it answers, and how all of it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitoring.blueprint.components import workloads
from monitoring.blueprint.components.workloads import (
    ALERTMANAGER,
    KUBE_PROMETHEUS_STACK,
    OAUTH2_PROXY,
    PROMETHEUS,
    RECEIVE_INGESTOR,
    SIGN_IN,
)
from monitoring.fleet import Region
from monitoring.fleet.loader import Fleet
from monitoring.local import blob, oauth2_proxy, operator, scrapes, sidecar, thanos
from monitoring.local.authorities import Issued, issue
from monitoring.local.blob import AZURITE
from monitoring.local.differences import Differences
from monitoring.local.receiver import receiver
from monitoring.local.region import Part, Place, Ports
from monitoring.local.servers import serving
from monitoring.local.tls import trusting
from monitoring.processes import last_words, start, stop, wait_until_ready

ROWS = {component.name: component for component in workloads.COMPONENTS}
PODS = {ALERTMANAGER.name: 2} | dict.fromkeys(
    (*(one.name for one in (*thanos.COMPONENTS, *thanos.GLOBAL_VIEW) if one is not RECEIVE_INGESTOR), SIGN_IN.name), 1
)
"""How many of a component run, where it is not as deployed."""

GRACE = 2
"""Seconds that a part has to end: what it would write goes with the run's folder."""

LEFT_OUT = {
    "Grafana": "no binary of it among Go's modules",
    "kube-state-metrics, node-exporter, the operator": "no Kubernetes",
    "exporters of the databases": "no databases",
}
"""What does not run here, and why."""


class PartDiedError(Exception):
    """A part has stopped; the text has its last words."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run is given: the tools, whether Blob is Azurite, kube-rbac-proxy where there is one."""

    tool: Callable[[str], Path]
    azurite: bool = True
    rbac_proxy: Path | None = None
    say: Callable[[str], None] = lambda _: None

    def left_out(self) -> Mapping[str, str]:
        """What does not run, and why."""
        return LEFT_OUT if self.rbac_proxy else {sidecar.NAME: sidecar.MISSING} | LEFT_OUT


@dataclass(kw_only=True)
class System:
    """What runs: parts with their processes, and the addresses by region, as `monitoring verify` takes them."""

    folder: Path
    differences: Differences
    parts: list[Part] = field(default_factory=list)
    addresses: dict[str, dict[str, Any]] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def log(self, part: str) -> Path:
        """What a part writes."""
        return self.folder / f"{part.replace('/', '.')}.log"

    def dead(self) -> str | None:
        """The last words of a part that has stopped; None while all run."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                return f"{name} has stopped ({process.returncode}): {last_words(self.log(name))}"
        return None

    def begin(self, parts: Sequence[Part]) -> None:
        """Start all, without waiting."""
        for part in parts:
            self.parts.append(part)
            environment = part.environment or None
            self.processes[part.name] = start(part.line, log=self.log(part.name), environment=environment)

    def ready(self, part: Part) -> None:
        """Wait for one; PartDiedError with its last words where it stops, or is not ready in time."""
        tls = trusting(self.folder / part.region / "trust" / "roots.pem") if part.tls else None
        try:
            wait_until_ready(self.processes[part.name], part.port, part.ready, log=self.log(part.name), tls=tls)
        except RuntimeError as late:
            raise PartDiedError(f"{part.name}: {late}") from late

    def all_ready(self, parts: Sequence[Part], say: Callable[[str], None]) -> None:
        """Wait for each, and say for which."""
        for part in parts:
            say(part.name)
            self.ready(part)

    def end(self) -> None:
        """Stop all: first who sends, last what is written to."""
        waves: tuple[list[subprocess.Popen[bytes]], ...] = ([], [], [])
        for part in self.parts:
            wave = 0 if part.component == PROMETHEUS.name else 2 if part.component == AZURITE else 1
            waves[wave].append(self.processes[part.name])
        for one in waves:
            stop(one, patience=GRACE)


@dataclass(frozen=True, kw_only=True)
class _Run:
    """What every region of a run shares; `told` is the URL of who is told of alerts."""

    fleet: Fleet
    regions: Sequence[Region]
    settings: Settings
    system: System
    ports: Ports
    root: Issued
    told: str
    stack: ExitStack

    def place(self, region: Region) -> Place:
        """The region's folder and ports, with its certificates."""
        place = Place(
            region=region,
            peers=self.fleet.peers_of(region),
            folder=self.system.folder / region.name,
            ports=self.ports,
            tool=self.settings.tool,
            differences=self.system.differences,
            authority=issue(f"{region.name} intermediate", by=self.root, authority=True),
            pods=PODS,
            running=[one.name for one in self.regions],
        )
        place.vault.mkdir(parents=True)
        place.issue_certificates(self.root)
        return place


@contextmanager
def running(fleet: Fleet, regions: Sequence[Region], folder: Path, settings: Settings) -> Iterator[System]:
    """The regions, the first with everything; from when each part is ready until the end of the block."""
    system = System(folder=folder, differences=Differences())
    with ExitStack() as stack:
        told = stack.enter_context(receiver())
        stack.callback(system.end)
        run = _Run(
            fleet=fleet,
            regions=regions,
            settings=settings,
            system=system,
            ports=Ports(),
            root=issue("local root", authority=True),
            told=told,
            stack=stack,
        )
        later = [part for region in regions for part in _begin_region(run, region, whole=region is regions[0])]
        system.all_ready(system.parts, settings.say)
        system.begin(later)
        system.all_ready(later, settings.say)
        yield system


def _begin_region(run: _Run, region: Region, *, whole: bool) -> list[Part]:
    """Start a region's parts; handed back is what comes when those are ready."""
    place, rbac_proxy = run.place(region), run.settings.rbac_proxy
    operator.write_rules(place)
    operator.write_notifications(place, receiver=run.told)
    values = place.values(KUBE_PROMETHEUS_STACK)
    parts = thanos.parts(place, _begin_store(place, run.system, run.settings) if whole else None)
    alertmanagers = place.pods_of(ALERTMANAGER, deployed=values["alertmanager"]["alertmanagerSpec"]["replicas"])
    parts += [operator.alertmanager(place, pod, alertmanagers, receiver=run.told) for pod in alertmanagers]
    more: list[dict[str, Any]] = []
    addresses: dict[str, Any] = {"receiver": run.told}
    if whole:
        if region.global_view:
            parts += thanos.global_view(place)
        sign_in, application = _door(place, run.stack, addresses), _application(place)
        parts += [sign_in, application]
        more = [
            *scrapes.application(place, application),
            *scrapes.federation(place, through_the_sidecar=rbac_proxy is not None),
        ]
    prometheuses = place.pods_of(PROMETHEUS, deployed=values["prometheus"]["prometheusSpec"]["replicas"])
    pods = [(ROWS[part.component], part.name.rpartition("/")[2]) for part in parts if part.component in ROWS]
    jobs = scrapes.jobs(place, [*pods, *((PROMETHEUS, pod) for pod in prometheuses)], more)
    senders = [operator.prometheus(place, pod, jobs) for pod in prometheuses]
    if rbac_proxy:
        senders += [sidecar.part(place, pod, rbac_proxy) for pod in prometheuses]
    run.system.addresses[region.name] = _addresses(place, [*parts, *senders]) | addresses
    # the fronts look every ten seconds only whether their Query is there
    fronts = [part for part in parts if part.component in thanos.FRONTS]
    run.system.begin([part for part in parts if part not in fronts])
    return [*fronts, *senders]


def _begin_store(place: Place, system: System, settings: Settings) -> dict[str, Any]:
    if not settings.azurite:
        return blob.folder(place, "asked for")
    try:
        part, config = blob.azurite(place, blob.install())
    except RuntimeError as missing:
        settings.say(str(missing))
        return blob.folder(place, "Azurite cannot be had")
    system.begin([part])
    system.ready(part)
    try:
        blob.make_container(place, config)
    except RuntimeError as refused:
        raise PartDiedError(f"{part.name}: {refused}") from refused
    return config


def _door(place: Place, stack: ExitStack, addresses: dict[str, Any]) -> Part:
    provider = oauth2_proxy.entra(place.region, place.values(OAUTH2_PROXY))
    provider.accounts = oauth2_proxy.accounts(place.region)
    port = stack.enter_context(serving(provider.handler()))
    (pod,) = place.pods_of(SIGN_IN, deployed=place.values(OAUTH2_PROXY)["replicaCount"])
    part, password = oauth2_proxy.sign_in(place, pod, entra_port=port, pod_token=provider.pod_token)
    file = place.folder / "door-password"
    file.touch(mode=0o600)
    file.write_text(password, encoding="utf-8")
    addresses |= {"door": part.url, "machine": oauth2_proxy.MACHINE, "door_password_file": str(file)}
    return part


def _application(place: Place) -> Part:
    port = place.port("shop-0", "http")
    return Part(
        name=f"{place.region.name}/shop-0",
        component="shop",
        region=place.region.name,
        line=[sys.executable, "-m", "monitoring.local.example_application", str(port)],
        port=port,
        ready="/metrics",
        environment=dict(os.environ),
    )


def _addresses(place: Place, parts: Sequence[Part]) -> dict[str, Any]:
    found: dict[str, list[str]] = {}
    for part in parts:
        found.setdefault(part.component, []).append(part.url)
    return {
        "local": True,
        "trust": str(place.trust),
        "client_certificate": str(place.secret(PROMETHEUS)),
        "parts": found,
        "remote_write": place.address("thanos-receive-router-0", "http-rem-write"),
        "query_grpc": place.address("thanos-query-0", "grpc"),
    }


def write_addresses(system: System, file: Path) -> None:
    """For `monitoring verify`; the file is there whole, or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(system.addresses, indent=2) + "\n", encoding="utf-8")
    partial.rename(file)
