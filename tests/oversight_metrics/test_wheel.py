"""The package as a service gets it: the wheel in an environment of its own, with real frameworks and servers."""

from __future__ import annotations

import zipfile
from pathlib import Path

import httpx
import pytest

from monitoring.exposition.page import read_page
from monitoring.exposition.rules import lint
from tests.oversight_metrics.environment import NEWEST, ROOT, built, python_of, service, unpacked
from tests.oversight_metrics.support import requests, scrape
from tests.stack.processes import free_ports

pytestmark = pytest.mark.stack

FLASK = """
from flask import Blueprint, Flask
from oversight_metrics import WSGIMetricsMiddleware

app = Flask(__name__)
orders = Blueprint("orders", __name__, url_prefix="/v1")

@orders.get("/orders/<int:order_id>")
def find(order_id):
    if order_id == 13:
        raise RuntimeError("unlucky")
    return {"order": order_id}

app.register_blueprint(orders)
app.wsgi_app = WSGIMetricsMiddleware(app.wsgi_app)
"""

FASTAPI = """
import sys
import uvicorn
from fastapi import APIRouter, FastAPI
from oversight_metrics import ASGIMetricsMiddleware, serve_metrics

orders = APIRouter(prefix="/orders")

@orders.get("/{order_id}")
def find(order_id: int) -> dict[str, int]:
    if order_id == 13:
        raise RuntimeError("unlucky")
    return {"order": order_id}

shop = FastAPI()
shop.include_router(orders)
app = FastAPI()
app.include_router(orders, prefix="/v1")
app.mount("/shops/{shop}", shop)
app.add_middleware(ASGIMetricsMiddleware)

if __name__ == "__main__":
    serve_metrics(int(sys.argv[2]), "127.0.0.1")
    uvicorn.run(app, port=int(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def python() -> Path:
    return python_of(NEWEST)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def place(wheel: Path, tmp_path: Path) -> Path:
    """A folder with the wheel unpacked by pip, and nothing else of ours."""
    unpacked(wheel, tmp_path)
    return tmp_path


def test_the_wheel_holds_the_package_and_needs_one_other(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = [name.partition("/") for name in archive.namelist()]
        (metadata,) = (name for name in archive.namelist() if name.endswith("METADATA"))
        lines = archive.read(metadata).decode().splitlines()
    shipped = {name for folder, _, name in names if folder == "oversight_metrics"}
    ours = {file.name for file in (ROOT / "oversight_metrics").glob("*.py")}
    assert shipped == ours | {"py.typed"}
    assert sorted(line for line in lines if line.startswith("Requires")) == [
        "Requires-Dist: django<6,>=5; extra == 'django'",
        "Requires-Dist: fastapi<1,>=0.115; extra == 'fastapi'",
        "Requires-Dist: flask<4,>=3; extra == 'flask'",
        "Requires-Dist: prometheus-client<1,>=0.22",
        "Requires-Dist: starlette<2,>=0.46; extra == 'starlette'",
        "Requires-Python: >=3.11",
    ]


def test_flask_under_gunicorn_counts_by_its_rules_over_all_workers(python: Path, place: Path) -> None:
    port, page_port = free_ports(2)
    (place / "shop.py").write_text(FLASK)
    shared = place / "shared"
    shared.mkdir()
    folder = {"PROMETHEUS_MULTIPROC_DIR": str(shared)}
    gunicorn = ("-m", "gunicorn", "--workers", 3, "--bind", f"127.0.0.1:{port}", "shop:app")
    page = ("-m", "oversight_metrics", "--port", page_port, "--address", "127.0.0.1")
    with (
        service(python, *gunicorn, place=place, port=port, ready="/v1/orders/1", **folder),
        service(python, *page, place=place, port=page_port, ready="/metrics", **folder),
    ):
        for path in (*(f"/v1/orders/{number}" for number in range(10, 20)), "/wp-admin"):
            httpx.get(f"http://127.0.0.1:{port}{path}", timeout=60)
        text = scrape(f"http://127.0.0.1:{page_port}/metrics")
    assert requests(text) == {
        ("GET", "/v1/orders/<int:order_id>", "200"): 10,
        ("GET", "/v1/orders/<int:order_id>", "500"): 1,
        ("GET", "unmatched", "404"): 1,
    }
    assert lint(read_page(text)) == []


def test_fastapi_counts_by_its_routers_and_mounts(python: Path, place: Path) -> None:
    port, page_port = free_ports(2)
    (place / "shop.py").write_text(FASTAPI)
    with service(python, place / "shop.py", port, page_port, place=place, port=port, ready="/v1/orders/1"):
        for path in ("/v1/orders/13", "/v1/orders/x", "/shops/acme/orders/7", "/wp-admin"):
            httpx.get(f"http://127.0.0.1:{port}{path}", timeout=60)
        text = scrape(f"http://127.0.0.1:{page_port}/metrics")
    assert requests(text) == {
        ("GET", "/v1/orders/{order_id}", "200"): 1,
        ("GET", "/v1/orders/{order_id}", "500"): 1,
        ("GET", "/v1/orders/{order_id}", "422"): 1,
        ("GET", "/shops/{shop}/orders/{order_id}", "200"): 1,
        ("GET", "unmatched", "404"): 1,
    }
    assert lint(read_page(text)) == []
