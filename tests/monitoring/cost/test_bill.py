"""A region's bill: quantities by hand, and beside what Terraform is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from monitoring.blueprint.capacity.needs import load
from monitoring.blueprint.capacity.node_pools import placed_pods
from monitoring.blueprint.releases import releases
from monitoring.cost.bill import bill, lines
from monitoring.cost.line import Line
from monitoring.cost.meters import Meter
from monitoring.cost.prices import Prices, Row
from monitoring.fleet import Fleet, Region, load_fleet
from monitoring.fleet.model import DiskSnapshots
from monitoring.fleet.quantities import Duration

METER = Meter(region="here", service="s", product="p", name="m", sku="", unit="1 GB")


@pytest.fixture(scope="module")
def eastus() -> tuple[Fleet, Region]:
    production = load_fleet(Path(__file__).parents[3] / "regions")
    return production, production.region("prod-eastus")


def lines_of(fleet: Fleet, region: Region, *, months: int = 0) -> Mapping[str, Line]:
    peers = fleet.peers_of(region)
    at = load(region).after(months, growth=region.load.growth_per_month)
    found = [*lines(region, at, releases=releases(region, peers), peers=peers)]
    assert max(Counter(line.part for line in found).values()) == 1, "a part is there once: tables pair them by it"
    return {line.part: line for line in found}


def a_price(*tiers: tuple[float, float | None]) -> Prices:
    row = Row(
        region="here",
        service="s",
        product="p",
        meter="m",
        sku="",
        unit="1 GB",
        id=None,
        tiers=tiers,
        date="2026-01-01",
        source="x",
    )
    return Prices(currency="USD", sources={"x": "y"}, rows={METER: row})


def a_line(part: str, quantity: float, meter: Meter | None = METER) -> Line:
    return Line(part=part, detail="", quantity=quantity, meter=meter, source="")


def test_lines_of_one_meter_share_its_tiers() -> None:
    found = bill("x", [a_line("a", 60), a_line("b", 60)], prices=a_price((0, 1.0), (100, 0.5)))
    assert [one.cost for one in found.lines] == [60.0, 50.0]


def test_what_azure_does_not_bill_costs_nothing_and_what_nobody_knows_is_lacking() -> None:
    found = bill("x", [a_line("free", 9, None), a_line("known", 2)], prices=a_price((0, 1.5)))
    assert (found.known, found.lacks) == (3.0, ())
    unknown = bill("x", [a_line("free", 9, None), a_line("dear", 2)], prices=Prices(currency="USD"))
    assert [one.line.part for one in unknown.lacks] == ["dear"]
    assert (unknown.known, unknown.lines[1].cost) == (0, None)


def test_quantities_of_production_as_counted_by_hand(eastus: tuple[Fleet, Region]) -> None:
    found = lines_of(*eastus)
    expected = {
        "nodes": 3 * 730,
        "disks: Prometheus": 2,
        "disks: Receive ingestors": 3,
        "disks: Store Gateways": 2,
        "disks: Compactor": 1,
        "disks: Alertmanagers": 3,
        "private endpoint": 730,
        "load balancer": 730,
        # 5,000 samples/s of each of two replicas, 2.5 B each: 2.16 GB a day, for 30 days
        "Blob: raw samples": 2.16e9 * 30 / 2**30,
        "Blob: 5-minute samples": 2.16e9 * 115 / 146 * 180 / 2**30,
        "Blob: 1-hour samples": 2.16e9 * 22 / 146 * 730 / 2**30,
    }
    assert {part: found[part].quantity for part in expected} == pytest.approx(expected)
    names = {part: found[part].meter.name for part in expected if found[part].meter}  # type: ignore[union-attr]
    assert names["disks: Prometheus"] == "P10 LRS Disk"
    assert names["disks: Store Gateways"] == "P4 LRS Disk"
    assert names["disks: Alertmanagers"] == "P3 LRS Disk"
    assert names["nodes"] == "E8ds v5"


def test_soft_deleted_blocks_are_all_that_was_uploaded_in_its_days(eastus: tuple[Fleet, Region]) -> None:
    raw, five, one = 2.16e9, 2.16e9 * 115 / 146, 2.16e9 * 22 / 146
    uploaded = (
        3 * raw + 3 * raw + 2 * five + one
    )  # three copies, three sizes of blocks; two of 5 minutes, one of 1 hour
    found = lines_of(*eastus)
    assert found["Blob: soft-deleted"].quantity == pytest.approx(30 * uploaded / 2**30)
    assert found["private endpoint: uploads"].quantity == pytest.approx(730 / 24 * uploaded / 2**30)


def test_operations_are_looks_at_blocks_times_blocks(eastus: tuple[Fleet, Region]) -> None:
    found = lines_of(*eastus)
    blocks = 36 * (2 + 1 / 3) + 3 * 4 + 16 + (30 + 180 + 730) / 14
    looks = (60 + 60 + 2 * 4) * 730  # compactor, and two store gateways
    assert found["Blob: list operations"].quantity == pytest.approx(looks)
    assert found["Blob: other operations"].quantity == pytest.approx(looks * blocks)
    marks = (60 * 3 + 2 * 4) * 730 * blocks
    assert found["Blob: read operations"].quantity == pytest.approx(marks + 730 / 24 * 100_000, rel=0.001)


def test_load_grows_blob_and_leaves_nodes(eastus: tuple[Fleet, Region]) -> None:
    today, later = lines_of(*eastus), lines_of(*eastus, months=12)
    grown = 1.03**12
    assert later["Blob: raw samples"].quantity == pytest.approx(today["Blob: raw samples"].quantity * grown)
    assert later["nodes"].quantity == today["nodes"].quantity


def test_a_disk_that_the_load_outgrows_is_billed_as_the_tier_that_it_needs(eastus: tuple[Fleet, Region]) -> None:
    today, later = lines_of(*eastus), lines_of(*eastus, months=24)
    assert today["disks: Compactor"].detail == "1 x 128 GiB Premium_LRS (P10)"
    assert later["disks: Compactor"].detail == "1 x 138 GiB Premium_LRS (P15)"
    assert later["disks: Compactor"].source == "the region's file, and grown as monitoring capacity says"


def test_the_region_with_the_global_view_pays_for_what_enters_the_others_for_what_leaves(
    eastus: tuple[Fleet, Region],
) -> None:
    fleet, region = eastus
    # at most 10,000 series of 14 bytes, every 30 s, by each of two replicas from each of two, of each other region
    page = 10_000 * 14 * 730 * 3600 / 30 / 2**30
    here, there = lines_of(fleet, region), lines_of(fleet, fleet.region("prod-westus"))
    assert here["traffic from other regions"].quantity == pytest.approx(2 * 2 * 2 * page)
    assert there["traffic to other regions"].quantity == pytest.approx(2 * 2 * page)
    assert there["load balancer: data"].quantity == pytest.approx(2 * 2 * page)
    assert "traffic to other regions" not in here


def test_zones_and_geo_redundancy_have_lines_where_there_are_any(eastus: tuple[Fleet, Region]) -> None:
    fleet, region = eastus
    zoned, unzoned = lines_of(fleet, region), lines_of(fleet, fleet.region("prod-westus"))
    assert zoned["traffic between zones"].meter is None
    samples = 2 * 5000 * 730 * 3600
    assert zoned["traffic between zones"].quantity == pytest.approx(samples * 4 * 2 / 3 * 33 / 2**30)
    assert "traffic between zones" not in unzoned
    assert "Blob: copies to the paired region" in unzoned
    assert "Blob: copies to the paired region" not in zoned


def test_snapshots_are_billed_where_they_are_taken(eastus: tuple[Fleet, Region]) -> None:
    fleet, region = eastus
    assert "snapshots" not in lines_of(fleet, region)
    kept = region.model_copy(update={"disk_snapshots": DiskSnapshots(retention=Duration.parse("7d"))})
    a_day = 5000 * 86400 * 2.5 * 1.2
    full = 15 * a_day + 5000 * 3 * 3600 * 6.5
    found = lines_of(fleet, kept)["snapshots"]
    assert found.quantity == pytest.approx(2 * (full + 7 * 3 * a_day) / 2**30)
    assert found.meter is not None
    assert found.meter.name == "LRS Snapshots"


def test_a_disk_without_tiers_is_billed_by_the_hour_of_each_gib(eastus: tuple[Fleet, Region]) -> None:
    fleet, region = eastus
    other = region.prometheus.model_copy(update={"disk_type": "PremiumV2_LRS"})
    found = lines_of(fleet, region.model_copy(update={"prometheus": other}))["disks: Prometheus"]
    assert found.quantity == 2 * 100 * 730


def test_more_balancers_than_five_rules_cost_more(eastus: tuple[Fleet, Region]) -> None:
    fleet, region = eastus
    addresses = tuple(region.network.load_balancers.federation[0] + step for step in range(6))
    balancers = region.network.load_balancers.model_copy(update={"federation": addresses})
    network = region.network.model_copy(update={"load_balancers": balancers})
    found = lines_of(fleet, region.model_copy(update={"network": network}))
    assert found["load balancer: more rules"].quantity == 2 * 730


def test_every_volume_of_the_charts_and_of_terraform_is_a_disk_of_the_bill(eastus: tuple[Fleet, Region]) -> None:
    fleet, region = eastus
    claimed = sum(
        pods.replicas * pods.volumes for pods in placed_pods(releases(region, fleet.peers_of(region))) if pods.volumes
    )
    found = lines_of(fleet, region)
    assert sum(line.quantity for part, line in found.items() if part.startswith("disks: ")) == claimed == 11


def test_what_goes_to_blob_and_comes_back_for_compaction(eastus: tuple[Fleet, Region]) -> None:
    raw, five, one = 2.16e9, 2.16e9 * 115 / 146, 2.16e9 * 22 / 146
    found = lines_of(*eastus)
    days = 730 / 24
    # three copies, the 8-hour and 2-day blocks of raw samples, and raw and 5-minute samples to be made coarser
    assert found["private endpoint: downloads"].quantity == pytest.approx(days * (6 * raw + 2 * five) / 2**30)
    # all but what stays at last: copies, 8 hours, 2 days; 5-minute samples of 2 days
    assert found["Blob: merged blocks"].quantity == pytest.approx(2 * (5 * raw + five) / 2**30)
    uploads = 36 + 3 + 0.5 + 0.5 + 3 / 14
    parts = (6 * raw + 2 * five + one) / (3 * 2**20)
    assert found["Blob: write operations"].quantity == pytest.approx(days * (3 * uploads + parts))


def test_a_balancer_is_billed_with_its_first_rules_and_others_by_the_rule(eastus: tuple[Fleet, Region]) -> None:
    found = lines_of(*eastus)
    first = found["load balancer"].meter
    assert first is not None
    assert (first.name, first.unit) == ("Standard Included LB Rules and Outbound Rules", "1 Hour")
    names = {part: line.meter.name for part, line in found.items() if part.startswith("private") and line.meter}
    assert names == {
        "private endpoint": "Standard Private Endpoint",
        "private endpoint: uploads": "Standard Data Processed - Ingress",
        "private endpoint: downloads": "Standard Data Processed - Egress",
    }
