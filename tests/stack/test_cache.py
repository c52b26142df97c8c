"""A real memcached that store gateway and query-frontend share: it is used, and its loss costs no answer."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitoring.blueprint.components.workloads import CACHE
from monitoring.blueprint.releases.thanos_cache import response_cache_flag, store_gateway_flags
from monitoring.fleet import Region
from monitoring.local.region import LOOPBACK
from monitoring.processes import start, stop, wait_until_ready
from tests.stack.processes import PATIENCE, eventually, free_ports, running, tool
from tests.stack.stores import Stores, ask, query, write_bucket

pytestmark = pytest.mark.stack

STORE = "cached"
HITS = "thanos_store_index_cache_hits_total"
FAILURES = "thanos_memcached_operation_failures_total"


@dataclass(kw_only=True)
class Memcached:
    """The server, which can be started again at its port."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start it empty."""
        server = shutil.which("memcached")
        if server is None:
            pytest.fail("memcached is not on PATH: make memcached, or Debian's package memcached")
        line = [server, f"--port={self.port}", f"--listen={LOOPBACK}", "--memory-limit=64", "--user=nobody"]
        log = self.folder / "memcached.log"
        self.process = start(line, log=log)
        wait_until_ready(self.process, self.port, None, log=log, tls=None)

    def send(self, number: signal.Signals) -> None:
        """SIGKILL: gone; SIGSTOP: it takes connections, and says nothing; SIGCONT: it goes on."""
        assert self.process
        self.process.send_signal(number)
        if number is signal.SIGKILL:
            self.process.wait()

    def items(self) -> int:
        """How many it keeps."""
        with socket.create_connection((LOOPBACK, self.port), timeout=PATIENCE) as connection:
            connection.sendall(b"stats\r\n")
            text = b""
            while not text.endswith(b"END\r\n"):
                text += connection.recv(65536)
        (line,) = [one for one in text.decode().splitlines() if one.startswith("STAT curr_items ")]
        return int(line.split()[-1])


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Memcached]:
    (port,) = free_ports(1)
    made = Memcached(folder=tmp_path, port=port)
    made.begin()
    try:
        yield made
    finally:
        assert made.process
        made.process.send_signal(signal.SIGCONT)
        stop([made.process])


def front(stack: ExitStack, folder: Path, query_port: int, flag: str) -> int:
    """Port of a query-frontend before that Query."""
    (http,) = free_ports(1)
    line = [tool("thanos"), "query-frontend", f"--http-address={LOOPBACK}:{http}", flag]
    line += [f"--query-frontend.downstream-url=http://{LOOPBACK}:{query_port}"]
    stack.enter_context(running(line, log=folder / "front.log", port=http))
    return http


def test_answers_are_the_same_with_the_cache_without_it_and_while_it_hangs(
    zoned: Region, cache: Memcached, tmp_path: Path
) -> None:
    def here(flag: str) -> str:
        assert CACHE.address("memcached") in flag
        return flag.replace(CACHE.address("memcached"), f"{LOOPBACK}:{cache.port}")

    stores = Stores(folder=tmp_path, bucket=write_bucket(tmp_path))
    try:
        stores.begin(STORE, [here(flag) for flag in store_gateway_flags(zoned)])
        with ExitStack() as stack:
            asked = front(stack, tmp_path, query(stack, stores, STORE), here(response_cache_flag(zoned)))
            whole = ask(asked)
            assert not whole.warnings
            eventually(cache.items)
            eventually(lambda: ask(asked) == whole and stores.metric(STORE, HITS))

            cache.send(signal.SIGSTOP)
            assert ask(asked) == whole
            failed = stores.metric(STORE, FAILURES)
            assert failed > 0

            cache.send(signal.SIGKILL)
            assert ask(asked) == whole
            stores.end(STORE)
            stores.again(STORE)
            eventually(lambda: ask(asked) == whole)

            cache.begin()
            eventually(lambda: ask(asked) == whole and cache.items())
    finally:
        stop([*stores.processes.values()])
