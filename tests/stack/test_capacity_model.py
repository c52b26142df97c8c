"""The capacity model against a real Prometheus that scrapes, writes its WAL and sends on."""

from __future__ import annotations

import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from monitoring.blueprint.capacity.needs import WAL_BYTES_PER_SAMPLE, prometheus_memory
from tests.stack.processes import PATIENCE, eventually, free_ports, running, tool

pytestmark = pytest.mark.stack

SERIES = 40_000
TARGETS = 10
INTERVAL = 5
SECONDS = 60
"""Long enough for some garbage collections at the full number of series."""
TOLERANCE = 0.3
APPENDED = 'prometheus_tsdb_head_samples_appended_total{type="float"}'


class Load(BaseHTTPRequestHandler):
    """A target with its share of the series at every GET, and a receiver that takes every POST."""

    protocol_version = "HTTP/1.1"
    lines = tuple(
        f'load_{index % 50}{{handler="/api/v1/resource/{index}",method="GET",status_code="200",zone="{index % 3}"}} '
        for index in range(SERIES // TARGETS)
    )

    def do_GET(self) -> None:
        now = time.time()
        text = "\n".join(f"{line}{int(now * (index % 13 + 1))}" for index, line in enumerate(self.lines)) + "\n"
        self._answer(text.encode(), "text/plain; version=0.0.4")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b"", "text/plain")

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the test's output to itself."""


@pytest.fixture(scope="module")
def load() -> Iterator[int]:
    """Port of the targets and the receiver."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Load)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


def _metrics(port: int) -> dict[str, float]:
    """Prometheus' own, by series."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as answer:
        lines = [one.rpartition(" ") for one in answer.read().decode().splitlines() if not one.startswith("#")]
    return {name: float(value) for name, _, value in lines}


@pytest.fixture(scope="module")
def measured(load: int, tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """Prometheus' own metrics at the end of the run, and `wal`: bytes on disk."""
    folder: Path = tmp_path_factory.mktemp("prometheus")
    targets = ", ".join(f"{{targets: ['127.0.0.1:{load}'], labels: {{target: t{n}}}}}" for n in range(TARGETS))
    (folder / "prometheus.yml").write_text(
        f"global: {{scrape_interval: {INTERVAL}s, scrape_timeout: {INTERVAL}s}}\n"
        f"remote_write: [{{url: 'http://127.0.0.1:{load}/write'}}]\n"
        f"scrape_configs: [{{job_name: load, static_configs: [{targets}]}}]\n"
    )
    (port,) = free_ports(1)
    line = [
        tool("prometheus"),
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with running(line, log=folder / "log", port=port):
        eventually(lambda: _metrics(port).get(APPENDED, 0) >= SERIES * SECONDS / INTERVAL, patience=SECONDS + PATIENCE)
        found = _metrics(port)
        wal = sum(file.stat().st_size for file in (folder / "data" / "wal").rglob("*") if file.is_file())
    return found | {"wal": wal}


def test_prometheus_memory_matches_the_capacity_model(measured: dict[str, float]) -> None:
    series = measured["prometheus_tsdb_head_series"]
    assert series >= SERIES
    assert measured["process_resident_memory_bytes"] == pytest.approx(prometheus_memory(series), rel=TOLERANCE)


def test_wal_bytes_per_sample_match_the_capacity_model(measured: dict[str, float]) -> None:
    samples = measured[APPENDED]
    assert measured["wal"] / samples == pytest.approx(WAL_BYTES_PER_SAMPLE, rel=TOLERANCE)
