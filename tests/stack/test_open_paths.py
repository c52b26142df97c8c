"""The rows of access.py, asked of the real Prometheus, Alertmanager and Thanos: each open path is there."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from monitoring.blueprint.access.paths import ALLOWED_PATHS, below
from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.workloads import (
    ALERTMANAGER,
    GLOBAL_PATH,
    GLOBAL_QUERY_FRONTEND,
    GRAFANA,
    PROMETHEUS,
    QUERY_FRONTEND,
    THANOS_PATH,
)
from monitoring.blueprint.releases import releases
from monitoring.fleet import Region
from tests.stack.oauth2_proxy import sample
from tests.stack.processes import PATIENCE, free_ports, running, tool
from tests.stack.shut_paths import SHUT

pytestmark = pytest.mark.stack

FRONTS = {QUERY_FRONTEND: THANOS_PATH, GLOBAL_QUERY_FRONTEND: GLOBAL_PATH}

ASSETS = ("/assets/*", "/static/*")
"""Their files are named after their content."""

UNBUILT = {
    PROMETHEUS: {"/favicon.ico", "/favicon.svg", "/manifest.json"},
    QUERY_FRONTEND: set[str](),
    GLOBAL_QUERY_FRONTEND: set[str](),
    ALERTMANAGER: set[str](),
}
"""Part of an interface that a build without Node does not hold; the images do."""

ASKS = [
    (opening.component, path)
    for opening in ALLOWED_PATHS
    for path in opening.paths
    if opening.component is not GRAFANA and path not in ASSETS
]


def _values(region: Region, release: str) -> Any:
    return next(one.values for one in releases(region, ()) if one.name == release)


def _flag(region: Region, front: Component, name: str) -> str:
    """One of the flags of the Query behind a front, as it is in the values."""
    (flag,) = (one for one in _values(region, front.release)["query"]["extraArgs"] if one.startswith(f"{name}="))
    return str(flag)


@pytest.fixture(scope="module")
def ports(zoned: Region, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Component, int]]:
    """The port of each component that runs, with the paths of the values."""
    folder: Path = tmp_path_factory.mktemp("open-paths")
    (folder / "prometheus.yml").write_text(
        "scrape_configs: [{job_name: x, static_configs: [{targets: ['127.0.0.1:1']}]}]\n"
    )
    (folder / "alertmanager.yml").write_text("{route: {receiver: nobody}, receivers: [{name: nobody}]}\n")
    prometheus, alertmanager = free_ports(2)
    spec = _values(zoned, "kube-prometheus-stack")["alertmanager"]["alertmanagerSpec"]
    lines = {
        prometheus: (
            "/-/ready",
            tool("prometheus"),
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/prometheus",
            f"--web.external-url=https://{zoned.access.host}/",
            f"--web.listen-address=127.0.0.1:{prometheus}",
        ),
        alertmanager: (
            f"{spec['routePrefix']}/-/ready",
            tool("alertmanager"),
            f"--config.file={folder}/alertmanager.yml",
            f"--storage.path={folder}/alertmanager",
            f"--web.external-url={spec['externalUrl']}",
            f"--web.route-prefix={spec['routePrefix']}",
            f"--web.listen-address=127.0.0.1:{alertmanager}",
            "--cluster.listen-address=",
        ),
    }
    found = {PROMETHEUS: prometheus, ALERTMANAGER: alertmanager}
    for front in FRONTS:
        query, grpc, found[front] = free_ports(3)
        lines[query] = (
            "/-/ready",
            tool("thanos"),
            "query",
            _flag(zoned, front, "--web.external-prefix"),
            f"--http-address=127.0.0.1:{query}",
            f"--grpc-address=127.0.0.1:{grpc}",
        )
        lines[found[front]] = (
            "/-/ready",
            tool("thanos"),
            "query-frontend",
            f"--query-frontend.downstream-url=http://127.0.0.1:{query}",
            f"--http-address=127.0.0.1:{found[front]}",
        )
    with ExitStack() as stack:
        for port, (ready, *line) in lines.items():
            log = folder / f"{port}.log"
            stack.enter_context(running([str(one) for one in line], log=log, port=port, ready=str(ready)))
        yield found


def status(port: int, target: str, method: str = "GET") -> tuple[int, str]:
    """Status, and where a redirect leads. The stream of notifications never ends: nobody reads it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, target)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Location", "")
    finally:
        connection.close()


@pytest.mark.parametrize(("component", "path"), ASKS, ids=lambda one: one if isinstance(one, str) else one.name)
def test_allowed_path_exists_in_the_component(ports: dict[Component, int], component: Component, path: str) -> None:
    target = f"{sample(component, path)}?query=1&start=1&end=2&step=1&match[]=up"
    got, _ = status(ports[component], target)
    assert got != 404 or path in UNBUILT[component]


@pytest.mark.parametrize("component", [ALERTMANAGER, *FRONTS], ids=lambda one: one.name)
def test_component_serves_nothing_outside_its_path_prefix(ports: dict[Component, int], component: Component) -> None:
    for path in ("/api/v1/query?query=1", "/api/v2/silences", "/graph", "/alerts"):
        assert status(ports[component], path)[0] == 404


def test_redirects_stay_below_the_components_path(ports: dict[Component, int]) -> None:
    assert status(ports[PROMETHEUS], "/") == (302, "/query")
    assert status(ports[ALERTMANAGER], "/alertmanager") == (301, "/alertmanager/")
    for front, path in FRONTS.items():
        assert status(ports[front], path)[1].startswith(f"{path}/")


def test_queries_pass_the_frontend_below_its_path(ports: dict[Component, int]) -> None:
    for path in ("query?query=1", "query_range?query=1&start=1&end=2&step=1", "labels", "label/job/values"):
        for front, root in FRONTS.items():
            assert status(ports[front], f"{root}/api/v1/{path}")[0] == 200


def test_probes_and_metrics_stay_where_they_are(ports: dict[Component, int]) -> None:
    for path in ("/-/ready", "/-/healthy", "/metrics"):
        assert status(ports[QUERY_FRONTEND], path)[0] == 200


ABSENT = {
    PROMETHEUS: {"/consoles/index.html", "/user/file"},
    ALERTMANAGER: set[str](),
    **{front: {"/-/healthy", "/-/ready", "/debug/pprof/heap", "/metrics"} for front in FRONTS},
}
"""What is knocked at although it is not there: no flag of ours switches it on, or it is served above the path."""


@pytest.mark.parametrize("component", ABSENT, ids=lambda one: one.name)
def test_denied_path_exists_in_the_component(ports: dict[Component, int], component: Component) -> None:
    for path in SHUT[component.name]:
        got = {status(ports[component], below(component, path), method)[0] for method in ("GET", "POST")}
        assert got != {404} or path in ABSENT[component], path


@pytest.mark.parametrize("path", ["/-/quit", "/-/reload", "/api/v1/admin/tsdb/snapshot", "/api/v1/write"])
def test_denied_admin_apis_are_also_disabled_in_the_component(ports: dict[Component, int], path: str) -> None:
    assert path in SHUT[PROMETHEUS.name]
    assert status(ports[PROMETHEUS], path, "POST")[0] in {403, 404, 500}
