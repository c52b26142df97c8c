"""Generates helm-values/rules/global_rules.yaml: federated aggregates without duplicates of replicas."""

from __future__ import annotations

from monitoring.blueprint.rules.loader import ARRIVED, ONCE, labels_of, rules

FILE = "helm-values/rules/global_rules.yaml"

LONGEST = 120
"""Characters of a line that yamllint takes."""

_HEAD = """\
# Written by `monitoring generate` from the aggregates of the other files. Only in a region with the global view: what
# it fetched of every other region's replicas (federated:...), each series once. The larger counts: a replica that has
# just started, or missed scrapes, says less. Written to Thanos: docs/federation.md.
groups:
  - name: global_rules
    interval: 30s
    rules:
"""


def text() -> str:
    """The file."""
    return _HEAD + "\n".join(_rule(name) for name in sorted(rules().federated))


def _rule(name: str) -> str:
    labels = ", ".join(sorted(labels_of(f"{ONCE}{name}") or ()))
    expr = f"        expr: max by ({labels}) ({ARRIVED}{name})"
    if len(expr) > LONGEST:
        expr = f"        expr: |\n          max by ({labels})\n          ({ARRIVED}{name})"
    return f"      - record: {ONCE}{name}\n{expr}\n"
