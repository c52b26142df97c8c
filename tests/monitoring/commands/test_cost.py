"""`monitoring cost`: for people and for machines."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from monitoring.__main__ import main
from monitoring.cost.prices import read_prices, written

ROOT = Path(__file__).parents[3]
REGIONS = str(ROOT / "regions")


def cost(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["cost", *arguments, "--regions", REGIONS])


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table in which every unknown price is 1."""
    prices = read_prices()
    known = {"tiers": ((0, 1.0),), "date": "2026-01-01", "source": "recorded"}
    rows = {
        meter: row.model_copy(update=known) if not row.tiers or row.tiers[-1][1] is None else row
        for meter, row in prices.rows.items()
    }
    file = tmp_path_factory.mktemp("prices") / "prices.json"
    file.write_text(written(type(prices)(currency="USD", sources=prices.sources, rows=rows)), encoding="utf-8")
    return file


def report(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cost(*arguments, "--json").stdout)
    return found


def test_the_sum_says_what_it_lacks_and_the_exit_code_too() -> None:
    result = cost("prod-eastus")
    assert result.exit_code == 1
    assert "unknown" in result.stdout
    text = " ".join(result.stdout.split())
    assert "prod-eastus: 1,467.92 USD a month today" in text
    assert "without, since a price is unknown: disks: Alertmanagers, Blob: list operations" in text


def test_the_report_names_meter_price_day_and_source_of_each_line() -> None:
    today = report("prod-eastus")["regions"]["prod-eastus"]["today"]
    assert today["complete"] is False
    assert "disks: Alertmanagers" in today["lacks"]
    by_part = {line["part"]: line for line in today["lines"]}
    disks = by_part["disks: Prometheus"]
    assert (disks["quantity"], disks["cost"], disks["tiers"]) == (2, 39.42, [[0, 19.71]])
    assert disks["meter"]["name"] == "P10 LRS Disk"
    assert disks["price_date"] == "2025-01-15"
    assert "infracost" in disks["price_source"]
    assert by_part["disks: Alertmanagers"]["cost"] is None
    assert by_part["nodes"]["cost"] == pytest.approx(3 * 730 * 0.576)


def test_all_regions_and_their_sum(complete: Path) -> None:
    result = cost("--all", "--prices", str(complete))
    assert result.exit_code == 0, result.output
    assert "unknown" not in result.stdout
    assert "all regions: " in result.stdout
    found = report("--all", "--prices", str(complete))["regions"]
    assert list(found) == ["prod-eastus", "prod-northeurope", "prod-westus"]
    assert all(one[at]["complete"] for one in found.values() for at in ("today", "in_12_months"))
    assert found["prod-eastus"]["in_12_months"]["known"] > found["prod-eastus"]["today"]["known"]


@pytest.mark.parametrize("arguments", [(), ("prod-eastus", "--all")])
def test_a_region_or_all_is_asked_for(arguments: tuple[str, ...]) -> None:
    result = cost(*arguments)
    assert result.exit_code == 2
    assert "must be given a REGION or --all" in result.output


def test_an_unknown_region_is_told() -> None:
    result = cost("prod-moon")
    assert result.exit_code == 1
    assert "region must be one of prod-eastus, prod-northeurope, prod-westus, got prod-moon" in result.stderr


def test_the_page_has_the_sums_of_the_committed_table() -> None:
    page = (ROOT / "docs" / "cost.md").read_text(encoding="utf-8")
    for one in report("--all")["regions"].values():
        assert f" {one['today']['known']:,.2f} |" in page
        assert f" {one['in_12_months']['known']:,.2f} |" in page


def test_what_the_load_outgrows_but_disks_is_said_since_no_line_has_it(tmp_path: Path) -> None:
    regions = Path(shutil.copytree(ROOT / "regions", tmp_path / "regions"))
    common = regions / "_common.yaml"
    text = common.read_text(encoding="utf-8")
    common.write_text(text.replace("growth_per_month: 0.03", "growth_per_month: 0.2"), encoding="utf-8")
    result = CliRunner().invoke(main, ["cost", "prod-westus", "--regions", str(regions)])
    said = " ".join(result.stdout.split())
    assert "Too small by then, and not in the later sum (monitoring capacity): Prometheus, memory, steady" in said
    told = CliRunner().invoke(main, ["cost", "prod-westus", "--json", "--regions", str(regions)])
    later = json.loads(told.stdout)["regions"]["prod-westus"]["in_12_months"]
    assert "Prometheus, memory, steady" in later["too_small"]
    assert "Compactor, disk" not in later["too_small"]
    assert "1 x 603 GiB Premium_LRS (P30)" in [line["detail"] for line in later["lines"]]
    assert report("prod-westus")["regions"]["prod-westus"]["in_12_months"]["too_small"] == ["Receive ingestor, CPU"]
