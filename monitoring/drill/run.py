"""One drill: the blocks judged, the samples counted; as a report, as JSON, and as a page for Prometheus."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from monitoring.drill.blocks import Coverage, Fault, Finding, judged, merged, read_blocks, said
from monitoring.drill.bucket import bucket_of
from monitoring.drill.plan import Plan
from monitoring.drill.samples import WINDOW, Counted, count, periods, serving


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a drill found at a time; `good` where everything is as promised. `unjudged` says what nobody looked at."""

    at: float
    coverages: tuple[Coverage, ...]
    findings: tuple[Finding, ...]
    counted: tuple[Counted, ...]
    unjudged: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def drill(objstore: Mapping[str, object], plan: Plan, *, thanos: str, now: float) -> Report:
    """Look at the bucket of Thanos' objstore configuration, and read from it. It is only read.

    CannotHave or RuntimeError where the bucket, Thanos or its Query cannot be had.
    """
    bucket = bucket_of(objstore, os.environ)
    blocks, findings = read_blocks(bucket.objects(), bucket.read, now=now)
    coverages, missing = judged(blocks, now=now, promise=plan.promise, since=plan.since)
    counted: list[Counted] = []
    if coverages:
        since = min(one.oldest for one in coverages) if plan.since is None else plan.since
        with serving(objstore, thanos=thanos) as url:
            for resolution, span in periods(now=now, promise=plan.promise, since=since):
                counted.append(count(resolution, span, series=plan.series, interval=plan.interval, url=url))
    return Report(
        at=now,
        coverages=tuple(coverages),
        findings=(*findings, *missing, *_lost(counted)),
        counted=tuple(counted),
        unjudged=tuple(_unjudged(plan, counted)),
    )


def _lost(counted: list[Counted]) -> Iterator[Finding]:
    for one in counted:
        for span in merged((begin, begin + WINDOW) for begin in one.empty):
            yield Finding(kind=Fault.NO_SAMPLES, subject=one.resolution, detail=said(span))
        for text in one.warnings:
            yield Finding(kind=Fault.UNREADABLE, subject=one.resolution, detail=text[:300])


def _unjudged(plan: Plan, counted: list[Counted]) -> Iterator[str]:
    if plan.since is None:
        yield "whether there was anything before the oldest block"
    if not counted:
        yield "samples: there is no time of which some must be there yet"
    yield f"samples of other series than {plan.series}"


def as_json(report: Report) -> dict[str, Any]:
    """The report as plain data."""
    return {"good": report.good, **asdict(report)}


def page(report: Report) -> str:
    """The report as a page that Prometheus reads."""
    lines = [_metric("oversight_drill_last_run_timestamp_seconds", "When the drill ended.", [({}, report.at)])]
    points = [({"tenant": one.tenant, "resolution": one.resolution}, one) for one in report.coverages]
    lines += [
        _metric(
            "oversight_drill_recovery_point_seconds",
            "Age of the newest sample in Blob.",
            [(labels, one.recovery_point) for labels, one in points],
        ),
        _metric(
            "oversight_drill_promised_recovery_point_seconds",
            "How old it may be.",
            [(labels, one.promised) for labels, one in points],
        ),
        _metric(
            "oversight_drill_oldest_sample_timestamp_seconds",
            "Of when the oldest sample in Blob is.",
            [(labels, one.oldest) for labels, one in points],
        ),
    ]
    kinds = Counter(one.kind for one in report.findings)
    findings = [({"kind": str(kind)}, float(kinds[kind])) for kind in Fault]  # 0 too: what has healed must be said
    lines.append(_metric("oversight_drill_findings", "What is wrong, by kind.", findings))
    windows = [
        ({"resolution": one.resolution, "state": state}, float(number))
        for one in report.counted
        for state, number in (("whole", one.whole), ("short", len(one.short)), ("empty", len(one.empty)))
    ]
    lines.append(_metric("oversight_drill_windows", "Two hours each, by what they have of the known samples.", windows))
    return "".join(lines)


def _metric(name: str, text: str, samples: list[tuple[dict[str, str], float]]) -> str:
    rows = "".join(f"{name}{_labels(labels)} {value:.0f}\n" for labels, value in samples)
    return f"# HELP {name} {text}\n# TYPE {name} gauge\n{rows}"


def _labels(labels: Mapping[str, str]) -> str:
    said = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items())
    return f"{{{said}}}" if said else ""


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
