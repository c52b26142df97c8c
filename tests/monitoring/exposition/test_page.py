"""Lines come to the metrics that they belong to."""

from __future__ import annotations

import pytest

from monitoring.exposition.page import read_page
from tests.monitoring.exposition.test_rules import CLEAN, HELP


def names(page: str) -> list[tuple[str, list[str]]]:
    return [(one.name, [sample.name for sample in one.samples]) for one in read_page(page).families]


@pytest.mark.parametrize(
    ("page", "families"),
    [
        (CLEAN + HELP.format("shop_orders_created", "gauge") + "shop_orders_created 9\n", ["shop_orders_total"]),
        (HELP.format("shop_open_created", "gauge") + "shop_open_created 9\n", ["shop_open_created"]),
        (
            HELP.format("shop_open", "gauge") + "shop_open 1\n" + HELP.format("shop_open_created", "gauge"),
            ["shop_open", "shop_open_created"],
        ),
    ],
)
def test_only_created_series_of_counters_are_omitted(page: str, families: list[str]) -> None:
    assert [name for name, _ in names(page)] == families


def test_creation_times_are_left_out_in_openmetrics() -> None:
    page = "# TYPE a_b counter\na_b_total 1\na_b_created 9\n# TYPE c_created gauge\nc_created 9\n# EOF\n"
    assert names(page) == [("a_b_total", ["a_b_total"]), ("c_created", ["c_created"])]


def test_parts_are_one_metric_whatever_stands_between() -> None:
    page = read_page("# TYPE a_b histogram\na_b_sum 1\nc_d 1\na_b_count 1\n")
    assert [(one.name, len(one.samples), one.faults) for one in page.families] == [
        ("a_b", 2, [(4, "must be said in one block")]),
        ("c_d", 1, []),
    ]


def test_in_the_text_format_a_counter_is_named_as_it_is_declared() -> None:
    page = "# TYPE a_b counter\na_b_total 1\n"
    assert names(page) == [("a_b", []), ("a_b_total", ["a_b_total"])]
    assert names(page + "# EOF\n") == [("a_b_total", ["a_b_total"])]
