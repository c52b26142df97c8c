"""Generates docs/alerts.md: every alert in a table, and the disabled upstream alerts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from monitoring.blueprint.rules import runbooks
from monitoring.blueprint.rules.loader import rules, rules_of
from monitoring.blueprint.rules.upstream_alerts import OFF, OFF_WITH_THEIR_PART
from monitoring.fleet.yaml_file import YamlFile

PAGE = "docs/alerts.md"

_HEAD = """\
# Alerts

This page lists every alert. `monitoring generate` writes it, from `helm-values/rules/` and \
`monitoring/blueprint/rules/upstream_alerts.py`.

`critical` wakes somebody, `warning` becomes a ticket, `info` is only looked at: [alert-routing.md](alert-routing.md). \
The name leads to the page that says what is lost and what to do; it is the `runbook_url` of the alert. How rules are \
written, checked and tested: [rules.md](rules.md).

How to get in, also when sign-in is required: [runbooks/README.md](runbooks/README.md).

Every region alerts for itself. What the region with the global view fetches from others is named `federated:…`; only \
the alerts of `alerts-federation.yaml` read such names, so that nothing fires twice.
"""

_UPSTREAM = """
## Upstream's

The alerts of kube-prometheus-stack stay on, with links to their own pages, the Watchdog among them. Off are:

| alert | why |
|---|---|
"""


def page() -> str:
    """The page's text."""
    tables = "".join(_table(file) for file in rules().files if any(_alerts(file)))
    off = "".join(f"| `{name}` | {why} |\n" for name, why in {**OFF_WITH_THEIR_PART, **OFF}.items())
    return _HEAD + tables + _UPSTREAM + off


def _alerts(file: YamlFile) -> Iterator[Mapping[str, Any]]:
    return (rule for _, rule in rules_of(file) if "alert" in rule)


def _table(file: YamlFile) -> str:
    rows = "".join(
        f"| [{rule['alert']}]({_page(rule['alert'])}) | {rule['labels']['severity']} | {rule['for']} "
        f"| {rule['annotations']['summary']} |\n"
        for rule in _alerts(file)
    )
    return f"\n## {Path(file.name).name}\n\n| alert | severity | for | meaning |\n|---|---|---|---|\n{rows}"


def _page(alert: str) -> str:
    return PurePosixPath(runbooks.page(alert)).relative_to("docs").as_posix()
