"""The global view in small: per region a Query with data behind certificates, and before them what the values install.

Changed for the test: addresses of loopback, and files of a temporary folder.
"""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitoring.blueprint.components.workloads import GLOBAL_PATH, GLOBAL_QUERY, QUERY, THANOS_GLOBAL
from monitoring.blueprint.releases import releases
from monitoring.blueprint.releases.thanos import query_flags
from monitoring.blueprint.releases.thanos_global import endpoints
from monitoring.fleet import Fleet, Region
from tests.stack.processes import PATIENCE, free_ports, running, tool
from tests.stack.tls_chain import BUNDLE, issued, placed, write, write_trust

SPAN = 2 * 3600
"""Seconds of samples in each region."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back: the values of `cluster`, what Thanos says is missing, and after how many seconds.

    `error` is empty where the query was answered.
    """

    regions: frozenset[str]
    warnings: tuple[str, ...]
    seconds: float
    error: str


@dataclass(frozen=True, kw_only=True)
class Front:
    """A global Query and its front: who asks, asks here."""

    port: int
    query_port: int
    end: int

    def now(self, query: str = "up") -> Answer:
        """An instant query at the last sample."""
        return self._ask("query", query=query, time=str(self.end))

    def over_time(self, query: str = "up") -> Answer:
        """A query over the second hour, all of it old enough for the front to keep it."""
        return self._ask("query_range", query=query, start=str(self.end - SPAN // 2), end=str(self.end), step="60")

    def values(self) -> Answer:
        """The regions as a page's choice lists them."""
        return self._ask("label/cluster/values", start=str(self.end - SPAN), end=str(self.end))

    def samples(self) -> dict[str, int]:
        """How many samples each region has, of all its replicas."""
        parameters = {"query": "sum by (cluster) (count_over_time(up[1d]))", "time": str(self.end), "dedup": "false"}
        found = self._answer("query", **parameters)["data"]["result"]
        return {one["metric"]["cluster"]: int(one["value"][1]) for one in found}

    def reached_query(self) -> float:
        """How many range queries the front has handed on."""
        return self._counted(r'http_requests_total\{.*handler="query_range"')

    def failed_calls(self) -> float:
        """How often a region did not say what it has."""
        return self._counted(r'grpc_client_handled_total\{grpc_code="(?!OK).*grpc_method="Info"')

    def _counted(self, series: str) -> float:
        """The sum of the global Query's series whose line begins with the expression."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.query_port}/metrics", timeout=PATIENCE) as page:
            lines = page.read().decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if re.match(series, line))

    def _ask(self, path: str, **parameters: str) -> Answer:
        began = time.monotonic()
        said = self._answer(path, **parameters)
        seconds = time.monotonic() - began
        found = said.get("data") or []
        named = found if isinstance(found, list) else [one["metric"]["cluster"] for one in found["result"]]
        warnings = tuple(said.get("warnings") or ())
        return Answer(regions=frozenset(named), warnings=warnings, seconds=seconds, error=said.get("error", ""))

    def _answer(self, path: str, **parameters: str) -> Any:
        url = f"http://127.0.0.1:{self.port}{GLOBAL_PATH}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as got:
                return json.load(got)
        except urllib.error.HTTPError as refused:
            return {"error": refused.read().decode() or str(refused)}


@dataclass(kw_only=True)
class Regions:
    """Every region's Query over an ingestor with samples; `ports` are those of the Queries' gRPC."""

    folder: Path
    fleet: Fleet
    end: int
    ports: Mapping[str, int]
    stores: dict[str, int] = field(default_factory=dict)
    queries: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    stack: ExitStack = field(default_factory=ExitStack)

    def start(self, region: Region) -> None:
        """The region's Query, with the flags of its values."""
        folder = self.folder / region.name
        (web,) = free_ports(1)
        line = [tool("thanos"), "query", f"--grpc-address=127.0.0.1:{self.ports[region.name]}"]
        line += [f"--http-address=127.0.0.1:{web}", f"--endpoint=127.0.0.1:{self.stores[region.name]}"]
        line += [*replica_labels(region, self.fleet), *placed(query_flags(), folder, QUERY)]
        process = self.stack.enter_context(running(line, log=folder / "query.log", port=web))
        self.queries[region.name] = process

    @contextmanager
    def hanging(self, region: Region) -> Iterator[None]:
        """The region's Query takes connections and says nothing."""
        self.queries[region.name].send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.queries[region.name].send_signal(signal.SIGCONT)

    @contextmanager
    def without(self, region: Region) -> Iterator[None]:
        """The region's Query is dead until the block ends."""
        self.queries[region.name].kill()
        self.queries[region.name].wait()
        try:
            yield
        finally:
            self.start(region)

    @contextmanager
    def viewed(
        self, viewer: Region, *, instead: Mapping[str, int] | None = None, left_out: str = ""
    ) -> Iterator[Front]:
        """The release thanos-global of a region, as its values start it.

        `instead` are ports of other listeners for regions, `left_out` is a text that its flags shall not have.
        """
        folder = Path(tempfile.mkdtemp(dir=self.folder, prefix="view-"))
        write_trust(folder, BUNDLE)
        write(folder / GLOBAL_QUERY.name, issued(GLOBAL_QUERY, viewer))
        grpc, web, port = free_ports(3)
        values: Any = {one.name: one.values for one in releases(viewer, self.fleet.peers_of(viewer))}[THANOS_GLOBAL]
        flags = placed(values["query"]["extraArgs"], folder, GLOBAL_QUERY)
        flags = [flag.replace(left_out, "") for flag in flags] if left_out else flags
        flags = self._by_loopback(flags, viewer, {**self.ports, **(instead or {})})
        query = [tool("thanos"), "query", f"--grpc-address=127.0.0.1:{grpc}", f"--http-address=127.0.0.1:{web}"]
        query += [*replica_labels(viewer, self.fleet), *flags]
        front = [tool("thanos"), "query-frontend", f"--http-address=127.0.0.1:{port}"]
        front += [f"--query-frontend.downstream-url=http://127.0.0.1:{web}", *values["queryFrontend"]["extraArgs"]]
        with (
            running(query, log=folder / "query.log", port=web),
            running(front, log=folder / "front.log", port=port),
        ):
            yield Front(port=port, query_port=web, end=self.end)

    def _by_loopback(self, flags: Sequence[str], viewer: Region, ports: Mapping[str, int]) -> list[str]:
        peers = self.fleet.peers_of(viewer)
        names = (viewer.name, *(peer.name for peer in peers))
        listed = zip(names, endpoints(viewer, peers), strict=True)
        found = {one["address"]: f"127.0.0.1:{ports[name]}" for name, one in listed}
        text = "\0".join(flags)
        for address, loopback in found.items():
            assert text.count(f"address: {address}\n") == 1
            text = text.replace(f"address: {address}\n", f"address: {loopback}\n")
        return text.split("\0")


def replica_labels(region: Region, fleet: Fleet) -> list[str]:
    """What the chart makes of `additionalReplicaLabels`."""
    values: Any = {one.name: one.values for one in releases(region, fleet.peers_of(region))}["thanos"]
    return [f"--query.replica-label={name}" for name in (*values["additionalReplicaLabels"], "receive_replica")]


@contextmanager
def running_regions(folder: Path, fleet: Fleet) -> Iterator[Regions]:
    """Every region of the fleet, from when each is ready until the end of the block."""
    ports = dict(zip((region.name for region in fleet.regions), free_ports(len(fleet.regions)), strict=True))
    regions = Regions(folder=folder, fleet=fleet, end=int(time.time()) - 600, ports=ports)
    with regions.stack:
        for region in fleet.regions:
            own = folder / region.name
            own.mkdir()
            write_trust(own, BUNDLE)
            write(own / QUERY.name, issued(QUERY, region))
            _store(regions, region)
            regions.start(region)
        yield regions


def _store(regions: Regions, region: Region) -> None:
    """An ingestor with two hours of samples, of two Prometheus replicas."""
    folder = regions.folder / region.name
    blocks = folder / "store" / "default-tenant"
    blocks.mkdir(parents=True)
    text = folder / "samples.om"
    lines = [
        f'up{{cluster="{region.name}",job="orders",prometheus_replica="{replica}"}} 1 {regions.end - SPAN + at}\n'
        for replica in "ab"
        for at in range(0, SPAN + 1, 60)
    ]
    text.write_text("".join((*lines, "# EOF\n")))
    made = [tool("promtool"), "tsdb", "create-blocks-from", "openmetrics", "--quiet", str(text), str(blocks)]
    subprocess.run(made, check=True, capture_output=True)
    grpc, web, remote, capnproto = free_ports(4)
    regions.stores[region.name] = grpc
    line = [tool("thanos"), "receive", f"--grpc-address=127.0.0.1:{grpc}", f"--http-address=127.0.0.1:{web}"]
    line += [f"--remote-write.address=127.0.0.1:{remote}", f"--receive.capnproto-address=127.0.0.1:{capnproto}"]
    line += [f"--tsdb.path={folder}/store", f'--label=region="{region.location}"', '--label=receive_replica="0"']
    regions.stack.enter_context(running(line, log=folder / "store.log", port=web))


@contextmanager
def silent_listener() -> Iterator[int]:
    """The port of a listener that takes connections, as the kernel does for it, and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield int(listener.getsockname()[1])
