"""A quantity means the same to every consumer, and says what it is in each one's way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.fleet.quantities import Cpu, Duration, Size

sizes = st.builds(
    "{}{}".format, st.integers(1, 10**6), st.sampled_from(["Ki", "Mi", "Gi", "Ti", "KB", "MB", "GB", "TB"])
)
durations = st.builds("{}{}".format, st.integers(1, 100), st.sampled_from("ywdhms"))
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


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("4Gi", 4 * 2**30),
        ("1.5Gi", 3 * 2**29),
        ("1G", 10**9),
        ("128974848", 128974848),
        (2, 2),
        (0.5, 1),
        ("1e3", 1000),
        ("129M", 129 * 10**6),
        ("123Mi", 123 * 2**20),
        ("1Pi", 2**50),
        ("500m", 1),
    ],
)
def test_bytes_are_read_as_kubernetes_reads_them(value: object, amount: int) -> None:
    assert Size.of_kubernetes(value).bytes == amount


@pytest.mark.parametrize(("value", "millicores"), [("500m", 500), (0.5, 500), ("0.5", 500), (2, 2000), (".1", 100)])
def test_cores_are_read_as_kubernetes_reads_them(value: object, millicores: int) -> None:
    assert Cpu.of_kubernetes(value).millicores == millicores


@pytest.mark.parametrize("value", ["", "4GB", "-1", "1e999999999", "9" * 5000, "1 Gi", "٢", True, None, [], {}, "nan"])
def test_what_is_no_quantity_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"must be a quantity such as 500m, 0\.5, 4Gi or 1\.5Gi, got "):
        Size.of_kubernetes(value)


@pytest.mark.parametrize(
    ("kind", "met", "missed"),
    [(Size, "9999999999Gi", "99999999999Gi"), (Cpu, "9999999m", "99999999m"), (Duration, "100y", "100y1s")],
)
def test_an_amount_has_an_end(kind: type[Size | Cpu | Duration], met: str, missed: str) -> None:
    assert kind.parse(met).amount > 0
    with pytest.raises(ValueError, match="must be "):
        kind.parse(missed)


def test_a_size_of_odd_bytes_is_said_as_it_is() -> None:
    odd = Size.of_kubernetes("1025")
    assert (odd.kubernetes, odd.prometheus) == ("1025", "1025B")
