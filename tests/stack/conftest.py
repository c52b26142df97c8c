"""Two real Prometheus: one of a region, which evaluates the rules, and one that holds two regions, as Thanos would."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitoring.blueprint.charts import ROOT
from monitoring.blueprint.dashboards import DASHBOARDS, FOLDER
from monitoring.blueprint.rules import rules
from tests.rules.promtool import write
from tests.stack.known_metrics import Series, known_metrics
from tests.stack.prometheus import Prometheus, serving, tool
from tests.stack.samples import INSIDE, REGIONS, write_database

ROUNDS = 4
"""Evaluations of every group until all is recorded: rules read what rules of other groups recorded a round before."""


def known_in(text: str) -> set[str]:
    """The metrics of known sources that `text` names."""
    return known_metrics().keys() & set(re.findall(r"[\w:]+", text))


@pytest.fixture(scope="session")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """One region from the inside (no external labels), all rules evaluated each second and some rounds long."""
    folder = tmp_path_factory.mktemp("region")
    delivered: dict[str, Any] = rules().delivered(runbook_base="https://pages.trial.example")
    for content in delivered.values():
        for group in content["groups"]:
            group["interval"] = "1s"
    until = int(time.time()) // 60 * 60
    names = known_in(json.dumps(delivered) + " ".join(rules().federated))
    write_database(folder, promtool=tool("promtool"), until=until, names=names, outside=(INSIDE,))
    with serving(folder, until=until, rules=write(delivered, folder)) as started:
        _wait(started, after=time.time() + ROUNDS)
        yield Prometheus(port=started.port, until=int(time.time()))


def _wait(prometheus: Prometheus, *, after: float) -> None:
    """Until every group has been evaluated after a moment."""
    while True:
        groups = prometheus.get("/api/v1/rules")["groups"]
        ends = [_seconds(group["lastEvaluation"]) for group in groups]
        if ends and min(ends) > after:
            return
        time.sleep(0.2)


def _seconds(text: str) -> float:
    """Seconds since 1970 of what Go writes, to the second."""
    return time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone if text[:4] != "0001" else 0


@pytest.fixture(scope="session")
def recorded(region: Prometheus) -> list[Series]:
    """What the rules record of a region."""
    return [
        Series(
            name=one["metric"]["__name__"],
            labels={label: text for label, text in one["metric"].items() if label != "__name__"},
            value=float(one["value"][1]),
            rising=False,
        )
        for name in rules().recorded
        for one in region.query(name)
    ]


@pytest.fixture(scope="session")
def prometheus(recorded: list[Series], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Two regions from the outside, with what the dashboards ask for."""
    folder: Path = tmp_path_factory.mktemp("prometheus")
    until = int(time.time()) // 60 * 60
    asked = "".join((ROOT / FOLDER / f"{uid}.json").read_text(encoding="utf-8") for uid in DASHBOARDS)
    outside = [{"cluster": name, "environment": "trial"} for name in REGIONS]
    write_database(
        folder, promtool=tool("promtool"), until=until, names=known_in(asked), outside=outside, recorded=recorded
    )
    with serving(folder, until=until) as started:
        yield started
