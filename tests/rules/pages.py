"""The pages of alerts, docs/runbooks/<Alert>.md, taken apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from monitoring.blueprint.rules import runbooks
from monitoring.blueprint.rules.loader import rules, rules_of
from monitoring.blueprint.values.charts import ROOT

HEADINGS = ("Meaning", "Impact", "First look", "Fix", "Escalation")

FOLDER = ROOT / runbooks.FOLDER


def alerts() -> dict[str, Mapping[str, object]]:
    """Every alert of ours by name."""
    return {rule["alert"]: rule for file in rules().files for _, rule in rules_of(file) if "alert" in rule}


def pages() -> list[Path]:
    """Pages of alerts. Those in small letters tell of what is no alert; README.md leads to all."""
    return sorted(path for path in FOLDER.glob("[A-Z]*.md") if path.stem != "README")


def procedures() -> list[Path]:
    """Pages of what is no alert, in the same form."""
    return sorted(FOLDER.glob("[a-z]*.md"))


def faults(name: str, text: str) -> Iterator[str]:
    """What a page lacks."""
    if re.findall(r"^# (.+)$", _without_code(text), re.MULTILINE)[:1] != [name]:
        yield f"the heading {name}"
    parts = re.split(r"^## (.+)$", _without_code(text), flags=re.MULTILINE)[1:]
    if tuple(parts[::2]) != HEADINGS:
        yield f"the headings {', '.join(HEADINGS)}"
    yield from (
        f"a text under {heading}" for heading, body in zip(parts[::2], parts[1::2], strict=True) if not body.strip()
    )
    if not queries(text):
        yield "a query to paste"
    if "```sh\n" not in text:
        yield "a command to paste"


def queries(text: str) -> list[str]:
    """The queries of a page: one a line in blocks `promql`."""
    blocks = re.findall(r"^```promql\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def _without_code(text: str) -> str:
    return re.sub(r"^```\w+\n.*?^```", "code", text, flags=re.MULTILINE | re.DOTALL)
