"""Starts and stops the local system: two regions on one machine."""

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
from monitoring.local.region import LocalRegion, Ports, Program
from monitoring.local.servers import serving
from monitoring.local.tls import trusting
from monitoring.processes import last_log_lines, start, stop, wait_until_ready

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


class ProgramDiedError(Exception):
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
    programs: list[Program] = field(default_factory=list)
    addresses: dict[str, dict[str, Any]] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def log(self, program: str) -> Path:
        """What a part writes."""
        return self.folder / f"{program.replace('/', '.')}.log"

    def dead(self) -> str | None:
        """The last words of a part that has stopped; None while all run."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                return f"{name} has stopped ({process.returncode}): {last_log_lines(self.log(name))}"
        return None

    def begin(self, programs: Sequence[Program]) -> None:
        """Start all, without waiting."""
        for program in programs:
            self.programs.append(program)
            environment = program.environment or None
            self.processes[program.name] = start(program.line, log=self.log(program.name), environment=environment)

    def ready(self, program: Program) -> None:
        """Wait for one; ProgramDiedError with its last words where it stops, or is not ready in time."""
        tls = trusting(self.folder / program.region / "trust" / "roots.pem") if program.tls else None
        try:
            wait_until_ready(
                self.processes[program.name], program.port, program.ready, log=self.log(program.name), tls=tls
            )
        except RuntimeError as late:
            raise ProgramDiedError(f"{program.name}: {late}") from late

    def all_ready(self, programs: Sequence[Program], say: Callable[[str], None]) -> None:
        """Wait for each, and say for which."""
        for program in programs:
            say(program.name)
            self.ready(program)

    def end(self) -> None:
        """Stop all: first who sends, last what is written to."""
        waves: tuple[list[subprocess.Popen[bytes]], ...] = ([], [], [])
        for program in self.programs:
            wave = 0 if program.component == PROMETHEUS.name else 2 if program.component == AZURITE else 1
            waves[wave].append(self.processes[program.name])
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

    def local_region(self, region: Region) -> LocalRegion:
        """The region's folder and ports, with its certificates."""
        local_region = LocalRegion(
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
        local_region.vault.mkdir(parents=True)
        local_region.issue_certificates(self.root)
        return local_region


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
        later = [program for region in regions for program in _begin_region(run, region, whole=region is regions[0])]
        system.all_ready(system.programs, settings.say)
        system.begin(later)
        system.all_ready(later, settings.say)
        yield system


def _begin_region(run: _Run, region: Region, *, whole: bool) -> list[Program]:
    """Start a region's parts; handed back is what comes when those are ready."""
    local_region, rbac_proxy = run.local_region(region), run.settings.rbac_proxy
    operator.write_rules(local_region)
    operator.write_notifications(local_region, receiver=run.told)
    values = local_region.values(KUBE_PROMETHEUS_STACK)
    programs = thanos.programs(local_region, _begin_store(local_region, run.system, run.settings) if whole else None)
    alertmanagers = local_region.pods_of(ALERTMANAGER, deployed=values["alertmanager"]["alertmanagerSpec"]["replicas"])
    programs += [operator.alertmanager(local_region, pod, alertmanagers, receiver=run.told) for pod in alertmanagers]
    more: list[dict[str, Any]] = []
    addresses: dict[str, Any] = {"receiver": run.told}
    if whole:
        if region.global_view:
            programs += thanos.global_view(local_region)
        sign_in, application = _oauth2_proxy(local_region, run.stack, addresses), _application(local_region)
        programs += [sign_in, application]
        more = [
            *scrapes.application(local_region, application),
            *scrapes.federation(local_region, through_the_sidecar=rbac_proxy is not None),
        ]
    prometheuses = local_region.pods_of(PROMETHEUS, deployed=values["prometheus"]["prometheusSpec"]["replicas"])
    pods = [
        (ROWS[program.component], program.name.rpartition("/")[2]) for program in programs if program.component in ROWS
    ]
    jobs = scrapes.jobs(local_region, [*pods, *((PROMETHEUS, pod) for pod in prometheuses)], more)
    senders = [operator.prometheus(local_region, pod, jobs) for pod in prometheuses]
    if rbac_proxy:
        senders += [sidecar.program(local_region, pod, rbac_proxy) for pod in prometheuses]
    run.system.addresses[region.name] = _addresses(local_region, [*programs, *senders]) | addresses
    # the fronts look every ten seconds only whether their Query is there
    fronts = [program for program in programs if program.component in thanos.FRONTS]
    run.system.begin([program for program in programs if program not in fronts])
    return [*fronts, *senders]


def _begin_store(local_region: LocalRegion, system: System, settings: Settings) -> dict[str, Any]:
    if not settings.azurite:
        return blob.folder(local_region, "asked for")
    try:
        program, config = blob.azurite(local_region, blob.install())
    except RuntimeError as missing:
        settings.say(str(missing))
        return blob.folder(local_region, "Azurite cannot be had")
    system.begin([program])
    system.ready(program)
    try:
        blob.make_container(local_region, config)
    except RuntimeError as refused:
        raise ProgramDiedError(f"{program.name}: {refused}") from refused
    return config


def _oauth2_proxy(local_region: LocalRegion, stack: ExitStack, addresses: dict[str, Any]) -> Program:
    provider = oauth2_proxy.entra(local_region.region, local_region.values(OAUTH2_PROXY))
    provider.accounts = oauth2_proxy.accounts(local_region.region)
    port = stack.enter_context(serving(provider.handler()))
    (pod,) = local_region.pods_of(SIGN_IN, deployed=local_region.values(OAUTH2_PROXY)["replicaCount"])
    program, password = oauth2_proxy.sign_in(local_region, pod, entra_port=port, pod_token=provider.pod_token)
    file = local_region.folder / "machine-password"
    file.touch(mode=0o600)
    file.write_text(password, encoding="utf-8")
    addresses |= {"proxy": program.url, "machine": oauth2_proxy.MACHINE, "machine_password_file": str(file)}
    return program


def _application(local_region: LocalRegion) -> Program:
    port = local_region.port("shop-0", "http")
    return Program(
        name=f"{local_region.region.name}/shop-0",
        component="shop",
        region=local_region.region.name,
        line=[sys.executable, "-m", "monitoring.local.example_application", str(port)],
        port=port,
        ready="/metrics",
        environment=dict(os.environ),
    )


def _addresses(local_region: LocalRegion, programs: Sequence[Program]) -> dict[str, Any]:
    found: dict[str, list[str]] = {}
    for program in programs:
        found.setdefault(program.component, []).append(program.url)
    return {
        "local": True,
        "trust": str(local_region.trust),
        "client_certificate": str(local_region.secret(PROMETHEUS)),
        "components": found,
        "remote_write": local_region.address("thanos-receive-router-0", "http-rem-write"),
        "query_grpc": local_region.address("thanos-query-0", "grpc"),
    }


def write_addresses(system: System, file: Path) -> None:
    """For `monitoring verify`; the file is there whole, or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(system.addresses, indent=2) + "\n", encoding="utf-8")
    partial.rename(file)
