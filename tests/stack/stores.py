"""Real store gateways over one bucket of blocks, and a Query that asks them."""

from __future__ import annotations

import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitoring.blueprint.components.workloads import STORE_GATEWAY
from monitoring.local.region import LOOPBACK
from monitoring.processes import start, stop, wait_until_ready
from tests.stack.processes import PATIENCE, eventually, free_ports, running, tool

BLOCKS = 16
SPAN = 7200
"""Seconds of a block: they begin at even hours."""

STEP = 60
SERIES = 20
BEGIN = 1_700_006_400
SAMPLES = BLOCKS * SPAN // STEP * SERIES
LOADED = "thanos_bucket_store_blocks_loaded"


@dataclass(kw_only=True)
class Stores:
    """Store gateways over one bucket, by name, each with a port for gRPC and one for HTTP."""

    folder: Path
    bucket: Path
    lines: dict[str, list[str]] = field(default_factory=dict)
    ports: dict[str, tuple[int, int]] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def begin(self, name: str, flags: Sequence[str] = ()) -> None:
        """Start one with the deployed flags of its pod, which has its own name in their place."""
        grpc, http = self.ports[name] = self.ports.get(name) or tuple(free_ports(2))  # type: ignore[assignment]
        line = [tool("thanos"), "store", f"--data-dir={self.folder}/{name}", f"--objstore.config-file={self.bucket}"]
        line += [f"--grpc-address={LOOPBACK}:{grpc}", f"--http-address={LOOPBACK}:{http}"]
        self.lines[name] = [*line, *(flag.replace("$(NAME)", name) for flag in flags)]
        self.again(name)

    def again(self, name: str) -> None:
        """Start it as before."""
        log = self.folder / f"{name}.log"
        self.processes[name] = start(self.lines[name], log=log)
        wait_until_ready(self.processes[name], self.ports[name][1], "/-/ready", log=log, tls=None)

    def kill(self, *pods: int) -> None:
        """They are gone at once."""
        for pod in pods:
            process = self.processes[f"{STORE_GATEWAY.name}-{pod}"]
            process.kill()
            process.wait()

    def end(self, name: str) -> None:
        """It ends as the kubelet asks."""
        stop([self.processes[name]])

    def loaded(self, pod: int) -> int:
        """How many blocks it has."""
        return int(self.metric(f"{STORE_GATEWAY.name}-{pod}", LOADED))

    def metric(self, name: str, metric: str) -> float:
        """The sum of a metric's series on the page of one."""
        url = f"http://{LOOPBACK}:{self.ports[name][1]}/metrics"
        with urllib.request.urlopen(url, timeout=PATIENCE) as page:
            lines = page.read().decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith((f"{metric} ", f"{metric}{{")))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Every sample, by series; and whether the answer says that it lacks some."""

    samples: frozenset[tuple[str, float, str]]
    warnings: tuple[str, ...]


def ask(port: int) -> Answer:
    """All samples as they are stored, of all blocks."""
    form = {"query": f"load[{BLOCKS * SPAN}s]", "time": BEGIN + BLOCKS * SPAN - 1, "dedup": "true"}
    url = f"http://{LOOPBACK}:{port}/api/v1/query?{urllib.parse.urlencode(form)}"
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        body: dict[str, Any] = json.load(answer)
    return Answer(
        samples=frozenset(
            (one["metric"]["n"], at, value) for one in body["data"]["result"] for at, value in one["values"]
        ),
        warnings=tuple(body.get("warnings", ())),
    )


def write_bucket(folder: Path) -> Path:
    """A store with `BLOCKS` blocks; its objstore.yml."""
    lines = [
        f'load{{n="{one}"}} {number * one} {BEGIN + number * STEP}\n'
        for one in range(SERIES)
        for number in range(BLOCKS * SPAN // STEP)
    ]
    (folder / "samples.om").write_text("".join([*lines, "# EOF\n"]), encoding="utf-8")
    config = folder / "objstore.yml"
    config.write_text(f"{{type: FILESYSTEM, config: {{directory: {folder}/store}}}}\n", encoding="utf-8")
    made = [tool("promtool"), "tsdb", "create-blocks-from", "openmetrics", "--quiet"]
    subprocess.run([*made, str(folder / "samples.om"), str(folder / "blocks")], check=True, capture_output=True)
    upload = [tool("thanos"), "tools", "bucket", "upload-blocks", f"--path={folder}/blocks", '--label=region="trial"']
    subprocess.run([*upload, f"--objstore.config-file={config}"], check=True, capture_output=True)
    return config


def query(stack: ExitStack, stores: Stores, *names: str) -> int:
    """Port of a Query that asks these, once it knows them all."""
    grpc, http = free_ports(2)
    line = [tool("thanos"), "query", f"--grpc-address={LOOPBACK}:{grpc}", f"--http-address={LOOPBACK}:{http}"]
    line += [f"--endpoint={LOOPBACK}:{stores.ports[name][0]}" for name in names]
    stack.enter_context(running(line, log=stores.folder / f"query-{http}.log", port=http))
    eventually(lambda: len(ask(http).samples) == SAMPLES)
    return http
