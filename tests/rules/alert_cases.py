"""Which alerts the files of tests/rules prove to fire, and which to be silent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
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


def _cases(content: Any) -> Iterator[tuple[str, str]]:
    for test in content["tests"]:
        for asked in test.get("promql_expr_test", ()):
            for alert in _ASKED.findall(asked["expr"]):
                if asked["exp_samples"]:
                    yield "fires", alert
                elif test.get("input_series"):
                    yield "is silent", alert
