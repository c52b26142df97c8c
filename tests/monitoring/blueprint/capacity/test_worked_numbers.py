"""What a load needs, by worked numbers of docs/capacity.md, and the model beside what was measured."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitoring.blueprint.capacity.needs import (
    BYTES_PER_SAMPLE,
    WAL_BYTES_PER_SAMPLE,
    Load,
    Need,
    Unit,
    blob,
    carries,
    ingestor_memory,
    load,
    needs,
    prometheus_memory,
    runs_out,
)
from monitoring.blueprint.capacity.node_pools import Pods, nodes_left, nodes_needed, placed_pods
from monitoring.blueprint.releases import releases
from monitoring.blueprint.releases.release import Release
from monitoring.fleet import Region
from monitoring.fleet.quantities import Duration
from tests.fleet.changed import at, changed

NEAR = 0.3
FIGURES = Path(__file__).parents[4] / "docs" / "figures.json"
SOME = Load(series=300_000, interval=30, queried=2_000_000)
"""10,000 samples per second in each of two Prometheus."""


@pytest.fixture(scope="module")
def made(zoned: Region) -> tuple[Release, ...]:
    return releases(zoned, ())


def found(region: Region, made: tuple[Release, ...], some: Load = SOME) -> dict[tuple[str, str], Need]:
    return {(need.part, need.resource): need for need in needs(region, some, releases=made)}


def test_worked_example_has_need_capacity_and_setting_per_component(zoned: Region, made: tuple[Release, ...]) -> None:
    told = {
        key: (round(need.need), need.configured, ".".join(map(str, need.path)), need.unit.value, need.release)
        for key, need in found(zoned, made).items()
        if "Nodes" not in need.part
    }
    gib = 2**30
    assert told == {
        ("Prometheus", "memory, steady"): (1_725_000_000, gib, "prometheus.resources.requests.memory", "bytes", None),
        ("Prometheus", "memory, with queries"): (
            1_757_000_000,
            2 * gib,
            "prometheus.resources.limits.memory",
            "bytes",
            None,
        ),
        ("Prometheus", "CPU"): (160, 500, "prometheus.resources.requests.cpu", "millicores", None),
        ("Prometheus", "blocks of 10d"): (25_920_000_000, 16 * gib, "prometheus.retention_size", "bytes", None),
        ("Prometheus", "blocks and WAL"): (26_622_000_000, 32 * gib, "prometheus.volume_size", "bytes", None),
        ("Receive ingestor", "memory"): (
            5_665_000_000,
            3 * gib,
            "thanos.receive.resources.limits.memory",
            "bytes",
            None,
        ),
        ("Receive ingestor", "CPU"): (3000, 1000, "thanos.receive.resources.limits.cpu", "millicores", None),
        ("Receive ingestor", "blocks and WAL"): (16_956_000_000, 20 * gib, "thanos.receive.volume_size", "bytes", None),
        ("Prometheus, on one node", "memory"): (1_757_000_000, 14_951_269_760, "node_pools.vm_size", "bytes", None),
        ("Store Gateway", "memory"): (
            3_690_000_000,
            3 * gib,
            "thanos.store_gateway.resources.limits.memory",
            "bytes",
            None,
        ),
        ("Store Gateway", "index headers"): (
            12_960_000_000,
            10 * gib,
            "thanos.store_gateway.volume_size",
            "bytes",
            None,
        ),
        ("Compactor", "disk"): (145_152_000_000, 100 * gib, "thanos.compactor.volume_size", "bytes", None),
        ("Compactor", "memory"): (
            1_950_000_000,
            2 * gib,
            "thanos.compactor.resources.limits.memory",
            "bytes",
            None,
        ),
        ("Compactor", "CPU"): (54, 1000, "thanos.compactor.resources.limits.cpu", "millicores", None),
        ("Compactor, one stream", "CPU"): (54, 1000, "load.active_series", "millicores", None),
        ("Receive router", "memory"): (
            1_200_000_000,
            2 * gib,
            "receive.router.resources.limits.memory",
            "bytes",
            "thanos",
        ),
        ("Receive router", "CPU"): (1200, 2000, "receive.router.resources.limits.cpu", "millicores", "thanos"),
    }


def test_four_store_gateways_hold_half_of_the_index_headers_each(made: tuple[Release, ...]) -> None:
    """And answer as many calls as two would: whose blocks are asked for is not known."""
    wider = found(changed(at("thanos.store_gateway.replicas", 4), of="trial-alpha"), made)
    assert [round(wider["Store Gateway", of].need) for of in ("memory", "index headers")] == [
        3_690_000_000,
        6_480_000_000,
    ]


def test_one_compactor_carries_five_million_series_with_a_day_to_spare(
    zoned: Region, made: tuple[Release, ...]
) -> None:
    """At 30 s: 367,647 samples a second of two Prometheus, read 6.8 times, 5 million a second, half of the time."""
    need = found(zoned, made)["Compactor, one stream", "CPU"]
    assert carries(zoned, need, load=SOME, releases=made) == pytest.approx(5_514_705, rel=0.002)
    over = found(zoned, made, replace(SOME, series=5_600_000))["Compactor, one stream", "CPU"]
    assert not over.enough
    assert over.message == (
        "must be at least 1.02 cores for the region's load, got 1.00 cores (Compactor, one stream, CPU): "
        "divide the load over two regions or clusters, each with its own bucket; "
        "a second compactor would halt on the first one's blocks (docs/capacity.md, Limits)"
    )


def test_one_prometheus_carries_what_fits_on_a_node(zoned: Region, made: tuple[Release, ...]) -> None:
    """14.95 GB, less 105 MB and 32 MB of queries, at 5,400 B a series."""
    need = found(zoned, made)["Prometheus, on one node", "memory"]
    assert carries(zoned, need, load=SOME, releases=made) == pytest.approx(2_743_383, rel=0.002)
    over = found(zoned, made, replace(SOME, series=2_750_000))["Prometheus, on one node", "memory"]
    assert over.message == (
        "must be at least 14.0Gi for the region's load, got 13.9Gi (Prometheus, on one node, memory): "
        "take larger nodes, or divide the load over two regions or clusters; "
        "one Prometheus is not divided (docs/capacity.md, Limits)"
    )


def test_what_no_series_change_carries_any_number(zoned: Region, made: tuple[Release, ...]) -> None:
    need = found(zoned, made)["Nodes, one zone or host lost", "pods"]
    assert carries(zoned, need, load=SOME, releases=made) is None


def test_what_is_too_small_for_any_load_carries_none(made: tuple[Release, ...]) -> None:
    small = changed(at("thanos.compactor.volume_size", "50Gi"), of="trial-alpha")
    assert carries(small, found(small, made)["Compactor", "disk"], load=SOME, releases=made) == 0


def ring(count: int, *, copies: int = 3) -> Region:
    receive = {"replicas": count, "ring": count, "replication_factor": copies}
    return changed(at("thanos.receive", receive), of="trial-alpha")


def test_the_fullest_of_six_ingestors_carries_twelve_percent_more_than_half_of_the_copies(
    made: tuple[Release, ...],
) -> None:
    """336,000 series of 600,000. A lost one's are written nowhere: the ring stays as it is."""
    wider = found(ring(6), made)
    assert [round(wider["Receive ingestor", of].need) for of in ("memory", "CPU", "blocks and WAL")] == [
        3_209_800_000,
        1680,
        9_495_360_000,
    ]


def test_ingestors_that_are_not_in_the_ring_carry_nothing(zoned: Region, made: tuple[Release, ...]) -> None:
    waiting = changed(at("thanos.receive.replicas", 6), of="trial-alpha")
    for of in ("memory", "CPU", "blocks and WAL"):
        key = ("Receive ingestor", of)
        assert found(waiting, made)[key].need == found(zoned, made)[key].need


def test_five_copies_on_seven_ingestors(made: tuple[Release, ...]) -> None:
    """480,000 series of 600,000."""
    assert round(found(ring(7, copies=5), made)["Receive ingestor", "CPU"].need) == 2400


@pytest.mark.parametrize(
    ("series", "advice"),
    [
        (100_000, ""),  # three do
        (120_000, "or more of them: thanos.receive.replicas and ring 6"),
        (800_000, "or more of them: thanos.receive.replicas and ring 27"),
        (10_000_000, ""),  # no number of this size does
    ],
)
def test_how_many_ingestors_of_this_size_would_do(
    made: tuple[Release, ...], zoned: Region, series: int, advice: str
) -> None:
    told = found(zoned, made, Load(series=series, interval=30, queried=1))
    assert told["Receive ingestor", "memory"].advice == advice


def test_a_small_region_compacts_on_the_smallest_disk(zoned: Region, made: tuple[Release, ...]) -> None:
    small = Load(series=30_000, interval=30, queried=1)
    assert found(zoned, made, small)["Compactor", "disk"].need == 100_000_000_000


def test_router_load_is_shared_as_if_one_of_three_were_lost(made: tuple[Release, ...]) -> None:
    told = found(changed(at("thanos.receive.routers", 3), of="trial-alpha"), made)
    assert (told["Receive router", "CPU"].need, told["Receive router", "CPU"].configured) == (600, 2000)
    assert told["Receive router", "memory"].need == 600_000_000


def test_the_load_is_what_the_file_states(zoned: Region) -> None:
    assert load(zoned) == Load(series=40_000, interval=15, queried=4_000_000)
    assert load(zoned, series=0) == Load(series=0, interval=15, queried=4_000_000)
    assert SOME.rate == 10_000
    assert SOME.after(2, growth=0.5) == Load(series=675_000, interval=30, queried=2_000_000)


def test_blob_keeps_each_resolution_as_long_as_the_file_says() -> None:
    """4.32 GB a day: raw 14 d, 5-minute samples 90 d, 1-hour samples 2 y."""
    stored = blob(changed(at("thanos.retention.one_hour", "2y"), of="trial-alpha"), SOME)
    assert stored.written_per_day == pytest.approx(12.96e9)
    assert stored.month == pytest.approx(182.091e9, rel=1e-5)
    assert stored.year == pytest.approx(604.3266e9, rel=1e-5)
    assert stored.full == pytest.approx(841.9266e9, rel=1e-5)


@pytest.mark.parametrize(("growth", "month"), [(0.05, 31), (0.0254, 60), (0.025, None)])
def test_the_month_in_which_prometheus_runs_out_of_memory(
    made: tuple[Release, ...], growth: float, month: int | None
) -> None:
    """1 GiB holds 179,396 series, four and a half times as many as there are."""
    region = changed(at("load.growth_per_month", growth), of="trial-alpha")
    need = found(region, made, load(region))["Prometheus", "memory, steady"]
    assert runs_out(region, need, load=load(region), releases=made) == month


def test_insufficient_capacity_today_runs_out_in_month_0(zoned: Region, made: tuple[Release, ...]) -> None:
    need = found(zoned, made)["Prometheus", "memory, steady"]
    assert runs_out(zoned, need, load=SOME, releases=made) == 0


@pytest.mark.parametrize(
    ("need", "unit", "enough", "headroom", "message"),
    [
        (4 * 2**30, Unit.BYTES, True, 0.0, "must be at least 4.0Gi for the region's load, got 4.0Gi (part, thing)"),
        (
            4 * 2**30 + 1,
            Unit.BYTES,
            False,
            -2.3e-10,
            "must be at least 4.0Gi for the region's load, got 4.0Gi (part, thing)",
        ),
    ],
)
def test_need_equal_to_capacity_is_met(need: float, unit: Unit, enough: bool, headroom: float, message: str) -> None:
    one = Need(part="part", resource="thing", unit=unit, need=need, configured=4 * 2**30, path=("a",))
    assert (one.enough, one.message) == (enough, message)
    assert one.headroom == pytest.approx(headroom, abs=1e-9)


def test_headroom_is_the_share_that_is_left() -> None:
    one = Need(part="part", resource="thing", unit=Unit.COUNT, need=1, configured=4, path=("a",))
    assert one.headroom == 0.75


def test_numbers_are_printed_with_their_unit() -> None:
    assert (Unit.BYTES.text(3.75 * 2**30), Unit.MILLICORES.text(1200), Unit.COUNT.text(42.0)) == (
        "3.8Gi",
        "1.20 cores",
        "42",
    )


def test_capacity_model_is_close_to_measured_values() -> None:
    """The newest run of `make bench`; what a machine's luck adds stays within a third."""
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    ingestion, panels = figures["ingestion"]["values"], figures["panels"]["values"]
    series = ingestion["series"]
    assert prometheus_memory(series) == pytest.approx(ingestion["Prometheus: memory"], rel=NEAR)
    assert ingestor_memory(series) == pytest.approx(ingestion["ingestor: memory"], rel=NEAR)
    assert pytest.approx(ingestion["Prometheus: WAL per sample"], rel=NEAR) == WAL_BYTES_PER_SAMPLE
    assert pytest.approx(panels["blocks: bytes per sample"], rel=NEAR) == BYTES_PER_SAMPLE


def release(made: tuple[Release, ...], **values: Any) -> tuple[Release, ...]:
    """One release of these values alone."""
    return (replace(made[0], name="one", values=values),)


def workload(*, cpu: str = "1m", memory: str = "1Ki", **more: Any) -> dict[str, Any]:
    """A workload on the monitoring nodes."""
    requests = {"requests": {"cpu": cpu, "memory": memory}}
    return {"nodeSelector": {"workload": "monitoring"}, "resources": requests, **more}


def test_each_pod_is_counted_with_its_sidecars_and_volume(made: tuple[Release, ...]) -> None:
    beside = [{"resources": {"requests": {"cpu": "5m", "memory": "2Ki"}}}, {"name": "without"}]
    values = {
        "a": workload(cpu="10m", memory="1Ki", replicas=3, containers=beside, storageSpec={}),
        "b": {"c": workload(cpu="2", replicaCount=2, persistence={"enabled": True})},
        "d": workload(persistence={"enabled": False}),
        "e": workload(storage={}),
        "elsewhere": {**workload(), "nodeSelector": {}},
        "without": {**workload(), "resources": {"limits": {}}},
        "upgradeJob": workload(),
    }
    assert list(placed_pods(release(made, **values))) == [
        Pods(workload="one a", replicas=3, millicores=15, memory=3072, volumes=1),
        Pods(workload="one b c", replicas=2, millicores=2000, memory=1024, volumes=1),
        Pods(workload="one d", replicas=1, millicores=1, memory=1024, volumes=0),
        Pods(workload="one e", replicas=1, millicores=1, memory=1024, volumes=1),
    ]


@pytest.mark.parametrize(
    ("what", "fits", "too_much"),
    [
        # 4 cores: AKS keeps 140 m, its own pods take 500 m
        ("CPU", {"cpu": "3360m"}, {"cpu": "3361m"}),
        # 16 GiB - (50 pods · 20 MB + 50 MB) - 100 MiB - 1 GiB
        ("memory", {"memory": "14600849Ki"}, {"memory": "14600850Ki"}),
        # 50 pods, 15 of them AKS' own
        ("pods", {"replicas": 35}, {"replicas": 36}),
        ("data disks", {"replicas": 8, "storage": {}}, {"replicas": 9, "storage": {}}),
    ],
)
def test_a_node_is_full_and_one_more_needs_another(
    zoned: Region, made: tuple[Release, ...], what: str, fits: dict[str, Any], too_much: dict[str, Any]
) -> None:
    full, over = (nodes_needed(zoned, release(made, a=workload(**one))) for one in (fits, too_much))
    assert full == {"CPU": 1, "memory": 1, "pods": 1, "data disks": full["data disks"]}
    assert (full[what], over[what]) == (1, 2)


def test_a_lost_zone_or_host_is_left_out(zoned: Region, unzoned: Region) -> None:
    assert nodes_left(zoned) == 4  # three pools of two
    assert nodes_left(unzoned) == 5  # one pool of six
    assert nodes_left(changed({})) == 2  # two pools of two


def test_pod_requests_are_compared_with_remaining_nodes(zoned: Region, made: tuple[Release, ...]) -> None:
    counted = [need for need in needs(zoned, SOME, releases=made) if need.part.startswith("Nodes")]
    assert [(need.part, need.resource, need.need, need.configured, need.path, need.unit) for need in counted] == [
        ("Nodes, one zone or host lost", what, count, 4, ("node_pools", "max_count"), Unit.COUNT)
        for what, count in (("CPU", 3), ("memory", 2), ("pods", 1), ("data disks", 2))
    ]


def test_tsdb_head_holds_three_hours_at_any_rate(zoned: Region, made: tuple[Release, ...]) -> None:
    told = found(zoned, made)
    wal = told["Prometheus", "blocks and WAL"].need - told["Prometheus", "blocks of 10d"].need
    assert wal == pytest.approx(10_000 * Duration.parse("3h").seconds * 6.5)
