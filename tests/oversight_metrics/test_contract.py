"""What a service says is exactly what dashboards, rules and alerts were written for."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter

from oversight_metrics.contract import CONTRACT
from oversight_metrics.metrics import Metrics
from tests.oversight_metrics.support import buckets, families, new_metrics, text

RECORDED = (Path(__file__).parents[1] / "stack" / "expositions" / "application.txt").read_text(encoding="utf-8")


def fill(metrics: Metrics) -> None:
    """One value into every metric, by the calls that services use."""
    metrics.observe_request(method="GET", route="/orders", status=200, seconds=0.1)
    with metrics.observe_query(operation="select", table="orders"):
        pass
    metrics.cache_hit("sessions")
    metrics.cache_miss("sessions")
    metrics.set_business_metric("open_orders", 1)
    metrics.set_active_users(1, window="1h")
    metrics.count_transaction(type="order", status="completed")
    metrics.add_revenue(1, currency="EUR")
    for window in map(str, range(100)):  # one too many
        metrics.set_active_users(1, window=window)


@pytest.fixture
def metrics() -> Metrics:
    filled = new_metrics()
    fill(filled)
    return filled


def test_service_exposes_exactly_the_contracts_families_types_and_labels(metrics: Metrics) -> None:
    assert families(text(metrics)) == families(RECORDED)


def test_the_buckets_are_those_of_the_contract(metrics: Metrics) -> None:
    assert buckets(text(metrics)) == buckets(RECORDED)


def test_extra_metric_or_label_is_reported(metrics: Metrics) -> None:
    Counter("cache_evictions", "Thrown out.", registry=metrics.registry)
    assert families(text(metrics)) != families(RECORDED)
    renamed = RECORDED.replace("cache_name=", "cache=")
    assert families(renamed) != families(RECORDED)


def test_series_of_creation_times_are_left_out(metrics: Metrics) -> None:
    assert "_created" not in text(metrics)


def test_each_metric_has_help_text(metrics: Metrics) -> None:
    page = text(metrics)
    for family in CONTRACT:
        assert f"# HELP {family.name} {family.help}\n" in page


def test_a_gauge_is_one_series_whatever_the_number_of_processes() -> None:
    gauges = [family for family in CONTRACT if family.type == "gauge"]
    assert gauges
    assert {family.multiprocess_mode for family in gauges} == {"mostrecent"}


def test_a_query_that_fails_is_measured_too() -> None:
    metrics = new_metrics()
    with pytest.raises(OSError, match="gone"), metrics.observe_query(operation="select", table="orders"):
        raise OSError("the database is gone")
    assert 'db_query_duration_seconds_count{operation="select",table="orders"} 1.0' in text(metrics)


def test_negative_revenue_is_refused() -> None:
    with pytest.raises(ValueError, match="non-negative"):
        new_metrics().add_revenue(-1, currency="EUR")


def test_two_sets_of_metrics_do_not_share_a_registry() -> None:
    registry = CollectorRegistry()
    Metrics(registry)
    with pytest.raises(ValueError, match="Duplicated"):
        Metrics(registry)
