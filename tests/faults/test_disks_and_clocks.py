"""A Prometheus whose disk is full, and one whose samples say another time."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitoring.fleet import Fleet, Region
from tests.faults.conftest import Record
from tests.faults.outcome import mark, outcome, raised
from tests.faults.region import Miniature, running, scraped_for
from tests.faults.source import counting

pytestmark = pytest.mark.faults

FIRST, SECOND = (f"prometheus-prometheus-{number}" for number in range(2))
AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
DISK = 64 << 20
"""Bytes of the disk of the first replica, a tmpfs: mounting it wants root, or sudo without a password."""

BEHIND = -5.0
AHEAD = 360.0
"""Seconds: Prometheus takes less than ten minutes either way, the ingestors five minutes ahead.

A sender sends nothing that is older than its start, so behind is little here.
"""


@dataclass(frozen=True, kw_only=True)
class Disk:
    """A folder of its own size; `missing` says why it is none, where it is not."""

    folder: Path
    missing: str


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    folder.mkdir(parents=True)
    line = [*AS_ROOT, "mount", "-t", "tmpfs", "-o", f"size={DISK},mode=777", "tmpfs", str(folder)]
    try:
        subprocess.run(line, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        yield Disk(folder=folder, missing="a disk to be filled is a tmpfs: run as root, or install sudo")
    except subprocess.CalledProcessError as refused:
        yield Disk(
            folder=folder, missing=f"a disk to be filled is a tmpfs, and none can be had: {refused.stderr.strip()}"
        )
    else:
        try:
            yield Disk(folder=folder, missing="")
        finally:
            subprocess.run([*AS_ROOT, "umount", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """A file that takes what is left."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(1 << 16)):
                pass
        except OSError:
            return ballast
    raise AssertionError("the disk has no end")


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    with small_disk(tmp_path_factory.mktemp("disk") / FIRST / "data") as made:
        yield made


@pytest.fixture(scope="module")
def miniature(fleet: Fleet, zoned: Region, disk: Disk) -> Iterator[Miniature]:
    with counting() as source, running(fleet, zoned, disk.folder.parents[1], source) as made:
        yield made


def test_full_disk_stops_one_prometheus_and_the_other_keeps_the_samples(
    miniature: Miniature, disk: Disk, record: Record
) -> None:
    """Space alone does not always help: a record that was cut short keeps remote write from reading on."""
    if disk.missing:
        pytest.skip(disk.missing)
    before = mark(miniature, "PrometheusWalWritesFailing")
    ballast = fill(disk.folder)
    raised(miniature, before, "PrometheusWalWritesFailing")
    ballast.unlink()
    with miniature.source.quiet(FIRST):
        miniature.stop(FIRST)
        restarted = miniature.source.newest(FIRST)
    miniature.start(FIRST)
    row = outcome("a Prometheus' disk full", miniature, before)
    record(row, "no gap: the other has it; lost at most is what was scraped until there is space and a restart")
    assert not row.lost[SECOND]
    assert all(number <= restarted for number in row.lost[FIRST])
    assert row.without_a_gap


def test_future_samples_are_refused_without_affecting_other_series(miniature: Miniature, record: Record) -> None:
    source, before = miniature.source, mark(miniature, "RemoteWriteFailing")
    with source.quiet(SECOND):
        time.sleep(1 - BEHIND)  # so that no late sample meets an earlier one of the same moment
        source.shifts[SECOND] = BEHIND
        behind = source.newest(SECOND)
    scraped_for(source, -BEHIND, SECOND)
    with source.quiet(SECOND):
        source.shifts[SECOND] = AHEAD
        ahead = source.newest(SECOND)
    raised(miniature, before, "RemoteWriteFailing")
    with source.quiet(SECOND):
        source.shifts[SECOND] = 0
        right, ended = source.newest(SECOND), time.time()
    row = outcome("clocks of one replica's targets off", miniature, before, ended=ended)
    record(row, "seconds behind are taken; six minutes ahead are refused, those samples alone, and the alert fires")
    assert ahead > behind
    assert row.lost == {FIRST: [], SECOND: [number for number in row.written[SECOND] if ahead < number <= right]}
    assert row.without_a_gap
