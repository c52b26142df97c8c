"""What is written differently and means the same, and what only looks so."""

from __future__ import annotations

import pytest

from monitoring.effective.same import amounts, same

MEMORY, CPU, WAIT, OTHER = "x.limits.memory", "x.requests.cpu", "for", "port"


@pytest.mark.parametrize(
    ("path", "one", "other"),
    [
        (MEMORY, "4Gi", "4096Mi"),
        (MEMORY, "1.5Gi", "1536Mi"),
        (MEMORY, "1e3", 1000),
        (MEMORY, "1k", "1000"),
        (CPU, "0.5", "500m"),
        (CPU, 0.5, "500m"),
        (CPU, "2", 2),
        (CPU, ".5", "0.50"),
        (WAIT, "60s", "1m"),
        (WAIT, "1h30m", "1.5h"),
        (WAIT, "1d", "24h"),
        (WAIT, "1w", "7d"),
        (WAIT, "1y", "365d"),
        (WAIT, "1000ms", "1s"),
        ("retentionSize", "1GB", "1024MB"),
        ("expr", "sum by(a) (up)", "sum  by (a)\n(up) # all of them"),
        ("targets[0].expr", "a == 1", "a==1"),
    ],
)
def test_it_is_the_same(path: str, one: object, other: object) -> None:
    assert same(path, one, other)
    assert same(path, other, one)


@pytest.mark.parametrize(
    ("path", "one", "other"),
    [
        (MEMORY, "4Gi", "4G"),
        (MEMORY, "4Gi", "5Gi"),
        (CPU, "1", "1m"),
        (WAIT, "1m", "1s"),
        (OTHER, "80", 80),
        (OTHER, "1", "01"),
        (OTHER, 1, True),
        (OTHER, 0, False),
        (OTHER, None, "0"),
        ("expr", '{a="b c"}', '{a="b  c"}'),
        ("expr", "{a='#b'}", "{a='#c'}"),
        ("expr", "a > 1", "a >= 1"),
        ("expr", "a b", "ab"),
        ("description", "a  b", "a b"),
        ("version", "1.10", "1.1"),
    ],
)
def test_it_is_not_the_same(path: str, one: object, other: object) -> None:
    assert not same(path, one, other)
    assert not same(path, other, one)


def test_amounts_are_compared_in_one_unit() -> None:
    assert amounts(MEMORY, "1Gi", "1G") == (2.0**30, 1e9)
    assert amounts(CPU, "500m", 2) == (0.5, 2.0)
    assert amounts("timeout", "500m", "1h") == (30000.0, 3600.0)
    assert amounts("retentionSize", "50GB", "1TB") == (50 * 2.0**30, 2.0**40)
    assert amounts("keep", True, 1) is None
    assert amounts("keep", "a", "1h") is None
