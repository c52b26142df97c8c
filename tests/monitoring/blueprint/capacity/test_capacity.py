"""Need against what is configured: the formulas by their properties, the faults by their messages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.blueprint.capacity.needs import INGESTOR_MEMORY, Load, Need, blob, check_capacity, load, needs, runs_out
from monitoring.blueprint.capacity.node_pools import most_cores, nodes_left, nodes_needed, placed_pods
from monitoring.blueprint.releases import checked_releases, releases
from monitoring.blueprint.releases.release import Release
from monitoring.errors import InvalidInput
from monitoring.fleet import Fleet, Region, load_fleet

FIXTURES = Path(__file__).parents[3] / "fleet" / "regions"


@pytest.fixture(scope="module")
def made(zoned: Region) -> tuple[Release, ...]:
    return releases(zoned, ())


def _need(found: tuple[Need, ...], part: str, resource: str) -> Need:
    return next(need for need in found if (need.part, need.resource) == (part, resource))


def test_fixture_fleet_meets_its_capacity_needs(fleet: Fleet) -> None:
    check_capacity(fleet, checked_releases(fleet))


def test_prometheus_memory_is_the_sum_of_series_queues_and_queries(zoned: Region, made: tuple[Release, ...]) -> None:
    found = needs(zoned, Load(series=100_000, interval=30, queried=10**6), releases=made)
    steady = _need(found, "Prometheus", "memory, steady").need
    assert steady == 105 * 10**6 + 100_000 * 1800 * 3
    assert _need(found, "Prometheus", "memory, with queries").need == steady + 16 * 10**6


def test_lost_ingestor_of_three_adds_no_series_to_the_others(zoned: Region, made: tuple[Release, ...]) -> None:
    """Three ingestors that hold three copies: each has every series already, so a loss moves none."""
    series = 100_000 * zoned.prometheus.replicas
    found = needs(zoned, Load(series=100_000, interval=30, queried=1), releases=made)
    assert _need(found, "Receive ingestor", "CPU").need == pytest.approx(series / 300_000 * 1000 * 1.5)


def test_more_ingestors_share_the_series(zoned: Region, made: tuple[Release, ...]) -> None:
    receive = zoned.thanos.receive.model_copy(update={"replicas": 6, "ring": 6})
    wider = zoned.model_copy(update={"thanos": zoned.thanos.model_copy(update={"receive": receive})})
    some = Load(series=100_000, interval=30, queried=1)
    memory = [_need(needs(region, some, releases=made), "Receive ingestor", "memory").need for region in (zoned, wider)]
    assert memory[1] - INGESTOR_MEMORY == pytest.approx((memory[0] - INGESTOR_MEMORY) * 0.56)


@given(series=st.integers(1000, 10**7), more=st.integers(1, 10**6), interval=st.sampled_from([10, 15, 30, 60]))
def test_capacity_needs_grow_monotonically_with_series(
    zoned: Region, made: tuple[Release, ...], series: int, more: int, interval: int
) -> None:
    some = Load(series=series, interval=interval, queried=1)
    for less, greater in zip(
        needs(zoned, some, releases=made), needs(zoned, replace(some, series=series + more), releases=made), strict=True
    ):
        assert greater.need >= less.need


@given(series=st.integers(1000, 10**6))
def test_blob_grows_until_retention_is_full(zoned: Region, series: int) -> None:
    stored = blob(zoned, Load(series=series, interval=30, queried=1))
    assert 0 < stored.month <= stored.year <= stored.full


def test_runs_out_month_is_the_first_insufficient_month(zoned: Region, made: tuple[Release, ...]) -> None:
    start = load(zoned)
    growth = zoned.load.growth_per_month
    need = _need(needs(zoned, start, releases=made), "Prometheus", "memory, steady")
    month = runs_out(zoned, need, load=start, releases=made)
    assert month
    before, then = (
        _need(needs(zoned, start.after(at, growth=growth), releases=made), need.part, need.resource)
        for at in (month - 1, month)
    )
    assert before.enough
    assert not then.enough


def test_constant_need_never_runs_out(zoned: Region, made: tuple[Release, ...]) -> None:
    start = load(zoned)
    need = _need(needs(zoned, start, releases=made), "Nodes, one zone or host lost", "pods")
    assert runs_out(zoned, need, load=start, releases=made) is None


def _fleet(folder: Path, old: str, new: str) -> Fleet:
    folder.mkdir()
    for file in FIXTURES.iterdir():
        text = file.read_text(encoding="utf-8")
        (folder / file.name).write_text(text.replace(old, new) if file.name == "_common.yaml" else text)
    return load_fleet(folder)


def test_too_many_series_error_has_both_numbers_and_the_line(tmp_path: Path) -> None:
    fleet = _fleet(tmp_path / "regions", "active_series: 40000", "active_series: 400000")
    with pytest.raises(InvalidInput) as caught:
        check_capacity(fleet, checked_releases(fleet))
    told = "\n".join(map(str, caught.value.problems))
    assert (
        "prometheus.resources.requests.memory must be at least 2.1Gi for the region's load, got 1.0Gi "
        "(Prometheus, memory, steady)"
    ) in told
    assert "thanos.receive.resources.limits.cpu must be at least 4.00 cores" in told
    # the same in every region: in the values that all share
    assert "helm-values/thanos.yaml:" in told
    assert "receive.router.resources.limits.cpu must be at least" in told


def test_volumes_are_held_against_the_load(tmp_path: Path) -> None:
    fleet = _fleet(tmp_path / "regions", "retention: 10d", "retention: 60d")
    with pytest.raises(InvalidInput) as caught:
        check_capacity(fleet, checked_releases(fleet))
    assert "prometheus.retention_size must be at least 38.6Gi for the region's load, got 16.0Gi" in str(caught.value)


def test_every_pod_on_the_monitoring_nodes_is_counted(made: tuple[Release, ...]) -> None:
    counted = {pods.workload: pods for pods in placed_pods(made)}
    prometheus = counted["kube-prometheus-stack prometheus prometheusSpec"]
    assert (prometheus.replicas, prometheus.volumes) == (2, 1)
    assert counted["thanos receive ingestor"].replicas == 3
    assert counted["thanos compact"].volumes == 1
    assert counted["oauth2-proxy"].replicas == 2
    drill = counted["objects thanos-drill"]
    assert (drill.replicas, drill.memory) == (1, 2**30)
    assert not any("upgradeJob" in name for name in counted)


def test_quota_is_for_every_pool_at_its_largest_with_a_node_more(zoned: Region, unzoned: Region) -> None:
    assert most_cores(zoned) == 4 * (zoned.node_pools.max_count + 1) * 3
    assert most_cores(unzoned) == 4 * (unzoned.node_pools.max_count + 1)


def test_nodes_must_suffice_without_a_zone(zoned: Region, unzoned: Region) -> None:
    assert nodes_left(zoned) == zoned.node_pools.max_count * 2
    assert nodes_left(unzoned) == unzoned.node_pools.max_count - 1


def test_unschedulable_pods_are_reported(tmp_path: Path) -> None:
    fleet = _fleet(tmp_path / "regions", "max_pods: 50", "max_pods: 30")
    assert nodes_needed(fleet.region("trial-alpha"), checked_releases(fleet)["trial-alpha"])["pods"] > 1
    fleet = _fleet(tmp_path / "again", "vm_size: Standard_D4ds_v5", "vm_size: Standard_D2ds_v5")
    with pytest.raises(InvalidInput, match=r"node_pools\.max_count must be at least 4 for the region's load, got 2"):
        check_capacity(fleet, checked_releases(fleet))
