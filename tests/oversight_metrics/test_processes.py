"""Several worker processes are one service: real processes, one folder, one page."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from oversight_metrics.page import FOLDER
from tests.oversight_metrics.support import requests, scrape, total

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


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def get(address: str, process: subprocess.Popen[bytes]) -> str:
    """The answer, as soon as there is one."""
    for _ in range(200):
        assert process.poll() is None, f"ended with {process.returncode}"
        try:
            return scrape(address)
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"{address} does not answer")


@contextmanager
def running(*arguments: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A module of Python in a process of its own, ended at the end."""
    line = [sys.executable, "-m", *arguments]
    with subprocess.Popen(line, cwd=ROOT, env={**os.environ, FOLDER: str(folder)}) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Address of the page of the folder."""
    port = free_port()
    address = f"http://127.0.0.1:{port}/metrics"
    with running("oversight_metrics", "--port", str(port), "--address", "127.0.0.1", folder=folder) as process:
        get(address, process)
        yield address


def work(users: int, folder: Path) -> None:
    """A worker that lives and ends."""
    line = [sys.executable, "-c", WORKER, str(users)]
    subprocess.run(line, cwd=ROOT, env={**os.environ, FOLDER: str(folder)}, check=True)


def test_counters_add_up_and_stay_when_a_worker_ends_and_the_last_distinct_count_holds(tmp_path: Path) -> None:
    with served(tmp_path) as address:
        for users in (3, 9, 4):
            work(users, tmp_path)
        page = scrape(address)
    assert requests(page) == {("GET", "/orders", "200"): 3}
    assert total(page, "cache_hits_total") == 3
    assert total(page, "business_revenue_total") == 30
    assert 'http_request_duration_seconds_bucket{le="0.1",method="GET",route="/orders",status_code="200"} 2.0' in page
    # neither 16 (each worker has counted the same users) nor 9 (they are gone)
    assert 'business_active_users{window="1h"} 4.0' in page
    assert 'business_metric{metric_name="open_orders"} 4.0' in page


def test_a_real_server_with_several_workers_counts_every_request_once(tmp_path: Path) -> None:
    port = free_port()
    server = ("uvicorn", "oversight_metrics.example.asgi:app", "--port", str(port), "--workers", "2")
    with running(*server, "--log-level", "warning", folder=tmp_path) as process, served(tmp_path) as address:
        get(f"http://127.0.0.1:{port}/shops/a/reports/orders", process)
        for number in range(20):
            assert httpx.get(f"http://127.0.0.1:{port}/orders/{number}").status_code == 404
        seen = requests(scrape(address))
    assert seen[("GET", "/orders/{order_id}", "404")] == 20
    assert seen[("GET", "/shops/{shop}/reports/orders", "200")] == 1


@pytest.mark.parametrize("folder", ["", "/no/such/folder"])
def test_the_page_of_workers_needs_the_folder_that_they_share(folder: str) -> None:
    line = [sys.executable, "-m", "oversight_metrics"]
    environment = {**os.environ, FOLDER: folder}
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == f"{FOLDER} must be a folder that the worker processes share, got {folder or 'nothing'}\n"
