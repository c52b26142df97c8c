"""Services on Node as people write them, on the versions that people run: what the page says of each request."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.oversight_metrics.node_services import (
    SERVICES,
    SOURCE,
    Service,
    install,
    node_package,
    npm,
    serving,
    with_package,
)
from tests.oversight_metrics.support import samples, total

pytestmark = pytest.mark.matrix

MOST_SAMPLES = 10_000
"""What Prometheus takes of a target (monitoring/blueprint/limits.py)."""

EXPRESS = {
    "express-4-oldest": ({"express": "4.17.3", "prom-client": "15.0.0", node_package(): "20.20.2"}, {}),
    "express-4": ({"express": "4.22.3", "prom-client": "15.1.3", node_package(): "22.23.5"}, {}),
    "express-5-oldest": ({"express": "5.0.1", "prom-client": "15.1.3"}, {"router": "2.0.0"}),
    "express-5": ({"express": "5.3.0", "prom-client": "15.1.3", node_package(): "26.12.1"}, {}),
}
"""Packages by environment, with a Node where it is not the environment's own (24); the second are overrides."""

FASTIFY = {
    "fastify-4": {"fastify": "4.29.1", "prom-client": "15.1.3"},
    "fastify-5": {"fastify": "5.12.8", "prom-client": "15.1.3"},
}

ROUTES = [
    ("/", "/", 200),
    ("/inner/acme/app/things/7", "/inner/:tenant/app/things/:id", 200),
    ("/same/one", "/same/one", 200),
    ("/same/two", "/same/two|/same/three", 200),
    ("/first/list", "/first/list", 200),
    ("/second/x/list", "/second/:name/list", 200),
    ("/second/x/", "/second/:name/", 200),
    ("/left/list", "/left/list", 200),
    ("/right/list/list", "/right/:name/list", 200),
    ("/slash/list", "/slash/list", 200),
    ("/dots.and-dashes/x/list", "/dots.and-dashes/:name/list", 200),
    ("/called/list", "/called/list", 200),
    ("/param/x/list", "/param/:slow/list", 200),
    ("/mounted/acme/orders/7", "/mounted/:tenant/orders/:id", 200),
    ("/mounted/acme/deeper/7/list", "/mounted/:tenant/deeper/:level/list", 200),
    ("/en/other", "/:locale/other", 200),
    ("/api/things/7", "/api/things/:id", 200),
    ("/API/things/7", "/api/things/:id", 200),
    ("/api/none", "unmatched", 404),
    ("/none", "unmatched", 404),
]
EXPRESSION = "/^\\/re(?:gexp)?[0-9]+/list"
OF_VERSION = {
    "express-4-oldest": [
        ("/re17/list", EXPRESSION),
        ("/number/17/list", "/number/:n(\\d+)/list"),
        ("/optional/17/list", "/optional/:n?/list"),
        ("/star/a/b", "/star/*/"),
    ],
    "express-4": [
        ("/re17/list", EXPRESSION),
        ("/number/17/list", "/number/:n(\\d+)/list"),
        ("/optional/17/list", "/optional/:n?/list"),
        ("/star/a/b", "/star/*/"),
    ],
    "express-5-oldest": [("/re17/list", "/:mounted/list"), ("/star/a/b", "/star/*rest/")],
    "express-5": [("/re17/list", EXPRESSION), ("/star/a/b", "/star/*rest/")],
}
"""What differs: a star and a regular expression."""


def started(script: str, packages: Path, folder: Path) -> Iterator[Service]:
    found = list(packages.glob(f"node_modules/{node_package()}/bin/node"))
    with serving(SERVICES / script, with_package(packages, folder), node=str(found[0]) if found else "") as service:
        yield service


@pytest.fixture(scope="module", params=EXPRESS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def express(name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    yield from started("express.js", install(*EXPRESS[name]), tmp_path_factory.mktemp(name))


@pytest.fixture(scope="module", params=FASTIFY)
def fastify(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    yield from started("fastify.js", install(FASTIFY[request.param]), tmp_path_factory.mktemp(request.param))


@pytest.fixture
def http(tmp_path: Path) -> Iterator[Service]:
    yield from started("http.js", install({"prom-client": "15.1.3"}), tmp_path)


@pytest.mark.parametrize(("path", "route", "status"), ROUTES)
def test_the_route_is_what_the_router_matched(express: Service, path: str, route: str, status: int) -> None:
    assert express.counted(partial(express.get, path)) == {("GET", route, str(status)): 1}


def test_route_is_matched_for_version_specific_features(express: Service, name: str) -> None:
    for path, route in OF_VERSION[name]:
        assert express.counted(partial(express.get, path)) == {("GET", route, "200"): 1}


def test_a_method_that_a_route_does_not_allow_has_no_route(express: Service) -> None:
    assert express.counted(partial(express.get, "/only-get", "PUT")) == {("PUT", "unmatched", "405"): 1}
    assert express.counted(partial(express.get, "/only-get")) == {("GET", "/only-get", "200"): 1}


@pytest.mark.parametrize("path", ["/throws", "/next", "/pipe", "/upstream", "/destroy", "/socket"])
def test_response_aborted_by_the_server_counts_as_500(express: Service, path: str) -> None:
    assert express.counted(partial(express.get, path)) == {("GET", path, "500"): 1}


def test_error_after_the_last_byte_is_not_counted(express: Service) -> None:
    assert express.counted(partial(express.get, "/ended")) == {("GET", "/ended", "200"): 1}


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/waits", False, 499),
        ("/gone", False, 499),
        ("/begins", False, 200),
        ("/json", True, 499),
        ("/reads", True, 499),
    ],
)
def test_response_aborted_by_the_client_is_no_error(
    express: Service, path: str, body: bool, status: int, reset: bool
) -> None:
    labels = ("POST" if body else "GET", path, str(status))
    assert express.counted(partial(express.leave, path, reset=reset, body=body)) == {labels: 1}


def test_label_sets_are_bounded_and_overflow_is_counted(express: Service) -> None:
    def ask(paths: range) -> None:
        with httpx.Client(base_url=express.url, timeout=60) as client:
            for number in paths:
                client.get(f"/many/{number}")

    express.counted(partial(ask, range(600)))
    over = 'oversight_metrics_over_limit_total{metric="http_requests_total"} '
    before = int(re.findall(f"{re.escape(over)}(\\d+)", express.page())[0])
    assert before >= 100
    assert express.counted(partial(ask, range(599, 600))) == {("OTHER", "other", "other"): 1}
    assert f"{over}{before + 1}\n" in express.page()
    assert total(express.page(), "http_requests_total") == total(express.page(), "http_request_duration_seconds_count")
    assert len(samples(express.page())) < MOST_SAMPLES
    assert 'route=""' not in express.page()


@pytest.mark.parametrize(
    ("path", "route", "status"),
    [
        ("/", "/", 200),
        ("/api", "/api", 200),
        ("/api/things/7", "/api/things/:id", 200),
        ("/en/things/7", "/:locale/things/:id", 200),
        ("/none/of/these", "unmatched", 404),
        ("/throws", "/throws", 500),
        ("/breaks", "/breaks", 500),
    ],
)
def test_fastify(fastify: Service, path: str, route: str, status: int) -> None:
    assert fastify.counted(partial(fastify.get, path)) == {("GET", route, str(status)): 1}


def test_fastify_whose_client_left(fastify: Service) -> None:
    assert fastify.counted(partial(fastify.leave, "/waits")) == {("GET", "/waits", "499"): 1}


def test_http_with_a_resolver(http: Service) -> None:
    expected = {("GET", "/", "200"): 1, ("GET", "/orders/:id", "200"): 1, ("GET", "unmatched", "404"): 1}
    paths: list[Callable[[], int]] = [partial(http.get, path) for path in ("/", "/orders/7", "/none")]
    assert {labels: count for ask in paths for labels, count in http.counted(ask).items()} == expected
    assert http.counted(partial(http.get, "/destroy")) == {("GET", "/destroy", "500"): 1}


def test_a_service_of_es_modules_and_a_registry_that_it_resets(tmp_path: Path) -> None:
    for service in started("modules.mjs", install(*EXPRESS["express-5"]), tmp_path):
        assert service.counted(partial(service.get, "/en/other")) == {("GET", "/:locale/other", "200"): 1}
        service.get("/reset", "POST")
        assert "/:locale/other" not in service.page()


def test_metrics_of_the_service_itself_are_on_the_page(tmp_path: Path) -> None:
    packages = install({"prom-client": "15.1.3"})
    for service in started("own-metrics.js", packages, tmp_path):
        assert total(service.page(), "shop_reports_created") == 7


def test_two_copies_of_prom_client_are_refused(tmp_path: Path) -> None:
    folder = with_package(install({"prom-client": "15.1.3"}), tmp_path)
    nested = folder / "node_modules" / "oversight-metrics" / "node_modules"
    shutil.copytree(folder / "node_modules" / "prom-client", nested / "prom-client")
    for dependency in ("tdigest", "bintrees", "@opentelemetry"):
        shutil.copytree(folder / "node_modules" / dependency, nested / dependency)
    message = "two copies of prom-client are loaded, and the page would lack the metrics of one"
    with pytest.raises(RuntimeError, match=message), serving(SERVICES / "own-metrics.js", folder):
        pass


def test_npm_refuses_another_prom_client(tmp_path: Path) -> None:
    packed = npm("pack", "--silent", "--pack-destination", str(tmp_path), folder=SOURCE).stdout.strip()
    (tmp_path / "package.json").write_text('{"private": true, "dependencies": {"prom-client": "14.2.0"}}')
    done = npm("install", f"./{packed}", folder=tmp_path)
    assert done.returncode != 0
    assert 'peer prom-client@"^15.0.0"' in done.stderr
