"""The contract again, said by a real Express service: `npm ci` from the lock, once per lock."""

from __future__ import annotations

import hashlib
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitoring.exposition.page import read_page
from monitoring.exposition.rules import lint
from tests.oversight_metrics.node_services import ROOT, SOURCE, Service, npm, serving
from tests.oversight_metrics.support import buckets, families, requests, total
from tests.oversight_metrics.test_contract import RECORDED

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def installed() -> Path:
    """Folder with node_modules of exactly this lock, and the package's files as they are."""
    lock = (SOURCE / "package-lock.json").read_bytes()
    folder = ROOT / ".cache" / f"oversight-metrics-node-{hashlib.sha256(lock).hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    for file in SOURCE.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    if not (folder / "node_modules" / ".package-lock.json").is_file():
        done = npm("ci", folder=folder)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def service(installed: Path, tmp_path: Path) -> Iterator[Service]:
    with serving(installed / "example.js", installed, log=tmp_path / "log") as service:
        yield service


def orders(service: Service) -> None:
    for method, path in (("POST", "/orders"), ("POST", "/orders"), ("GET", "/orders/1"), ("GET", "/orders/99")):
        service.get(path, method)


def test_node_library_exposes_exactly_the_contract(service: Service) -> None:
    orders(service)
    assert service.requests_to("/orders/:orderId") == {("GET", "200"): 1, ("GET", "404"): 1}
    page = service.page()
    nothing_over = {"oversight_metrics_over_limit": ("counter", frozenset[str]())}
    assert families(page) == families(RECORDED) | nothing_over
    assert buckets(page) == buckets(RECORDED)
    assert (total(page, "cache_hits_total"), total(page, "cache_misses_total")) == (1, 1)
    assert total(page, "business_revenue_total") == pytest.approx(39.8)
    assert total(page, "db_query_duration_seconds_count") == 4


def test_the_linter_finds_nothing(service: Service) -> None:
    orders(service)
    service.get("/wp-admin/17.php")
    assert service.requests_to("unmatched") == {("GET", "404"): 1}
    assert lint(read_page(service.page())) == []


@pytest.mark.parametrize(
    ("path", "route", "status"),
    [
        ("/shops/acme/reports/orders", "/shops/:shop/reports/orders", "200"),
        ("/shops/Shops/reports/orders", "/shops/:shop/reports/orders", "200"),
        ("/shops/acme/reports/2026", "/shops/:shop/reports/:year", "500"),
        ("/shops/acme/none", "unmatched", "404"),
        ("/metrics", "unmatched", "404"),
        ("/shops/%zz/reports/orders", "unmatched", "400"),
    ],
)
def test_the_template_has_those_of_the_routers_before_it(service: Service, path: str, route: str, status: str) -> None:
    assert service.get(path) == int(status)
    assert service.requests_to(route) == {("GET", status): 1}


def test_an_unknown_method_is_other(service: Service) -> None:
    service.get("/orders", "PROPFIND")
    assert service.requests_to("unmatched") == {("OTHER", "404"): 1}


def test_an_answer_that_breaks_off_by_our_fault_is_an_error(service: Service) -> None:
    assert service.get("/shops/acme/reports/broken") == 0
    assert service.requests_to("/shops/:shop/reports/broken") == {("GET", "500"): 1}


def test_client_disconnect_during_response_is_no_server_error(service: Service) -> None:
    port = int(service.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /shops/acme/reports/slow HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.1)
    assert service.requests_to("/shops/:shop/reports/slow") == {("GET", "499"): 1}


def test_client_cannot_create_label_values(service: Service) -> None:
    paths = [
        f"/{name}/{number}" for number in range(10) for name in ("orders", "Orders", "shops", "x", "orders/1", "%20")
    ]
    for number, path in enumerate([*paths, *(f"/SHOPS/{number}/Reports/orders" for number in range(10))]):
        service.get(path, ("GET", "POST", "PROPFIND")[number % 3])
    assert service.requests_to("unmatched")
    seen = requests(service.page())
    assert {route for _, route, _ in seen} == {"/orders/:orderId", "/shops/:shop/reports/orders", "unmatched"}
    assert {method for method, _, _ in seen} == {"GET", "POST", "OTHER"}
