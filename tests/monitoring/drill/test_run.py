"""The report as a page, and the job that shows it."""

from __future__ import annotations

import json
import threading
import urllib.request
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from monitoring.clock import Clock
from monitoring.drill import job
from monitoring.drill.blocks import Coverage, Fault, Finding
from monitoring.drill.plan import VARIABLE, Plan, Promise
from monitoring.drill.run import Report, page
from monitoring.drill.samples import Counted, periods
from monitoring.errors import CannotHave
from monitoring.processes import free_ports

EXPOSITION = Path(__file__).parents[2] / "stack" / "expositions" / "thanos-drill.txt"
DAY = 86400.0
PROMISE = Promise(
    recovery_point={"raw": 14400.0, "five_minutes": 3 * DAY, "one_hour": 17 * DAY},
    retention={"raw": 30 * DAY, "five_minutes": 180 * DAY, "one_hour": 730 * DAY},
)
REPORT = Report(
    at=1767225600.0,
    coverages=tuple(
        Coverage(
            tenant="default-tenant",
            resolution=name,
            blocks=3,
            oldest=1764806400.0,
            newest=1767218400.0,
            recovery_point=7200.0,
            promised=promised,
        )
        for name, promised in PROMISE.recovery_point.items()
    ),
    findings=(),
    counted=(Counted(resolution="raw", windows=334, whole=334, short=(), empty=(), replicas=("a", "b"), warnings=()),),
    unjudged=(),
)
PLAN = Plan(series="up", interval=30, promise=PROMISE)
FOLDER = {"type": "FILESYSTEM", "config": {"directory": "/no/such/folder"}}


def test_page_of_a_good_drill_is_the_one_that_rules_are_tested_with() -> None:
    assert page(REPORT) == EXPOSITION.read_text(encoding="utf-8").partition("\n")[2]


def test_page_counts_findings_by_kind_and_says_zero_of_the_others() -> None:
    found = (Finding(kind=Fault.HOLE, subject="a", detail="b"), Finding(kind=Fault.HOLE, subject="c", detail="d"))
    lines = page(replace(REPORT, findings=found)).splitlines()
    assert 'oversight_drill_findings{kind="hole"} 2' in lines
    assert 'oversight_drill_findings{kind="missing file"} 0' in lines


def test_labels_are_escaped() -> None:
    odd = replace(REPORT.coverages[0], tenant='a"b\\c\nd')
    assert r'{tenant="a\"b\\c\nd",resolution="raw"} 7200' in page(replace(REPORT, coverages=(odd,)))


def test_each_time_is_counted_in_the_finest_resolution_that_is_kept_so_long() -> None:
    now = 1767225600.0
    found = dict(periods(now=now, promise=PROMISE, since=now - 400 * DAY))
    assert found["raw"] == (now - 30 * DAY, now - 14400)
    assert found["five_minutes"] == (now - 180 * DAY, now - 30 * DAY)
    assert found["one_hour"] == (now - 400 * DAY, now - 180 * DAY)
    assert [name for name, _ in periods(now=now, promise=PROMISE, since=now - 2 * DAY)] == ["raw"]
    assert list(periods(now=now, promise=PROMISE, since=now - 3600)) == []


def environment(port: int = 1) -> dict[str, str]:
    asked = {"objstore": FOLDER, "plan": asdict(PLAN), "thanos": "thanos", "port": port, "shown": 600.0}
    return {VARIABLE: json.dumps(asked)}


def test_job_is_told_by_its_variable() -> None:
    assert job.job_of(environment()[VARIABLE]) == job.Job(
        objstore=FOLDER, plan=PLAN, thanos="thanos", port=1, shown=600.0
    )


def test_job_that_cannot_read_its_bucket_ends_with_an_error_and_shows_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert job.main(environment()) == 2
    assert "the drill could not be done: /no/such/folder must be a folder" in capsys.readouterr().err


def test_job_shows_its_page_for_as_long_as_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    (port,) = free_ports(1)
    asked, answers = threading.Event(), []

    def sleep(seconds: float) -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
            answers.append((seconds, answer.headers["Content-Type"], answer.read().decode()))
        asked.set()

    monkeypatch.setattr(job, "drill", lambda *_, **__: REPORT)
    clock = Clock(now=lambda: REPORT.at, monotonic=lambda: 0.0, sleep=sleep)
    assert job.main(environment(port), clock=clock) == 0
    assert answers == [(600.0, "text/plain; version=0.0.4; charset=utf-8", page(REPORT))]


def test_bucket_of_another_cloud_is_refused() -> None:
    from monitoring.drill.bucket import bucket_of

    with pytest.raises(CannotHave, match="objstore must be of type AZURE or FILESYSTEM, got 'S3'"):
        bucket_of({"type": "S3", "config": {}}, {})
    with pytest.raises(CannotHave, match="AZURE_AUTHORITY_HOST must be set"):
        bucket_of({"type": "AZURE", "config": {"container": "a", "storage_account": "b"}}, {})
