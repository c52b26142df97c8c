"""Azure's price list, asked: on loopback, in the documented form."""

from __future__ import annotations

import json
import urllib.parse
from typing import Any

import pytest

from monitoring.cost import meters
from monitoring.cost.meters import Meter
from monitoring.cost.prices import Prices, Row
from monitoring.cost.retail_prices import Refreshed, by_https, refresh
from monitoring.errors import CannotHave
from tests.monitoring.cost.price_list import Item, PriceList, item, served

P10 = meters.disk("Premium_LRS", 128, "westeurope")
P15 = meters.disk("Premium_LRS", 256, "westeurope")
EMPTY = Prices(currency="USD")


def asked(
    items: list[Item], *wanted: Meter, before: Prices = EMPTY, currency: str = "USD", **more: Any
) -> tuple[Refreshed, PriceList]:
    with served(PriceList(items=items, **more)) as prices:
        done = refresh(before, wanted, fetch=by_https, day="2026-11-28", currency=currency, address=prices.address)
    return done, prices


def test_a_price_is_taken_with_its_meter_day_and_source() -> None:
    done, prices = asked([item()], P10)
    assert done.problems == ()
    row = done.prices.rows[P10]
    assert (row.tiers, row.id, row.date, row.source) == (
        ((0.0, 21.68),),
        "137d3f72-fe0e-4a78-b5d0-92d704aa3cac",
        "2026-11-28",
        "api",
    )
    assert done.prices.sources == {"api": "https://prices.azure.com/api/retail/prices, api-version 2023-01-01-preview"}
    assert prices.asked == [
        "serviceName eq 'Storage' and productName eq 'Premium SSD Managed Disks' and armRegionName eq 'westeurope' "
        "and priceType eq 'Consumption'"
    ]


def test_meters_of_one_product_are_asked_for_together_and_every_page_is_read() -> None:
    others = [item(meterName=f"P{number} LRS Disk", skuName=f"P{number} LRS") for number in range(100, 350)]
    p15 = item(meterName="P15 LRS Disk", skuName="P15 LRS", retailPrice=41.82, meterId="p15")
    done, prices = asked([item(), *others, p15], P10, P15, page=100)
    assert done.prices.cost(P15, 1) == 41.82
    assert (len(prices.asked), prices.pages) == (1, 3)


def test_more_pages_than_any_product_has_are_an_error() -> None:
    with pytest.raises(CannotHave, match="must have at most 50 pages, got more"):
        asked([item() for _ in range(51)], P10, page=1)


@pytest.mark.parametrize("other", ["http://127.0.0.2:1", "http://127.0.0.1:1"])
def test_a_next_page_of_another_host_or_port_is_not_asked_for(other: str) -> None:
    message = r"the next page must be of http://127\.0\.0\.1:\d+/api/retail/prices, got http://"
    with pytest.raises(CannotHave, match=message):
        asked([item(), item()], P10, page=1, next_host=f"{other}/api/retail/prices")


def test_a_redirect_is_not_followed() -> None:
    with served(PriceList(items=[item()])) as prices, pytest.raises(CannotHave, match="HTTP Error 302"):
        by_https(prices.address.replace("/api/retail/prices", "/elsewhere"))


def test_spot_low_priority_windows_reservations_and_mounts_are_other_meters() -> None:
    machine = meters.virtual_machine("Standard_E8ds_v5", "eastus")
    usual: Item = {
        "armRegionName": "eastus",
        "serviceName": "Virtual Machines",
        "productName": "Virtual Machines Edsv5 Series",
        "meterName": "E8ds v5",
        "skuName": "E8ds v5",
        "unitOfMeasure": "1 Hour",
        "retailPrice": 0.576,
        "meterId": "usual",
    }
    items = [
        item(**usual),
        item(
            **{**usual, "meterName": "E8ds v5 Spot", "skuName": "E8ds v5 Spot", "retailPrice": 0.1, "meterId": "spot"}
        ),
        item(**{**usual, "skuName": "E8ds v5 Low Priority", "meterName": "E8ds v5 Low Priority", "meterId": "low"}),
        item(**{**usual, "productName": "Virtual Machines Edsv5 Series Windows", "meterId": "windows"}),
        item(**{**usual, "type": "Reservation", "retailPrice": 2976, "meterId": "reserved"}),
        item(),
        item(meterName="P10 LRS Disk Mount", retailPrice=0.96, meterId="mount"),
    ]
    done, _ = asked(items, machine, P10)
    assert done.problems == ()
    assert done.prices.cost(machine, 1) == 0.576
    assert done.prices.cost(P10, 1) == 21.68


def test_tiers_are_taken_in_order() -> None:
    stored = meters.blob("GRS", meters.STORED, "westus")
    blob: Item = {
        "armRegionName": "westus",
        "productName": "General Block Blob v2",
        "skuName": "Hot GRS",
        "meterName": "Hot GRS Data Stored",
        "unitOfMeasure": "1 GB/Month",
    }
    tiers = [(512000, 0.042136), (0, 0.0458), (51200, 0.043968)]
    done, _ = asked([item(**{**blob, "tierMinimumUnits": s, "retailPrice": p}) for s, p in tiers], stored)
    assert done.prices.rows[stored].tiers == ((0, 0.0458), (51200, 0.043968), (512000, 0.042136))


def test_a_meter_that_the_list_has_not_becomes_unknown() -> None:
    before, _ = asked([item()], P10)
    done, _ = asked([], before=before.prices)
    assert done.problems == (
        "westeurope, Premium SSD Managed Disks, P10 LRS, P10 LRS Disk: the price list has no such meter",
    )
    assert done.prices.rows[P10].tiers is None
    assert done.prices.cost(P10, 1) is None


def test_two_meters_for_one_row_are_both_named_and_the_old_price_stays() -> None:
    before, _ = asked([item()], P10)
    done, _ = asked([item(), item(meterId="another", retailPrice=1)], before=before.prices)
    (problem,) = done.problems
    assert (
        "must be one meter, got P10 LRS Disk of P10 LRS (137d3f72-fe0e-4a78-b5d0-92d704aa3cac), from 0 at 21.68"
        in problem
    )
    assert "and P10 LRS Disk of P10 LRS (another), from 0 at 1" in problem
    assert done.prices.cost(P10, 1) == 21.68


def test_of_two_meters_the_one_of_the_region_itself_is_taken() -> None:
    done, _ = asked([item(), item(meterId="another", retailPrice=1, isPrimaryMeterRegion=False)], P10)
    assert (done.problems, done.prices.cost(P10, 1)) == ((), 21.68)


@pytest.mark.parametrize(
    ("items", "told"),
    [
        ([item(unitOfMeasure="100/Month")], "unit must be 1/Month, got 100/Month"),
        ([item(currencyCode="EUR")], "currency must be USD, got EUR"),
        ([item(), item(retailPrice=20)], "must have one price from each quantity on, got P10"),
        ([item(tierMinimumUnits=5)], "must have a price from 0 on, got P10"),
    ],
)
def test_an_unclear_answer_is_told_and_is_no_price(items: list[Item], told: str) -> None:
    done, _ = asked(items, P10)
    assert told in done.problems[0]
    assert done.prices.cost(P10, 1) is None


def test_in_another_currency_no_old_price_stays() -> None:
    before, _ = asked([item()], P10)
    unclear, _ = asked([item()], before=before.prices, currency="EUR")
    assert unclear.problems[0].endswith("currency must be EUR, got USD")
    assert (unclear.prices.currency, unclear.prices.cost(P10, 1)) == ("EUR", None)
    done, _ = asked([item(currencyCode="EUR", retailPrice=19.03)], before=before.prices, currency="EUR")
    assert (done.problems, done.prices.cost(P10, 1)) == ((), 19.03)


def test_sources_that_no_row_names_any_more_go() -> None:
    row = Row(
        region=P10.region,
        service=P10.service,
        product=P10.product,
        meter=P10.name,
        sku=P10.sku,
        unit=P10.unit,
        id=None,
        tiers=((0, 1.0),),
        date="2020-01-01",
        source="a note",
    )
    before = Prices(currency="USD", sources={"a note": "Somewhere."}, rows={P10: row})
    done, _ = asked([item()], before=before)
    assert list(done.prices.sources) == ["api"]


@pytest.mark.parametrize(
    "page", [b"sign in first", b"[]", b'{"Items": [{"retailPrice": 1}]}', b'{"Items": 3}', b"[" * 9999]
)
def test_an_answer_of_another_form_is_told(page: bytes) -> None:
    with pytest.raises(CannotHave, match="must answer with prices as documented, got"):
        refresh(EMPTY, [P10], fetch=lambda _: page, day="2026-11-28", currency="USD")


def test_nobody_at_the_address_is_told() -> None:
    with pytest.raises(CannotHave, match="must answer with prices, got"):
        by_https("http://127.0.0.1:1/api/retail/prices")


def test_a_page_without_an_end_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.cost.retail_prices.MOST_BYTES", 100)
    with pytest.raises(CannotHave, match="must answer with at most 100 bytes, got more"):
        asked([item()], P10)


def test_the_question_names_version_and_currency_and_the_next_page_may_write_its_port_out() -> None:
    urls: list[str] = []

    def fetch(url: str) -> bytes:
        urls.append(url)
        following = "https://prices.azure.com:443/api/retail/prices?$skip=100" if len(urls) == 1 else None
        return json.dumps({"Items": [item(currencyCode="EUR")], "NextPageLink": following}).encode()

    done = refresh(EMPTY, [P10], fetch=fetch, day="2026-11-28", currency="EUR")
    assert done.problems == ()
    first = urllib.parse.urlsplit(urls[0])
    assert (first.netloc, first.path) == ("prices.azure.com", "/api/retail/prices")
    query = urllib.parse.parse_qs(first.query)
    assert (query["api-version"], query["currencyCode"]) == (["2023-01-01-preview"], ["'EUR'"])
    assert urls[1:] == ["https://prices.azure.com:443/api/retail/prices?$skip=100"]


def test_tiers_of_one_meter_stay_together_whatever_region_they_are_marked_for() -> None:
    done, _ = asked([item(), item(tierMinimumUnits=10, retailPrice=20, isPrimaryMeterRegion=False)], P10)
    assert done.prices.rows[P10].tiers == ((0, 21.68), (10, 20))
