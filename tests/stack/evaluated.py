"""A region whose rules a real Prometheus has evaluated."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from monitoring.blueprint.rules.loader import rules
from tests.rules.promtool import write
from tests.stack.arrived import arrived
from tests.stack.known_metrics import known_metrics
from tests.stack.processes import tool
from tests.stack.prometheus import Prometheus, serving
from tests.stack.samples import INSIDE, Target, write_database

ROUNDS = 4
"""Evaluations of every group until all is recorded: rules read what rules of other groups recorded a round before."""


def known_in(text: str) -> set[str]:
    """The metrics of known sources that `text` names."""
    return known_metrics().keys() & set(re.findall(r"[\w:]+", text))


@contextmanager
def evaluated(folder: Path, *, targets: Sequence[Target]) -> Iterator[Prometheus]:
    """A region with these targets, from the inside (no external labels): all rules each second, some rounds long."""
    delivered: dict[str, Any] = rules().delivered(runbook_base="https://pages.trial.example", global_view=True)
    for content in delivered.values():
        for group in content["groups"]:
            group["interval"] = "1s"
    until = int(time.time()) // 60 * 60
    names = known_in(json.dumps(delivered) + " ".join(rules().federated))
    write_database(
        folder,
        promtool=tool("promtool"),
        until=until,
        names=names,
        outside=(INSIDE,),
        recorded=tuple(arrived()),
        targets=targets,
    )
    with serving(folder, until=until, rules=write(delivered, folder)) as started:
        _wait(started, after=time.time() + ROUNDS)
        yield Prometheus(port=started.port, until=int(time.time()))


def _wait(prometheus: Prometheus, *, after: float) -> None:
    """Until every group has been evaluated after a moment."""
    while True:
        groups = prometheus.get("/api/v1/rules")["groups"]
        ends = [datetime.fromisoformat(group["lastEvaluation"]).timestamp() for group in groups]
        if ends and min(ends) > after:
            return
        time.sleep(0.2)
