"""A quantity means the same to every consumer, and says what it is in each one's way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.fleet.quantities import Cpu, Duration, Size

sizes = st.builds(
    "{}{}".format, st.integers(1, 10**6), st.sampled_from(["Ki", "Mi", "Gi", "Ti", "KB", "MB", "GB", "TB"])
)
durations = st.builds("{}{}".format, st.integers(1, 10**5), st.sampled_from("ywdhms"))
cpus = st.one_of(st.integers(1, 10**4).map(str), st.integers(1, 10**6).map("{}m".format))


def test_prometheus_sizes_use_base_2_units() -> None:
    assert Size.parse("50GB") == Size.parse("50Gi")
    assert Size.parse("50GB").bytes == 50 * 2**30


@given(sizes)
def test_size_round_trips_in_both_notations(text: str) -> None:
    size = Size.parse(text)
    assert Size.parse(size.kubernetes) == Size.parse(size.prometheus) == size


@given(durations, durations)
def test_durations_compare_by_seconds(one: str, other: str) -> None:
    first, second = Duration.parse(one), Duration.parse(other)
    assert (first < second) == (first.seconds < second.seconds)
    assert Duration.parse(first.prometheus) == first


@given(cpus)
def test_cpu_round_trips_through_kubernetes_notation(text: str) -> None:
    assert Cpu.parse(Cpu.parse(text).kubernetes) == Cpu.parse(text)


@pytest.mark.parametrize("text", ["100G", "100", "1.5Gi", "0Gi", "-1Gi", "", " 1Gi", "1gi", 100, None])
def test_an_ambiguous_size_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="must be a size such as 100Gi or 50GB, got"):
        Size.parse(text)


@pytest.mark.parametrize("text", ["15", "15 d", "1.5h", "", "1m1h", "0s", "15D", 30])
def test_an_unclear_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="must be a duration such as 30s, 1h30m, 15d or 2y, got"):
        Duration.parse(text)


@pytest.mark.parametrize("text", ["1.5", "0", "500mm", "", 1])
def test_an_unclear_cpu_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match='must be CPU such as "2" or 500m, got'):
        Cpu.parse(text)


@pytest.mark.parametrize(
    ("given_text", "written"), [("15d", "15d"), ("730d", "2y"), ("1h30m", "90m"), ("2w", "14d"), ("3h", "3h")]
)
def test_a_duration_is_written_in_one_unit(given_text: str, written: str) -> None:
    assert Duration.parse(given_text).prometheus == written


def test_fraction_is_refused_for_a_whole_number_field() -> None:
    with pytest.raises(ValueError, match="must be whole Gi, got 512Mi"):
        _ = Size.parse("512Mi").gib
    with pytest.raises(ValueError, match="must be whole days, got 36h"):
        _ = Duration.parse("36h").days
    assert Size.parse("100Gi").gib == 100
    assert Duration.parse("30m").minutes == 30
