"""Several worker processes are one service: real processes, one folder, one page."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from prometheus_client import generate_latest

from oversight_metrics.page import page
from oversight_metrics.workers import FOLDER
from tests.fake_clock import STANDING
from tests.oversight_metrics.support import requests, scrape, total
from tests.stack.processes import PATIENCE, free_ports, running

ROOT = Path(__file__).parents[2]

WORKER = """
import sys
from oversight_metrics import METRICS, add_revenue, cache_hit, set_active_users, set_business_metric

users = int(sys.argv[1])
METRICS.observe_request(method="GET", route="/orders", status=200, seconds=0.02 * users)
cache_hit("sessions")
add_revenue(10, currency="EUR")
set_active_users(users, window="1h")
set_business_metric("open_orders", users)
"""


@contextmanager
def module(*line: str, port: int, ready: str, folder: Path, log: Path) -> Iterator[None]:
    """A module of Python in a process of its own, with the folder that workers share."""
    environment = {**os.environ, FOLDER: str(folder), "PYTHONPATH": str(ROOT)}
    module = [sys.executable, "-m", *line]
    with running(module, log=log, port=port, ready=ready, environment=environment, clock=STANDING):
        yield


@contextmanager
def served(folder: Path, log: Path) -> Iterator[str]:
    """Address of the page of the folder."""
    (port,) = free_ports(1)
    line = ("oversight_metrics", "--port", str(port), "--address", "127.0.0.1")
    with module(*line, port=port, ready="/metrics", folder=folder, log=log):
        yield f"http://127.0.0.1:{port}/metrics"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shared = tmp_path / "shared"
    shared.mkdir()
    return shared


def work(users: int, folder: Path) -> None:
    """A worker that lives and ends."""
    line = [sys.executable, "-c", WORKER, str(users)]
    subprocess.run(line, cwd=ROOT, env={**os.environ, FOLDER: str(folder)}, check=True)


def test_counters_add_up_and_stay_when_a_worker_ends_and_the_last_distinct_count_holds(
    folder: Path, tmp_path: Path
) -> None:
    with served(folder, tmp_path / "page.log") as address:
        for users in (3, 9, 4):
            work(users, folder)
        text = scrape(address)
    assert requests(text) == {("GET", "/orders", "200"): 3}
    assert total(text, "cache_hits_total") == 3
    assert total(text, "business_revenue_total") == 30
    assert 'http_request_duration_seconds_bucket{le="0.1",method="GET",route="/orders",status_code="200"} 2.0' in text
    # neither 16 (each worker has counted the same users) nor 9 (they are gone)
    assert 'business_active_users{window="1h"} 4.0' in text
    assert 'business_metric{metric_name="open_orders"} 4.0' in text


def test_a_real_server_with_several_workers_counts_every_request_once(folder: Path, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    line = ("uvicorn", "oversight_metrics.example.asgi:app", "--port", str(port), "--workers", "2")
    ready, log = "/shops/a/reports/orders", tmp_path / "server.log"
    with (
        module(*line, port=port, ready=ready, folder=folder, log=log),
        served(folder, tmp_path / "page.log") as address,
    ):
        for number in range(20):
            assert httpx.get(f"http://127.0.0.1:{port}/orders/{number}", timeout=PATIENCE).status_code == 404
        seen = requests(scrape(address))
    assert seen[("GET", "/orders/{order_id}", "404")] == 20
    assert seen[("GET", "/shops/{shop}/reports/orders", "200")] == 1


DAMAGED: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut off": lambda whole: whole[:100],
    "garbage": lambda _: bytes(range(1, 256)) * 40,
    "a length that leads back": lambda _: struct.pack("ii i", 1000, 0, -28) + bytes(2000),
    "no JSON": lambda whole: whole.replace(b'["', b"[[", 1),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_worker_file_loses_only_its_own_values(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    for users in (3, 4):
        work(users, folder)
    file, _ = folder.glob("counter_*.db")
    file.write_bytes(DAMAGED[damage](file.read_bytes()))
    monkeypatch.setenv(FOLDER, str(folder))
    source = page()
    for _ in range(2):
        text = generate_latest(source).decode()
    assert requests(text) == {("GET", "/orders", "200"): 1}
    assert "oversight_metrics_files_left_out_total 1.0" in text
    assert total(text, "http_request_duration_seconds_count") == 2
    (line,) = caplog.messages
    assert line == f"{file} is damaged, the page does without it"


RETURNED = """
import os, sys
from pathlib import Path

damaged = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"], f"counter_{os.getpid()}.db")
damaged.write_bytes(b"\\1" * 100)
from oversight_metrics import cache_hit

cache_hit("sessions")
if os.fork() == 0:
    cache_hit("sessions")
    os._exit(0)
os.wait()
"""


def test_a_process_counts_although_one_before_it_left_a_damaged_file_under_its_id(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line, environment = [sys.executable, "-c", RETURNED], {**os.environ, FOLDER: str(folder)}
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "is damaged, it is set aside" in done.stderr
    assert [file.suffix for file in folder.glob("*.damaged")] == [".damaged"]
    monkeypatch.setenv(FOLDER, str(folder))
    text = generate_latest(page()).decode()
    assert total(text, "cache_hits_total") == 2
    assert "oversight_metrics_files_left_out_total 0.0" in text


def test_whole_files_are_all_on_the_page(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work(3, folder)
    monkeypatch.setenv(FOLDER, str(folder))
    assert "oversight_metrics_files_left_out_total 0.0" in generate_latest(page()).decode()


MANY = """
import sys
from oversight_metrics import METRICS, cache_hit

for number in range(400):
    route = f"/orders/{sys.argv[1]}/{number}"
    METRICS.observe_request(method="GET", route=route, status=200, seconds=0.1)
    METRICS.observe_request(method="GET", route=route, status=500, seconds=0.1)
for number in range(80):
    cache_hit(f"cache_{sys.argv[1]}_{number}")
"""


def test_all_workers_together_keep_the_limits_of_label_sets(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        line = [sys.executable, "-c", MANY, name]
        subprocess.run(line, cwd=ROOT, env={**os.environ, FOLDER: str(folder)}, check=True)
    monkeypatch.setenv(FOLDER, str(folder))
    source = page()
    first, second = (generate_latest(source).decode() for _ in range(2))
    assert first == second
    seen = requests(first)
    assert sum(seen.values()) == 3 * 800
    assert len(seen) == 502
    assert sum(count for (_, _, code), count in seen.items() if code == "500") == 3 * 400
    assert (
        'http_request_duration_seconds_bucket{le="0.1",method="OTHER",route="other",status_code="other"} 950.0' in first
    )
    assert 'oversight_metrics_over_limit_total{metric="http_requests_total"} 1900.0' in first
    assert 'oversight_metrics_over_limit_total{metric="cache_hits_total"} 140.0' in first
    assert total(first, "cache_hits_total") == 240
    assert len([line for line in first.splitlines() if not line.startswith("#")]) < 10_000


@pytest.mark.parametrize("given", ["", "/no/such/folder"])
def test_the_page_of_workers_needs_the_folder_that_they_share(given: str) -> None:
    line = [sys.executable, "-m", "oversight_metrics"]
    environment = {**os.environ, FOLDER: given}
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == f"{FOLDER} must be a folder that the worker processes share, got {given or 'nothing'}\n"
