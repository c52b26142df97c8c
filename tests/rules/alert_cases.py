"""Which alerts the files of tests/rules prove to fire, and which to be silent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

_ASKED = re.compile(r'ALERTS\{alertname="(\w+)",alertstate="firing"\}')


def untested(alerts: Iterable[str], files: Iterable[Path]) -> list[str]:
    """Alerts that no case proves to fire, or none to be silent although their series are there."""
    told = {kind: set[str]() for kind in ("fires", "is silent")}
    for file in files:
        for kind, alert in _cases(yaml.safe_load(file.read_text(encoding="utf-8"))):
            told[kind].add(alert)
    return [
        f"{alert}: no case in which it {kind}" for alert in alerts for kind, seen in told.items() if alert not in seen
    ]


def firing(test: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The alerts that a promtool test proves to fire, each with the time at which it does."""
    for asked in test.get("promql_expr_test", ()):
        if asked["exp_samples"]:
            yield from ((alert, asked["eval_time"]) for alert in _ASKED.findall(asked["expr"]))


def _cases(content: Any) -> Iterator[tuple[str, str]]:
    for test in content["tests"]:
        yield from (("fires", alert) for alert, _ in firing(test))
        for asked in test.get("promql_expr_test", ()):
            if not asked["exp_samples"] and test.get("input_series"):
                yield from (("is silent", alert) for alert in _ASKED.findall(asked["expr"]))
