"""The table of prices: read, refused where it is wrong, written as it was read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from monitoring.blueprint.values.charts import ROOT
from monitoring.cost.meters import Meter
from monitoring.cost.prices import PRICES, read_prices, written
from monitoring.errors import InvalidInput

STORED = Meter(
    region="eastus",
    service="Storage",
    product="General Block Blob v2",
    name="Data Stored",
    sku="Hot ZRS",
    unit="1 GB/Month",
)


def a_row(**other: object) -> dict[str, object]:
    return {
        "region": "eastus",
        "service": "Storage",
        "product": "General Block Blob v2",
        "meter": "Data Stored",
        "sku": "Hot ZRS",
        "unit": "1 GB/Month",
        "id": None,
        "tiers": [[0, 0.02], [100, 0.01], [1000, None]],
        "date": "2026-10-03",
        "source": "api",
        **other,
    }


def a_table(folder: Path, *rows: dict[str, object], **other: object) -> Path:
    table: dict[str, Any] = {"currency": "USD", "sources": {"api": "An answer."}, "prices": rows, **other}
    file = folder / "prices.json"
    file.write_text(json.dumps(table, indent=1), encoding="utf-8")
    return file


def test_a_quantity_is_charged_tier_by_tier(tmp_path: Path) -> None:
    prices = read_prices(a_table(tmp_path, a_row()), name="prices.json")
    assert prices.cost(STORED, 0) == 0
    assert prices.cost(STORED, 50) == pytest.approx(1.0)
    assert prices.cost(STORED, 150) == pytest.approx(2.5)
    assert prices.cost(STORED, 1000) == pytest.approx(11.0)


def test_a_quantity_that_reaches_a_tier_of_unknown_price_has_no_cost(tmp_path: Path) -> None:
    prices = read_prices(a_table(tmp_path, a_row()), name="prices.json")
    assert prices.cost(STORED, 1001) is None


def test_a_unit_of_ten_thousand_is_divided_by(tmp_path: Path) -> None:
    row = a_row(meter="Read Operations", unit="10K", tiers=[[0, 0.004]])
    prices = read_prices(a_table(tmp_path, row), name="prices.json")
    (meter,) = prices.rows
    assert prices.cost(meter, 25_000) == pytest.approx(0.01)


def test_what_is_not_in_the_table_and_what_is_null_in_it_is_unknown_not_free(tmp_path: Path) -> None:
    prices = read_prices(a_table(tmp_path), name="prices.json")
    assert prices.cost(STORED, 1) is None
    null = a_row(tiers=None, date=None, source=None)
    assert read_prices(a_table(tmp_path, null), name="prices.json").cost(STORED, 1) is None


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (a_row(unit="100 Hours"), "unit must be one of 1 Hour, 1/Hour, 1/Month, 1 GB/Month, 1 GiB/Hour, 1 GB, 10K"),
        (a_row(date=None), "must have tiers, date and source, or none of them"),
        (a_row(source="hearsay"), "source must be one of api, got hearsay"),
        (a_row(tiers=[[5, 0.02]]), "tiers must begin at 0 and rise, got [5"),
        (a_row(tiers=[[0, 0.02], [0, 0.01]]), "tiers must begin at 0 and rise"),
        (a_row(tiers=[]), "tiers must begin at 0 and rise, got []"),
        (a_row(tiers=[[0, -1]]), "greater than or equal to 0"),
        (a_row(date="yesterday"), "String should match pattern"),
        (a_row(price=1), "Extra inputs are not permitted"),
    ],
)
def test_a_wrong_row_is_told_with_its_line(tmp_path: Path, row: dict[str, object], told: str) -> None:
    with pytest.raises(InvalidInput) as invalid:
        read_prices(a_table(tmp_path, row), name="prices.json")
    assert told in str(invalid.value)
    assert str(invalid.value).startswith("prices.json:")


def test_a_meter_that_is_there_twice_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="must be there once, got eastus, General Block Blob v2, Hot ZRS, Data Stor"):
        read_prices(a_table(tmp_path, a_row(), a_row()), name="prices.json")


def test_the_table_is_written_as_it_was_read() -> None:
    text = (ROOT / PRICES).read_text(encoding="utf-8")
    assert written(read_prices()) == text
