"""What a change of sizes costs: by stack, each thing once, unknown where a price is."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from monitoring.cost import meters
from monitoring.cost.meters import Meter
from monitoring.cost.prices import Prices, Row
from monitoring.effective.facts import Facts
from monitoring.review.changes import between
from monitoring.review.markdown import markdown
from monitoring.review.money import Difference, billed, difference
from monitoring.review.report import Review, as_data, money_line, risk_lines
from monitoring.review.risks import judged
from tests.monitoring.review.edited import GONE, REGION, Place, facts_of, part, region_parts, with_edit

LOCATION = "swedencentral"
OTHER = "trial-other"
CLAIM = "kubernetes_persistent_volume_claim_v1"
POOL = "azurerm_kubernetes_cluster_node_pool"
SIZE: Place = ("spec", "resources", "requests", "storage")
WHOLE = facts_of(*region_parts())


def prices(known: Mapping[Meter, float]) -> Prices:
    return Prices(
        currency="USD",
        rows={
            meter: Row(
                region=meter.region,
                service=meter.service,
                product=meter.product,
                meter=meter.name,
                sku=meter.sku,
                unit=meter.unit,
                id=None,
                tiers=((0, price),),
                date="2026-01-01",
                source="x",
            )
            for meter, price in known.items()
        },
    )


def disk(gib: int, location: str = LOCATION) -> Meter:
    return meters.disk("Premium_LRS", gib, location)


KNOWN = prices(
    {
        disk(8): 1.0,
        disk(16): 2.0,
        disk(32): 5.0,
        disk(64): 10.0,
        disk(128): 20.0,
        disk(256): 40.0,
        meters.virtual_machine("Standard_D4ds_v5", LOCATION): 0.25,
        meters.virtual_machine("Standard_D8ds_v5", LOCATION): 0.5,
    }
)


def edited(*edits: tuple[str, str, Place, object]) -> Facts:
    """The region, with values of some parts changed, or the whole part gone."""
    parts = list(region_parts())
    places = [region_parts().index(part(subject, name)) for subject, name, _, _ in edits]
    for at, (_, _, path, value) in zip(places, edits, strict=True):
        if not path and value is GONE:
            del parts[at]
        else:
            parts[at] = with_edit(parts[at], path, value)
    return facts_of(*parts)


def money(after: Facts, *, before: Facts = WHOLE, at: Prices = KNOWN) -> Difference:
    sides = {REGION: before}, {REGION: after}
    return difference(between(*sides), before=sides[0], after=sides[1], prices=at)


def test_a_larger_disk_of_prometheus_is_the_difference_of_its_tiers() -> None:
    found = money(edited((CLAIM, "disks_claim-0", SIZE, "200Gi")))
    (said,) = found.of.values()
    assert str(said) == "1 x P4 → 1 x P15: +35.00 USD a month"
    assert found.total is not None
    assert found.total.by_stack == {REGION: 35.0}


def test_a_size_within_the_same_tier_costs_nothing_more() -> None:
    assert money(edited((CLAIM, "disks_claim-0", SIZE, "30Gi"))) == Difference()


def test_a_volume_of_a_chart_counts_for_each_replica() -> None:
    found = money(edited(("thanos", "receive", ("ingestor", "persistence", "size"), "100Gi")))
    (said,) = found.of.values()
    assert said.what.endswith("→ 3 x P10")
    replicas = money(edited(("thanos", "storeGateway", ("replicas",), 5)))
    (said,) = replicas.of.values()
    assert said.what in {"2 x P2 → 5 x P2", "2 x P3 → 5 x P3", "2 x P4 → 5 x P4"}
    assert said.by_stack[REGION] is not None
    assert said.by_stack[REGION] == 3 * {"P2": 1.0, "P3": 2.0, "P4": 5.0}[said.what[-2:]]


def test_alertmanagers_volumes_are_counted_and_prometheus_not_twice() -> None:
    names = dict(billed(WHOLE))
    assert {name for name in names if not name.startswith((POOL, CLAIM))} == {
        "thanos receive.ingestor",
        "thanos storeGateway",
        "thanos compact",
        "kube-prometheus-stack alertmanager.alertmanagerSpec",
    }
    assert sum(name.startswith(CLAIM) for name in names) == 2
    assert sum(name.startswith(POOL) for name in names) == 3


def test_a_pool_costs_its_least_nodes() -> None:
    found = money(edited((POOL, "node-pools_zone-1", ("min_count",), 2)))
    assert [str(one) for one in found.of.values()] == [
        "1 x Standard_D4ds_v5 → 2 x Standard_D4ds_v5: +182.50 USD a month"
    ]
    smaller = money(edited((POOL, "node-pools_zone-1", ("vm_size",), "Standard_D2ds_v5")))
    (said,) = smaller.of.values()
    assert str(said) == "1 x Standard_D4ds_v5 → 1 x Standard_D2ds_v5: price unknown in trial-alpha"


def test_two_changes_of_one_pool_are_added_once() -> None:
    found = money(
        edited(
            (POOL, "node-pools_zone-1", ("min_count",), 2),
            (POOL, "node-pools_zone-1", ("vm_size",), "Standard_D8ds_v5"),
        )
    )
    assert len(found.of) == 2
    assert found.total is not None
    assert found.total.by_stack == {REGION: 2 * 730 * 0.5 - 730 * 0.25}


def test_a_claim_that_goes_costs_less() -> None:
    found = money(edited((CLAIM, "disks_claim-1", (), GONE)))
    assert [str(one) for one in found.of.values()] == ["1 x P4 → nothing: -5.00 USD a month"]


def test_a_whole_region_is_said_in_one_sum() -> None:
    sides: tuple[dict[str, Facts], dict[str, Facts]] = ({REGION: WHOLE}, {REGION: WHOLE, OTHER: WHOLE})
    found = difference(between(*sides), before=sides[0], after=sides[1], prices=KNOWN)
    (said,) = found.of.values()
    assert said.what == "9 disks and pools"
    amount = said.by_stack[OTHER]
    assert amount is not None
    assert amount > 3 * 730 * 0.25


@pytest.mark.parametrize("size", ["much", "99999Gi", "${azurerm_managed_disk.x.size}"])
def test_a_size_that_is_none_is_of_unknown_price(size: str) -> None:
    found = money(edited((CLAIM, "disks_claim-0", SIZE, size)))
    (said,) = found.of.values()
    assert said.by_stack == {REGION: None}


def test_without_prices_all_is_unknown_and_nothing_fails() -> None:
    found = money(edited((CLAIM, "disks_claim-0", SIZE, "200Gi")), at=Prices(currency="USD"))
    assert [str(one) for one in found.of.values()] == ["1 x P4 → 1 x P15: price unknown in trial-alpha"]


def test_regions_of_known_and_unknown_price_are_told_apart() -> None:
    other = {
        place: "westus" if value == LOCATION else value.replace(REGION, OTHER) if isinstance(value, str) else value
        for place, value in WHOLE.items()
    }
    after = edited((CLAIM, "disks_claim-0", SIZE, "200Gi"))
    changed = {place: value for place, value in after.items() if WHOLE.get(place) != value}
    sides: tuple[dict[str, Facts], dict[str, Facts]]
    sides = ({REGION: WHOLE, OTHER: other}, {REGION: after, OTHER: {**other, **changed}})
    found = difference(between(*sides), before=sides[0], after=sides[1], prices=KNOWN)
    (said,) = found.of.values()
    assert str(said) == "1 x P4 → 1 x P15: +35.00 USD a month, price unknown in trial-other"


def test_the_review_says_it_beside_the_size_for_people_and_machines() -> None:
    sides = {REGION: WHOLE}, {REGION: edited((CLAIM, "disks_claim-0", SIZE, "200Gi"))}
    changes = between(*sides)
    review = Review(
        stacks=(REGION,),
        changes=tuple(changes),
        risks=judged(changes).risks,
        money=difference(changes, before=sides[0], after=sides[1], prices=KNOWN),
    )
    assert money_line(review) == "Disks and nodes, by prices/azure.json: +35.00 USD a month."
    ((_, place),) = risk_lines(review)
    assert place == "in trial-alpha (1 x P4 → 1 x P15: +35.00 USD a month)"
    text = markdown(review)
    assert "Disks and nodes, by prices/azure.json: +35.00 USD a month." in text
    assert "in trial-alpha (1 x P4 → 1 x P15: +35.00 USD a month)" in text
    data = as_data(review)
    assert data["money"] == {"what": "", "currency": "USD", "by_stack": {REGION: 35.0}}
    assert data["risks"][0]["money"]["by_stack"] == {REGION: 35.0}  # type: ignore[index]


def test_a_change_of_no_size_has_no_line_of_money() -> None:
    assert money_line(Review(stacks=(), changes=(), risks=())) is None
