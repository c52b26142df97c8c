"""Receive's ring: which ingestors take the samples, and which of them go."""

from __future__ import annotations

from monitoring.effective.facts import Kind
from monitoring.review.risks.matching import Label, Rule, at, either, smaller

CONFIG = r"ConfigMap/[^/]+/thanos-ring-router"
"""The ring as the routers read it."""

RESTARTED = r"spec\.template\.metadata\.annotations\.oversight\.com/.*"
"""Annotations of ours on pods, which change with what the pods read once."""

RULES = (
    Rule(
        name="the ring changes",
        label=Label.CAPACITY,
        reason="series move between ingestors: until its head is cut, three hours later, one has those that it had and "
        "those that came, up to twice the memory; queries go on, since who has left the ring is still asked",
        source="docs/architecture.md, Thanos Receive; Thanos, pkg/receive/hashring.go",
        advice="Ingestors first and the ring after, back the other way round: docs/operations.md, Grow the ring.",
        applies=either(
            at(Kind.OBJECT, r"data\..*", subject=CONFIG),
            at(Kind.VALUE, r"receive\.replicationFactor"),
        ),
    ),
    Rule(
        name="ingestors go",
        label=Label.DATA_LOSS,
        reason="while they are in the ring, writes to them fail; what they took last is in no answer until Blob has "
        "it, and is gone with their disks before that",
        source="docs/operations.md, Grow the ring",
        advice="Only what has been out of the ring for four hours: its head is empty, "
        "prometheus_tsdb_head_series of its pod is 0.",
        applies=smaller(at(Kind.VALUE, r"receive\.ingestor\.replicas")),
    ),
)
