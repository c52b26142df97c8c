"""Capacity under a region's own chart values: read as Kubernetes reads them, or told at the region's line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from monitoring.blueprint.capacity.needs import check_capacity
from monitoring.blueprint.capacity.node_pools import placed_pods
from monitoring.blueprint.releases import checked_releases
from monitoring.errors import InvalidInput
from monitoring.fleet import load_fleet

FIXTURES = Path(__file__).parents[4] / "tests" / "fleet" / "regions"
LIMITS = "receive: {router: {resources: {limits: "


def problems(folder: Path, text: str) -> str:
    """What is told of trial-gamma with `text` as line 34, the last; nothing where it is right."""
    shutil.copytree(FIXTURES, folder)
    file = folder / "trial-gamma.yaml"
    with file.open("a", encoding="utf-8") as end:
        end.write(f"{text}\n")
    try:
        fleet = load_fleet(folder)
        check_capacity(fleet, checked_releases(fleet))
    except InvalidInput as invalid:
        return str(invalid)
    return ""


@pytest.mark.parametrize(
    "values",
    [
        "query: {resources: {requests: {cpu: 0.5, memory: 1.5Gi}}}",
        "query: {resources: {requests: {cpu: 250m, memory: 1G}}}",
        "receive: {router: {replicas: 2}}",
        f"{LIMITS}{{cpu: 8, memory: 16Gi}}}}}}}}",
    ],
)
def test_what_kubernetes_takes_is_taken(values: str, tmp_path: Path) -> None:
    assert problems(tmp_path / "regions", f"helm_values: {{thanos: {{{values}}}}}") == ""


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            "receive: {router: {replicas: 1}}",
            "receive.router.replicas must be at least 2: each is sized for the loss of one, got 1",
        ),
        (
            "receive: {router: {replicas: null}}",
            "receive.router.replicas must be at least 1, got null",
        ),
        (
            f"{LIMITS}{{cpu: 8, memory: null}}}}}}}}",
            "receive.router.resources.limits.memory must be a quantity such as 500m, 0.5, 4Gi or 1.5Gi, got null",
        ),
        (
            "query: {resources: {requests: {memory: lots}}}",
            "query.resources.requests.memory must be a quantity such as 500m, 0.5, 4Gi or 1.5Gi, got 'lots'",
        ),
    ],
    ids=["one router", "no routers", "no limit", "no quantity"],
)
def test_what_cannot_be_is_told_at_the_override(values: str, told: str, tmp_path: Path) -> None:
    found = problems(tmp_path / "regions", f"helm_values: {{thanos: {{{values}}}}}")
    assert found == f"regions/trial-gamma.yaml:34: helm_values.thanos.{told}"


@pytest.mark.parametrize(
    ("release", "path"),
    [
        ("kube-prometheus-stack", "prometheus.prometheusSpec.containers"),
        ("thanos", "query.resources"),
        ("thanos", "query.resources.requests"),
        ("thanos", "storeGateway.persistence"),
    ],
)
def test_null_in_place_of_a_computed_mapping_or_list_is_refused(release: str, path: str, tmp_path: Path) -> None:
    values = "null"
    for key in reversed((release, *path.split("."))):
        values = f"{{{key}: {values}}}"
    found = problems(tmp_path / "regions", f"helm_values: {values}")
    assert found.startswith(
        f"regions/trial-gamma.yaml:34: helm_values.{release}.{path} must keep what the program puts"
    )


def test_quantities_are_added_up_whatever_their_unit(tmp_path: Path) -> None:
    folder = tmp_path / "regions"
    values = "helm_values: {thanos: {query: {resources: {requests: {cpu: 0.25, memory: 1.5Gi}}}}}"
    assert problems(folder, values) == ""
    fleet = load_fleet(folder)
    (query,) = [pods for pods in placed_pods(checked_releases(fleet)["trial-gamma"]) if pods.workload == "thanos query"]
    assert (query.millicores, query.memory) == (250, 3 * 2**29)


def test_a_load_that_makes_a_common_size_too_small_is_named(tmp_path: Path) -> None:
    found = problems(tmp_path / "regions", "load: {active_series: 400000}").split("\n")
    assert (
        "regions/_common.yaml:45: prometheus.resources.requests.memory must be at least 2.1Gi for the region's load, "
        "got 1.0Gi (Prometheus, memory, steady); because of load.active_series in regions/trial-gamma.yaml:34"
    ) in found
    (router,) = [line for line in found if "(Receive router, CPU)" in line]
    assert router.startswith("helm-values/thanos.yaml:")
    assert router.endswith("; because of load.active_series in regions/trial-gamma.yaml:34")


def test_an_override_that_takes_too_many_nodes_is_named(tmp_path: Path) -> None:
    values = "helm_values: {thanos: {query: {resources: {requests: {cpu: 3}, limits: {cpu: 3}}}}}"
    told = problems(tmp_path / "regions", values)
    assert told.startswith(
        "regions/_common.yaml:27: node_pools.max_count must be at least 4 for the region's load, got 2 "
    )
    causes = ("helm_values in regions/trial-gamma.yaml:34", "zones in regions/trial-gamma.yaml:2")
    assert told.endswith(f"; because of {', '.join(causes)}")
