"""`monitoring prices`: what the table knows, and the table anew."""

from __future__ import annotations

import json
import shutil
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitoring.__main__ import main
from monitoring.blueprint.values.charts import ROOT
from monitoring.cost import meters
from monitoring.cost.prices import PRICES, read_prices
from monitoring.errors import CannotHave
from tests.monitoring.cost.price_list import Item, PriceList, item

P3 = meters.disk("Premium_LRS", 10, "eastus")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A copy of the repository's."""
    return Path(shutil.copy(ROOT / PRICES, tmp_path / "azure.json"))


def prices(table: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["prices", "--table", str(table), "--regions", str(ROOT / "regions"), *arguments])


def from_list(*items: Item) -> Callable[[str], bytes]:
    known = PriceList(items=list(items), address="https://prices.azure.com/api/retail/prices")
    return lambda url: known.answer(urllib.parse.parse_qs(urllib.parse.urlsplit(url).query))


def test_what_is_needed_and_unknown_is_listed(table: Path) -> None:
    result = prices(table)
    assert result.exit_code == 1
    assert "needed, and unknown: eastus, Premium SSD Managed Disks, P3 LRS, P3 LRS Disk" in result.stdout
    assert "P10 LRS Disk\n" in result.stdout  # of northeurope
    assert "eastus, Premium SSD Managed Disks, P10" not in result.stdout
    found = json.loads(prices(table, "--json").stdout)
    assert "eastus, Premium SSD Managed Disks, P3 LRS, P3 LRS Disk" in found["unknown"]


def test_refresh_writes_what_the_list_has_and_says_what_it_has_not(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    p3 = item(armRegionName="eastus", meterName="P3 LRS Disk", skuName="P3 LRS", retailPrice=2.5, meterId="p3")
    monkeypatch.setattr("monitoring.commands.prices.by_https", from_list(p3))
    result = prices(table, "--refresh")
    assert result.exit_code == 1
    assert "eastus, Premium SSD Managed Disks, P10 LRS, P10 LRS Disk: the price list has no such meter" in result.stderr
    assert read_prices(table).cost(P3, 1) == 2.5
    assert "needed, and unknown: eastus, Premium SSD Managed Disks, P3" not in result.stdout


def test_a_list_that_is_not_reached_leaves_the_table(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(url: str) -> bytes:
        raise CannotHave(f"{url} must answer with prices, got nothing")

    before = table.read_bytes()
    monkeypatch.setattr("monitoring.commands.prices.by_https", nobody)
    result = prices(table, "--refresh")
    assert (result.exit_code, table.read_bytes()) == (2, before)
    assert "must answer with prices" in result.stderr
