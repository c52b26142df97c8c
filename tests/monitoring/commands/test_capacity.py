"""`monitoring capacity`: for people and for machines."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from monitoring.__main__ import main

REGIONS = str(Path(__file__).parents[2] / "fleet" / "regions")


def test_sufficient_capacity_exits_with_0() -> None:
    result = CliRunner().invoke(main, ["capacity", "trial-alpha", "--regions", REGIONS])
    assert result.exit_code == 0, result.output
    assert "trial-alpha: 40,000 active series in each of 2 Prometheus, 2,667 samples per second" in result.stdout
    assert "Receive ingestor" in result.stdout
    assert "once retention is full" in result.stdout
    # 512 MiB, two Prometheus, 15 blocks, 100 B
    assert "the shared cache holds 0.5 GB: all of it up to 178,957 series" in " ".join(result.stdout.split())
    result = CliRunner().invoke(main, ["capacity", "trial-beta", "--regions", REGIONS])
    assert "holds 0.2 GB: all of it up to 83,333 series" in " ".join(result.stdout.split())


def test_too_many_series_exit_with_1() -> None:
    arguments = ["capacity", "trial-alpha", "--series", "400000", "--json", "--regions", REGIONS]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert report["series"] == 400_000
    short = [need for need in report["needs"] if not need["enough"]]
    assert {"part": "Prometheus", "path": "prometheus.resources.requests.memory"}.items() <= short[0].items()
    assert all(need["runs_out_in_months"] == 0 for need in short)


def test_each_part_says_how_many_series_it_carries() -> None:
    report = json.loads(CliRunner().invoke(main, ["capacity", "trial-alpha", "--json", "--regions", REGIONS]).stdout)
    told = {(need["part"], need["resource"]): need["carries_series"] for need in report["needs"]}
    assert told["Nodes, one zone or host lost", "pods"] is None
    # 1 GiB less 105 MB, at 5,400 B a series
    assert abs(told["Prometheus", "memory, steady"] - 179_396) < 200


def test_where_no_size_helps_it_says_what_does() -> None:
    result = CliRunner().invoke(main, ["capacity", "trial-alpha", "--series", "9000000", "--regions", REGIONS])
    assert result.exit_code == 1
    assert "Prometheus, on one node: take larger nodes, or divide the load over two regions" in " ".join(
        result.stdout.split()
    )
    assert "Compactor, one stream: divide the load over two regions" in " ".join(result.stdout.split())


def test_how_many_ingestors_would_do_is_said() -> None:
    """Of 15 ingestors the fullest has 179,200 of the 800,000 series of two replicas, and a core is for 200,000."""
    arguments = ["capacity", "trial-alpha", "--series", "400000", "--regions", REGIONS]
    told = CliRunner().invoke(main, arguments).stdout
    assert "Receive ingestor: or more of them: thanos.receive.replicas and ring 15" in told
    assert "Receive router: or more of them: thanos.receive.routers" in told


def test_growth_increases_the_need_of_later_months() -> None:
    arguments = ["capacity", "trial-alpha", "--months", "12", "--json", "--regions", REGIONS]
    report = json.loads(CliRunner().invoke(main, arguments).stdout)
    assert report["series"] == round(40_000 * 1.05**12)


def test_an_unknown_region_is_told() -> None:
    result = CliRunner().invoke(main, ["capacity", "trial-x", "--regions", REGIONS])
    assert result.exit_code == 1
    assert "region must be one of trial-alpha, trial-beta, trial-gamma, got trial-x" in result.stderr
