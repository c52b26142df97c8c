"""Sixty times as fast: a second here is a minute of what is deployed. Whatever is changed is listed here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from monitoring.blueprint.rules.loader import FOLDER
from monitoring.blueprint.values.charts import ROOT

SCALE = 60
SCRAPE = "500ms"
"""Of 30 s, and as often rules are evaluated."""

PARTS_SCRAPE = "1s"
"""Of Prometheus' and Thanos' own pages: large, and a machine is small."""

RULE_FILES = ("alerts-remote-write", "alerts-thanos", "alerts-prometheus", "alerts-object-store", "alerts-capacity")
"""The rules about what runs here."""

SECONDS = (
    ("alerts-remote-write", "seconds:max > 300", "seconds:max > 5"),
    ("alerts-remote-write", "seconds:max > 2700", "seconds:max > 45"),
    ("alerts-remote-write", ") > 60", ") > 1"),
    ("alerts-thanos", "> 6 * 3600", "> 360"),
)
"""Bounds that are numbers of seconds: file, as deployed, as here."""

QUEUE = {"batch_send_deadline": "1s", "min_backoff": "100ms", "max_backoff": "1s"}
"""Of 5 s, 1 s, 30 s: how long a queue waits, here a second at most."""

_DURATION = re.compile(r"(\d+)(ms|s|m|h|d|w)")
_IN_BRACKETS = re.compile(r"(?<=\[)[\d a-z:]+(?=\])")
_OFFSET = re.compile(r"(?<=offset )\w+")
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


def shorter(duration: str) -> str:
    """A duration, or a range with its step, sixty times as short."""
    return _DURATION.sub(lambda one: f"{max(int(one[1]) * _UNITS[one[2]] // SCALE, 1)}ms", duration)


def rule_files() -> dict[str, Any]:
    """The deployed rule files by name, at the scale; ValueError where a bound of SECONDS is no longer deployed."""
    texts = {name: (ROOT / FOLDER / f"{name}.yaml").read_text(encoding="utf-8") for name in RULE_FILES}
    for name, deployed, here in SECONDS:
        if deployed not in texts[name]:
            raise ValueError(f"{name}.yaml must have {deployed!r}")
        texts[name] = texts[name].replace(deployed, here)
    return {name: _shorter_rules(yaml.safe_load(text)) for name, text in texts.items()}


def metric_names() -> str:
    """A pattern of every metric that the rules read, so that nothing else needs to be stored here."""
    words = set(re.findall(r"\b(?:prometheus|thanos|grpc|http|process)_\w+", str(list(rule_files().values()))))
    return "|".join(sorted(words))


def scaled(config: Mapping[str, Any]) -> dict[str, Any]:
    """Prometheus' configuration at the scale."""
    made = {**config, "global": {**config["global"], "scrape_interval": SCRAPE, "evaluation_interval": SCRAPE}}
    made["remote_write"] = [{**one, "queue_config": {**one["queue_config"], **QUEUE}} for one in config["remote_write"]]
    return made


def _shorter_rules(file: Any) -> Any:
    for group in file["groups"]:
        group.pop("interval", None)
        for rule in group["rules"]:
            rule["expr"] = _OFFSET.sub(lambda one: shorter(one[0]), _shorter_ranges(rule["expr"]))
            if "for" in rule:
                rule["for"] = shorter(rule["for"])
    return file


def _shorter_ranges(expr: str) -> str:
    return _IN_BRACKETS.sub(lambda one: shorter(one[0]), expr)
