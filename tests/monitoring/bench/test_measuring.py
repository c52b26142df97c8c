"""What measurements are made of: services, queries without rules, arrivals, reports of faults."""

from __future__ import annotations

import json
import re

import pytest

from monitoring.bench import faults, growth, ingestion
from monitoring.bench.freshness import Arrivals, federation_delay
from monitoring.bench.machine import processor
from monitoring.bench.panels import same
from monitoring.bench.raw_queries import recorded_in
from monitoring.bench.services import Pod, pods, series_of_a_pod
from monitoring.fleet import Region
from oversight_metrics.contract import CONTRACT


def families(page: str) -> set[str]:
    return {re.sub(r"_(bucket|sum|count)$", "", line.partition("{")[0]) for line in page.splitlines()}


def test_generated_page_has_exactly_the_contracts_metrics() -> None:
    assert families(Pod(number=0).page().decode()) == {family.name for family in CONTRACT}


def test_pods_have_as_many_series_as_were_asked_for() -> None:
    found = pods(10_000)
    assert 10_000 <= len(found) * series_of_a_pod() < 10_000 + series_of_a_pod()
    assert len({tuple(pod.labels.items()) for pod in found}) == len(found)


def test_counters_of_a_service_never_fall_and_buckets_rise_with_their_bound() -> None:
    pod = Pod(number=3)
    before, after = dict(pod.scrape()), dict(pod.scrape())
    counted = [text for text in before if not text.startswith(("business_metric", "business_active_users"))]
    assert all(after[text] >= before[text] for text in counted)
    assert any(after[text] > before[text] for text in counted)
    group = [value for text, value in after.items() if "_bucket" in text and 'table="table_0"' in text][:8]
    assert group == sorted(group)


def test_a_history_is_the_pages_with_the_labels_of_the_target() -> None:
    lines = list(Pod(number=0).history(range(100, 160, 30)))
    assert len(lines) == 2 * series_of_a_pod()
    assert all('job="service-0",namespace="shop",pod="service-0-0"' in line for line in lines)
    assert {line.split()[-1] for line in lines} == {"100", "130"}


def test_recorded_names_are_found_in_a_query() -> None:
    known = {"job:up:ratio": "avg by (job) (up)"}
    assert recorded_in('max(job:up:ratio{cluster=~".*"}) / other:up:ratio', known) == {"job:up:ratio"}


def drawn(job: str, *values: str) -> dict[str, object]:
    return {"metric": {"job": job}, "values": [[at, value] for at, value in enumerate(values)]}


@pytest.mark.parametrize(
    ("other", "equal"),
    [
        ([drawn("b", "NaN"), drawn("a", "1", "2.0000000000001")], True),
        ([drawn("b", "NaN"), drawn("a", "1", "2.1")], False),
        ([drawn("b", "NaN"), drawn("a", "1")], False),
        ([drawn("b", "NaN")], False),
        ([drawn("b", "0"), drawn("a", "1", "2")], False),
    ],
)
def test_query_answers_are_compared_by_series_and_values(other: list[dict[str, object]], equal: bool) -> None:
    assert same([drawn("a", "1", "2"), drawn("b", "NaN")], other) is equal


def answer(cluster: str, *times: float) -> dict[str, object]:
    return {"metric": {"cluster": cluster}, "values": [[time, "1"] for time in times]}


def test_delay_is_the_time_from_timestamp_to_first_visibility() -> None:
    arrivals = Arrivals()
    arrivals.look([answer("a", 10)], 20)
    arrivals.look([answer("a", 10, 18)], 21)
    arrivals.look([answer("a", 18, 20), answer("b", 1)], 25)
    assert arrivals.waited == {"a": [3, 5]}, "what the first answer holds has been there before"


def test_longest_time_of_a_fault_is_reported() -> None:
    rows = [("one", 1.5), ("two", 3), ("one", 0.5)]
    report = json.dumps([{"fault": fault, "healed_seconds": seconds, "lost": 0} for fault, seconds in rows])
    assert faults.read(report) == {"one": 1.5, "two": 3}


def test_federated_aggregate_delay_sums_all_intervals(zoned: Region) -> None:
    assert federation_delay(zoned) == 60 + 30 + 30 + 5


@pytest.mark.parametrize(
    ("output", "count"),
    [("FAILED tests/a.py::b\n3 failed, 8 passed in 348.70s (0:05:48)\n", 3), ("11 passed in 200.00s\n", 0)],
)
def test_tests_that_failed_are_counted(output: str, count: int) -> None:
    assert faults.failed(output) == count


def test_replication_baseline_is_one_ingestor_with_factor_one(zoned: Region) -> None:
    receive = ingestion.alone(zoned).thanos.receive
    assert (receive.replicas, receive.replication_factor) == (1, 1)
    assert zoned.thanos.receive.replicas == 3


@pytest.mark.parametrize("share", [0.6, 1.4])
def test_deviation_above_or_below_the_model_misses_the_bound(share: float) -> None:
    values = {"ingestor: memory": share, "ingestor: memory, model": 1.0}
    met = {bound.what: bound.met for bound in ingestion.MEASUREMENT.check(values)}
    assert met["ingestor: memory, off the model"] is False
    met = {bound.what: bound.met for bound in ingestion.MEASUREMENT.check({**values, "ingestor: memory": 1.2})}
    assert met["ingestor: memory, off the model"] is True


def test_processor_is_described_by_its_model_name() -> None:
    assert processor(["processor\t: 0", "model name\t: A Model, 2 GHz"]) == "A Model, 2 GHz"
    assert processor([])


def test_a_point_beside_the_straight_line_is_told() -> None:
    assert growth.off_the_line([(1, 12), (2, 14), (4, 18)]) == pytest.approx(0)
    # the line through all is 7.1 + 3.6 x: 10.7 where 8 is, of 17
    assert growth.off_the_line([(0, 8), (1, 8), (2, 17), (3, 17)]) == pytest.approx(2.7 / 17)
