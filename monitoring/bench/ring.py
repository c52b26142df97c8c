"""A Prometheus that scrapes many series, and the ring that it sends them to; command lines from the deployed values."""

from __future__ import annotations

import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import yaml

from monitoring.bench.figures import Setting
from monitoring.bench.services import Pod, pods, series_of_a_pod
from monitoring.blueprint.components.workloads import ALERTMANAGER, PROMETHEUS, RECEIVE_INGESTOR, RECEIVE_ROUTER
from monitoring.clock import ask_until_true
from monitoring.fleet import Region
from monitoring.local import operator, thanos
from monitoring.local.authorities import issue
from monitoring.local.differences import Differences
from monitoring.local.region import LOOPBACK, LocalRegion, Ports, Program
from monitoring.local.servers import Quiet, serving
from monitoring.local.system import System
from monitoring.local.tls import trusting
from monitoring.processes import PATIENCE

SERIES = 100_000
PAUSE = 0.5
APPENDED = "prometheus_tsdb_head_samples_appended_total"
BLOCKS = {f"tsdb.{edge}-block-duration": "2h" for edge in ("min", "max")}
"""As deployed; `make local` has shorter ones."""


@dataclass(frozen=True, kw_only=True)
class Ring:
    """What runs: who scrapes and sends, the router, the ingestors."""

    system: System
    local_region: LocalRegion
    prometheus: Program
    receivers: Sequence[Program]
    services: Sequence[Pod]

    def of(self, component: str) -> list[Program]:
        """The parts of a component."""
        return [program for program in (self.prometheus, *self.receivers) if program.component == component]

    def get(self, program: Program, path: str, **parameters: object) -> bytes:
        """What a part answers to a GET."""
        url = f"{program.url}{path}?{urllib.parse.urlencode(parameters, doseq=True)}"
        with urllib.request.urlopen(url, timeout=PATIENCE, context=self.tls(program)) as answer:  # noqa: S310
            return bytes(answer.read())

    def tls(self, program: Program) -> Any:
        """How a part is asked."""
        return trusting(self.local_region.trust, shows=self.local_region.secret(PROMETHEUS)) if program.tls else None

    def metrics(self, program: Program) -> dict[str, float]:
        """A part's own metrics by name, the series of each added up."""
        found: dict[str, float] = {}
        for line in self.get(program, "/metrics").decode().splitlines():
            if not line.startswith("#"):
                series, _, value = line.rpartition(" ")
                name = series.partition("{")[0]
                found[name] = found.get(name, 0) + float(value)
        return found

    def folder(self, program: Program) -> Path:
        """Where a part has its database."""
        return self.local_region.mounts(program.name.rpartition("/")[2]) / "data"


@contextmanager
def running(setting: Setting, region: Region, *, interval: int, series: int = SERIES) -> Iterator[Ring]:
    """From when every pod was scraped twice until the end of the block; `interval` is in seconds."""
    services = pods(int(series * setting.scale))
    folder = setting.folder / f"ring-{region.thanos.receive.replication_factor}-{series}"
    folder.mkdir()
    local_region = _local_region(setting, region, folder)
    system = System(folder=folder, differences=local_region.differences)
    with ExitStack() as stack:
        port = stack.enter_context(_scraped(services))
        stack.callback(system.end)
        ring = [*_receivers(local_region)]
        prometheus = _prometheus(local_region, services, port, interval=interval)
        setting.say("start the parts")
        for wave in (ring, [prometheus]):
            system.begin(wave)
            system.all_ready(wave, setting.say)
        made = Ring(system=system, local_region=local_region, prometheus=prometheus, receivers=ring, services=services)
        setting.say(f"wait for {len(services)} pods to be scraped")
        wanted = 2 * len(services) * series_of_a_pod()
        eventually(lambda: made.metrics(prometheus).get(APPENDED, 0) >= wanted, "two scrapes of each")
        yield made


def eventually(holds: Callable[[], Any], what: str, *, patience: float = 10 * PATIENCE) -> Any:
    """The first answer that is true; TimeoutError where there is none for long."""
    if answer := ask_until_true(holds, patience=patience, pause=PAUSE):
        return answer
    raise TimeoutError(f"not in {patience:.0f} s: {what}")


def _receivers(local_region: LocalRegion) -> Iterator[Program]:
    for program in thanos.programs(local_region, None):
        if program.component in {RECEIVE_ROUTER.name, RECEIVE_INGESTOR.name}:
            yield program.with_flags(BLOCKS) if program.component == RECEIVE_INGESTOR.name else program


def _local_region(setting: Setting, region: Region, folder: Path) -> LocalRegion:
    root = issue("bench root", authority=True)
    local_region = LocalRegion(
        region=region,
        peers=setting.fleet.peers_of(region),
        folder=folder / region.name,
        ports=Ports(),
        tool=setting.tool,
        differences=Differences(),
        authority=issue("bench intermediate", by=root, authority=True),
        pods={RECEIVE_ROUTER.name: 1, PROMETHEUS.name: 1, ALERTMANAGER.name: 0},
    )
    local_region.vault.mkdir(parents=True)
    local_region.issue_certificates(root)
    return local_region


def _prometheus(local_region: LocalRegion, services: Sequence[Pod], port: int, *, interval: int) -> Program:
    (pod,) = local_region.pods_of(PROMETHEUS, deployed=1)
    targets = [
        {"targets": [f"{LOOPBACK}:{port}"], "labels": {**one.labels, "__metrics_path__": f"/{one.number}"}}
        for one in services
    ]
    job = {"job_name": "services", "scrape_interval": f"{interval}s", "static_configs": targets}
    program = operator.prometheus(local_region, pod, [{**job, "scrape_timeout": f"{interval}s"}])
    file = local_region.mounts(pod) / "prometheus.yaml"
    config = yaml.safe_load(file.read_text(encoding="utf-8"))
    config["alerting"] = {}
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    return program


@contextmanager
def _scraped(services: Sequence[Pod]) -> Iterator[int]:
    """The port of a server with the pages of all pods: /<number>."""
    by_path: Mapping[str, Pod] = {f"/{pod.number}": pod for pod in services}
    one_at_a_time = Lock()  # a pod counts

    class Page(Quiet):
        def do_GET(self) -> None:  # noqa: N802  (the base class calls it)
            with one_at_a_time:
                page = by_path[self.path].page()
            self.answer(200, page, Content_Type="text/plain; version=0.0.4")

    with serving(Page) as port:
        yield port
