"""One region of real binaries, from the values that are deployed; each part can be killed and started again."""

from __future__ import annotations

import json
import signal
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from monitoring.blueprint.components import workloads
from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.workloads import PROMETHEUS, RECEIVE_INGESTOR, THANOS_PATH
from monitoring.blueprint.rules import ring
from monitoring.clock import SYSTEM, Clock, ask_until_true
from monitoring.fleet import Fleet, Region
from monitoring.local import blob, operator, scrapes, thanos
from monitoring.local.authorities import issue
from monitoring.local.blob import AZURITE
from monitoring.local.differences import Differences
from monitoring.local.region import LocalRegion, Ports, Program
from monitoring.local.tls import trusting
from monitoring.processes import PATIENCE, start, stop, wait_until_ready
from tests.faults import scale
from tests.faults.source import Source
from tests.stack.processes import tool

ROWS: dict[str, Component] = {component.name: component for component in workloads.COMPONENTS}
ONE_OF = ("thanos-receive-router", "thanos-store-gateway", "thanos-query", "thanos-query-frontend")
"""Of which one does what two do."""

FLAGS: Mapping[str, Mapping[str, str]] = {
    RECEIVE_INGESTOR.name: {"tsdb.min-block-duration": "2h", "tsdb.max-block-duration": "2h"},
    PROMETHEUS.name: {"storage.remote.flush-deadline": "1s"},
}
"""At the scale, of 1 m; blocks as deployed, not as `make local` has them."""


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What a fault needs besides: flags by component, another configuration of Prometheus, Blob."""

    flags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    configure: Callable[[dict[str, Any]], None] = lambda _: None
    store: bool = False


@dataclass(kw_only=True)
class Miniature:
    """What runs, by the pod's name; `restored` is when a part was last started (seconds since 1970)."""

    local_region: LocalRegion
    source: Source
    programs: dict[str, Program] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    restored: float = 0

    @property
    def replicas(self) -> list[str]:
        """The Prometheus of the region."""
        return [pod for pod, program in self.programs.items() if program.component == PROMETHEUS.name]

    @property
    def running(self) -> list[str]:
        """Those that have not been killed."""
        return [pod for pod in self.replicas if self.processes[pod].poll() is None]

    def start(self, *pods: str) -> None:
        """Start all, then wait for each."""
        for pod in pods:
            self.begin(pod)
        for pod in pods:
            program = self.programs[pod]
            tls = trusting(self.local_region.trust) if program.tls else None
            wait_until_ready(self.processes[pod], program.port, program.ready, log=self.log(pod), tls=tls)

    def begin(self, pod: str) -> None:
        """Start one, without waiting."""
        program = self.programs[pod]
        self.restored = time.time()
        self.processes[pod] = start(program.line, log=self.log(pod), environment=program.environment or None)

    def kill(self, *pods: str) -> None:
        """They are gone at once, as by SIGKILL."""
        for pod in pods:
            self.processes[pod].kill()
        for pod in pods:
            self.processes[pod].wait()

    def stop(self, *pods: str) -> None:
        """They end as the kubelet asks them to, by themselves: who has to be killed may not have written all."""
        stop([self.processes[pod] for pod in pods])
        if killed := [pod for pod in pods if self.processes[pod].returncode == -signal.SIGKILL]:
            raise AssertionError(f"{killed} did not end in {PATIENCE} s")

    def end(self) -> None:
        """First who sends, last what is written to."""
        kept = {AZURITE}
        senders = [pod for pod in self.replicas if pod in self.processes]
        for wave in (senders, [p for p in self.processes if p not in senders and p not in kept], list(kept)):
            stop([self.processes[pod] for pod in wave if pod in self.processes])

    def log(self, pod: str) -> Path:
        """What a pod wrote since it was last started."""
        return self.local_region.folder / f"{pod}.log"

    def ask(self, path: str, **parameters: object) -> Any:
        """Query's data; OSError where it does not answer."""
        url = f"{self.programs['thanos-query-0'].url}{THANOS_PATH}/api/v1/{path}"
        return _data(f"{url}?{urllib.parse.urlencode(parameters, doseq=True)}")

    def ask_prometheus(self, pod: str, query: str) -> list[dict[str, Any]]:
        """Series of an instant query."""
        path = f"query?{urllib.parse.urlencode({'query': query})}"
        found: list[dict[str, Any]] = self._of_prometheus(pod, path)["result"]
        return found

    def alerts(self, pod: str) -> list[dict[str, Any]]:
        """The alerts that a Prometheus holds now, pending and firing."""
        found: list[dict[str, Any]] = self._of_prometheus(pod, "alerts")["alerts"]
        return found

    def _of_prometheus(self, pod: str, path: str) -> Any:
        return _data(f"{self.programs[pod].url}/api/v1/{path}", trusting(self.local_region.trust))

    def value(self, pod: str, query: str) -> float:
        """The greatest value of an instant query; 0 without a series."""
        return max((float(one["value"][1]) for one in self.ask_prometheus(pod, query)), default=0.0)


def eventually(holds: Callable[[], Any], what: str, *, patience: float = PATIENCE, clock: Clock = SYSTEM) -> Any:
    """The first answer that is true; an answer that cannot be had counts as none."""

    def held() -> Any:
        with suppress(OSError):
            return holds()

    answer = ask_until_true(held, patience=patience, clock=clock)
    assert answer, f"not in {patience} s: {what}"
    return answer


def scraped_for(source: Source, seconds: float, *replicas: str) -> None:
    """Until each replica, or each of these, has gone on scraping for `seconds` from its last scrape on."""
    since = {one: source.answered[one][-1] for one in replicas or source.answered}

    def gone_on() -> bool:
        return all(source.answered[one][-1] - at >= seconds for one, at in since.items())

    eventually(gone_on, f"scrapes for {seconds} s", patience=seconds + PATIENCE)


@contextmanager
def running(
    fleet: Fleet, region: Region, folder: Path, source: Source, changes: Changes | None = None
) -> Iterator[Miniature]:
    """Two Prometheus, router, three ingestors, Query and its front; with Blob the store gateway and compactor too."""
    changes = changes or Changes()
    local_region = _local_region(fleet, region, folder)
    made = Miniature(local_region=local_region, source=source)
    try:
        store = _begin_store(made) if changes.store else None
        programs = [_flagged(program, changes) for program in thanos.programs(local_region, store)]
        made.programs |= {_pod(program): program for program in programs}
        replicas = local_region.pods_of(PROMETHEUS, deployed=2)
        for pod in replicas:
            made.programs[pod] = _flagged(
                _prometheus(local_region, pod, [*programs], replicas, source, changes), changes
            )
        made.start(*(_pod(program) for program in programs))
        made.start(*replicas)
        for pod in replicas:
            eventually(partial(_arrives, made, pod), f"samples of {pod} arrive")
        yield made
    finally:
        made.end()


def _arrives(made: Miniature, pod: str) -> bool:
    return bool(made.ask("query", query=f'scrapes_total{{prometheus_replica="{pod}"}}')["result"])


def _local_region(fleet: Fleet, region: Region, folder: Path) -> LocalRegion:
    root = issue("faults root", authority=True)
    local_region = LocalRegion(
        region=region,
        peers=fleet.peers_of(region),
        folder=folder,
        ports=Ports(),
        tool=lambda name: Path(tool(name)),
        differences=Differences(),
        authority=issue("faults intermediate", by=root, authority=True),
        pods=dict.fromkeys(ONE_OF, 1) | {"alertmanager": 0},
    )
    local_region.vault.mkdir(parents=True)
    local_region.issue_certificates(root)
    return local_region


def _begin_store(made: Miniature) -> dict[str, Any]:
    program, config = blob.azurite(made.local_region, blob.install())
    # tries again for a second, not for a minute
    config["config"]["pipeline_config"] = {"max_tries": 1, "retry_delay": "1s", "max_retry_delay": "1s"}
    made.programs[AZURITE] = program
    made.start(AZURITE)
    blob.make_container(made.local_region, config)
    return config


def _prometheus(
    local_region: LocalRegion,
    pod: str,
    programs: Sequence[Program],
    replicas: Sequence[str],
    source: Source,
    changes: Changes,
) -> Program:
    """A replica of the values, at the scale; it scrapes the source under its own name."""
    pods = [(ROWS[program.component], _pod(program)) for program in programs if program.component in ROWS]
    jobs = scrapes.jobs(local_region, [*pods, *((PROMETHEUS, one) for one in replicas)], [])
    for job in jobs:
        job["scrape_interval"] = scale.PARTS_SCRAPE
        job["metric_relabel_configs"] = [
            {"source_labels": ["__name__"], "regex": scale.metric_names(), "action": "keep"}
        ]
    jobs.append(
        {
            "job_name": "source",
            "honor_labels": True,
            "scrape_interval": scale.SCRAPE,
            "params": {"replica": [pod]},
            "static_configs": [{"targets": [f"127.0.0.1:{source.port}"]}],
        }
    )
    program = operator.prometheus(local_region, pod, jobs)
    file = local_region.mounts(pod) / "prometheus.yaml"
    config = scale.scaled(yaml.safe_load(file.read_text(encoding="utf-8")))
    config["alerting"] = {}
    config["rule_files"] = []
    for name, content in {**scale.rule_files(), ring.OBJECT: ring.ring_rules(local_region.region)}.items():
        rules = local_region.mounts(pod) / f"{name}.yaml"
        rules.write_text(yaml.safe_dump(content), encoding="utf-8")
        config["rule_files"].append(str(rules))
    changes.configure(config)
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    return program


def _flagged(program: Program, changes: Changes) -> Program:
    return program.with_flags({**FLAGS.get(program.component, {}), **changes.flags.get(program.component, {})})


def _pod(program: Program) -> str:
    return program.name.rpartition("/")[2]


def _data(url: str, context: Any = None) -> Any:
    with urllib.request.urlopen(url, timeout=PATIENCE, context=context) as answer:  # noqa: S310  (of loopback)
        return json.load(answer)["data"]
