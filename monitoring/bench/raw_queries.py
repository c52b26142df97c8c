"""What a panel would ask if nothing was recorded: its query, with the rules' expressions in place of recorded names.

By promtool, so that a selector's labels reach the selectors of the rule's expression.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from monitoring.blueprint.rules.loader import rules, rules_of

_RECORDED = re.compile(r"(?P<name>[a-zA-Z_]\w*:[\w:]+)(\{(?P<matchers>[^}]*)\})?(?P<range>\[[^\]]*\])?")
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')


def expressions() -> dict[str, str]:
    """The expression of every rule that records, by the name."""
    return {rule["record"]: rule["expr"] for file in rules().files for _, rule in rules_of(file) if "record" in rule}


def recorded_in(text: str, known: Mapping[str, str]) -> set[str]:
    """Recorded names that a query reads itself."""
    return {match["name"] for match in _RECORDED.finditer(text)} & known.keys()


def raw(text: str, known: Mapping[str, str], *, promtool: Path) -> str:
    """The query of raw series alone."""

    def replaced(match: re.Match[str]) -> str:
        if match["name"] not in known:
            return match[0]
        made = raw(known[match["name"]], known, promtool=promtool)
        for label, kind, value in _MATCHER.findall(match["matchers"] or ""):
            made = _with_matcher(made, label, kind, value, promtool=promtool)
        over = f"[{match['range'][1:-1]}:]" if match["range"] else ""
        return f"({made}){over}"

    return _RECORDED.sub(replaced, text)


def _with_matcher(query: str, label: str, kind: str, value: str, *, promtool: Path) -> str:
    """The query with one more label in every selector; CalledProcessError where it is no query."""
    line = [str(promtool), "--experimental", "promql", "label-matchers", "set", "-t", kind, query, label, value]
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603  (no shell)
