"""The oldest and the newest versions that are supported: real frameworks under real servers, the wheel beside them."""

from __future__ import annotations

import re
import shutil
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest

from monitoring.exposition.page import read_page
from monitoring.exposition.rules import lint
from tests.oversight_metrics.comparison import measured, table
from tests.oversight_metrics.environment import HERE, NEWEST, OLDEST, ROOT, built, python_of, service, unpacked
from tests.oversight_metrics.support import Labels, requests, scrape, total
from tests.stack.processes import eventually, free_ports

pytestmark = pytest.mark.matrix

README = ROOT / "oversight_metrics" / "README.md"
Started = Callable[..., AbstractContextManager["Service"]]


class Service:
    """A service that runs, and its page."""

    def __init__(self, port: int, page_port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.page_url = f"http://127.0.0.1:{page_port}/metrics"

    def get(self, *paths: str) -> None:
        for path in paths:
            httpx.get(self.url + path)

    def break_off(self, path: str) -> None:
        """A client that resets its connection after 3 of 1,000 bytes, when the server has begun to read."""
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n"
            connection.sendall(head.encode())
            assert b"100 Continue" in connection.recv(1000)
            connection.sendall(b"abc")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def counted(self, *last: Labels) -> dict[Labels, int]:
        """All requests, once these are among them: a request counts when its connection is done."""
        eventually(lambda: set(last) <= set(requests(scrape(self.page_url))))
        text = scrape(self.page_url)
        assert lint(read_page(text)) == []
        return requests(text)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(params=[OLDEST, NEWEST], ids=["oldest", "newest"])
def start(request: pytest.FixtureRequest, wheel: Path, tmp_path: Path) -> Started:
    """Starts a server (its command line) on a service of services/, with a page of its own or in one more process."""
    python = python_of(request.param)
    unpacked(wheel, tmp_path)
    for file in (HERE / "services").glob("*.py"):
        shutil.copy(file, tmp_path)
    (tmp_path / "readme.py").write_text(_readme_resolver())
    (tmp_path / "shared").mkdir()

    @contextmanager
    def started(*line: str, ready: str) -> Iterator[Service]:
        port, page_port = free_ports(2)
        words = [word.format(port=port, page_port=page_port, place=tmp_path) for word in line]
        with service(python, *words, place=tmp_path, port=port, ready=ready):
            yield Service(port, page_port)

    @contextmanager
    def started_with_page(*line: str, ready: str) -> Iterator[Service]:
        port, page_port = free_ports(2)
        folder = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "shared")}
        words = [word.format(port=port) for word in line]
        page = ("-m", "oversight_metrics", "--port", page_port, "--address", "127.0.0.1")
        with (
            service(python, *words, place=tmp_path, port=port, ready=ready, **folder),
            service(python, *page, place=tmp_path, port=page_port, ready="/metrics", **folder),
        ):
            yield Service(port, page_port)

    return lambda *line, ready: (started if "{page_port}" in line else started_with_page)(*line, ready=ready)


def _readme_resolver() -> str:
    """Django's resolver as the README has it, without the applications."""
    found = re.search(
        r"```python\n(from django.urls.*?)\n\n\napplication", README.read_text(encoding="utf-8"), re.DOTALL
    )
    assert found
    return found.group(1) + "\n"


def test_the_versions_of_the_readme_are_those_that_are_tested() -> None:
    row = r"^\| ([\w-]+)[^|]* \| ([\d.]+) \| ([\d.]+) \|"
    told = re.findall(row, README.read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name, _, _ in told] == ["prometheus-client", "Starlette", "FastAPI", "Flask", "Django"]
    for requirements, column in ((OLDEST, 1), (NEWEST, 2)):
        pinned = requirements.read_text(encoding="utf-8").lower().replace("_", "-").splitlines()
        assert [row for row in told if f"{row[0].lower()}=={row[column]}" not in pinned] == []


def test_starlette_under_uvicorn(start: Started) -> None:
    with start("{place}/starlette_shop.py", "{port}", "{page_port}", ready="/") as shop:
        shop.get("/first/1", "/second/1", "/eu/orders/1", "/us/orders/1", "/us/orders/2", "/us/broken", "/us/x", "/x")
        shop.get("/read")
        shop.break_off("/read")
        seen = shop.counted(("POST", "/read", "499"))
    del seen["GET", "/", "200"]  # asked until it was there
    assert seen == {
        ("GET", "/first/{number}", "200"): 1,
        ("GET", "/second/{number}", "200"): 1,
        ("GET", "/eu/orders/{number}", "200"): 1,
        ("GET", "/us/orders/{number}", "200"): 2,
        ("GET", "/us/broken", "500"): 1,
        ("GET", "/us/{path}", "404"): 1,
        ("GET", "unmatched", "404"): 1,
        ("GET", "unmatched", "405"): 1,
        ("POST", "/read", "499"): 1,
    }


def test_fastapi_under_gunicorn_with_uvicorn_workers(start: Started) -> None:
    gunicorn = ("-m", "gunicorn", "-k", "uvicorn_worker.UvicornWorker", "--workers", "2", "--bind", "127.0.0.1:{port}")
    with start(*gunicorn, "fastapi_shop:measured", ready="/api/") as shop:
        shop.get("/api/v1/orders/1", "/api/v2/orders/1/again", "/api/v2/orders/x", "/api/plain", "/api/plainer")
        shop.get("/api/eu/orders/1", "/api/us/orders/1", "/api/asia/orders/1/again", "/api/broken", "/api/x")
        shop.break_off("/api/read")
        shop.break_off("/api/parsed")
        seen = shop.counted(("POST", "/api/read", "499"), ("POST", "/api/parsed", "499"))
    del seen["GET", "/api/", "200"]
    assert seen == {
        ("GET", "/api/v1/orders/{number}", "200"): 1,
        ("GET", "/api/v2/orders/{number}/again", "200"): 1,
        ("GET", "/api/v2/orders/{number}", "422"): 1,
        ("GET", "/api/plain", "200"): 1,
        ("GET", "/api/plainer", "200"): 1,
        ("GET", "/api/eu/orders/{number}", "200"): 1,
        ("GET", "/api/us/orders/{number}", "200"): 1,
        ("GET", "/api/asia/orders/{number}/again", "200"): 1,
        ("GET", "/api/broken", "500"): 1,
        ("GET", "unmatched", "404"): 1,
        ("POST", "/api/read", "499"): 1,
        ("POST", "/api/parsed", "499"): 1,
    }


def test_client_input_never_makes_an_unscrapable_page(start: Started) -> None:
    methods = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "BREW")
    gunicorn = ("-m", "gunicorn", "-k", "uvicorn_worker.UvicornWorker", "--bind", "127.0.0.1:{port}")
    with start(*gunicorn, "fastapi_shop:measured", ready="/api/") as shop:
        with httpx.Client() as client:
            for number in range(110):
                for method in methods:
                    client.request(method, f"{shop.url}/api/things/{number}")
        text = scrape(shop.page_url)
    seen = requests(text)
    assert {route for _, route, code in seen if code == "405"} == {"unmatched"}
    assert len({route for _, route, code in seen if code == "200"}) == 111
    assert sum(count for (_, _, code), count in seen.items() if code == "405") == 110 * 9
    assert len([line for line in text.splitlines() if not line.startswith("#")]) < 2_000
    assert "oversight_metrics_over_limit_total{" not in text


@pytest.mark.parametrize("app", ["app", "outside"])
def test_flask_under_gunicorn_with_forked_workers(start: Started, app: str) -> None:
    gunicorn = ("-m", "gunicorn", "--workers", "2", "--bind", "127.0.0.1:{port}")
    with start(*gunicorn, f"flask_shop:{app}", ready="/") as shop:
        shop.get("/eu/", "/us/", "/orders/1", "/us/orders/1", "/us/orders/1/again", "/us/orders/x", "/read")
        shop.get("/eu/broken")
        shop.break_off("/eu/read")
        seen = shop.counted(("POST", "/eu/read", "499"))
    del seen["GET", "/", "200"]
    assert seen == {
        ("GET", "/eu/", "200"): 1,
        ("GET", "/us/", "200"): 1,
        ("GET", "/orders/<int:number>", "200"): 1,
        ("GET", "/us/orders/<int:number>", "200"): 1,
        ("GET", "/us/orders/<int:number>/again", "200"): 1,
        ("GET", "unmatched", "404"): 1,
        ("GET", "unmatched", "405"): 1,
        ("GET", "/eu/broken", "500"): 1,
        ("POST", "/eu/read", "499"): 1,
    }


@pytest.mark.parametrize(
    "server",
    [
        ("-m", "gunicorn", "--workers", "2", "--bind", "127.0.0.1:{port}", "django_shop:wsgi"),
        ("-m", "uvicorn", "--port", "{port}", "--workers", "2", "--lifespan", "off", "django_shop:asgi"),
    ],
    ids=["sync under gunicorn", "async under uvicorn"],
)
def test_django(start: Started, server: tuple[str, ...]) -> None:
    with start(*server, ready="/") as shop:
        shop.get("/orders/1/", "/orders/13/", "/eu/", "/us/orders/2/", "/us/broken/", "/x")
        httpx.post(f"{shop.url}/eu/")
        shop.break_off("/us/read/")
        seen = shop.counted(("POST", "/us/read/", "499"))
        assert total(scrape(shop.page_url), "oversight_metrics_files_left_out_total") == 0
    del seen["GET", "/", "200"]
    assert seen == {
        ("GET", "/orders/<int:number>/", "200"): 1,
        ("GET", "/orders/<int:number>/", "404"): 1,
        ("GET", "/eu/", "200"): 1,
        ("GET", "/us/orders/<int:number>/", "200"): 1,
        ("GET", "/us/broken/", "500"): 1,
        ("GET", "unmatched", "404"): 1,
        ("POST", "unmatched", "405"): 1,
        ("POST", "/us/read/", "499"): 1,
    }


def test_the_comparison_of_the_readme_can_be_made(tmp_path: Path) -> None:
    found = measured(tmp_path, requests=20, rounds=1)
    libraries = [(row["framework"], row["library"]) for row in found["rows"]]
    told = re.findall(r"^\| (FastAPI|Flask) \| ([\w -]+) \|", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert libraries == told
    assert len(libraries) == 7
    assert 8_000 < found["bound"]["samples"] < 8_500
    assert table(found).count("samples |") == 5
