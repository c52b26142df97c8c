"""docs/review.md shows what the program says: six edits and their comments.

`OVERSIGHT_WRITE_EXAMPLES=1 .venv/bin/python -m pytest tests/monitoring/review/test_examples.py` writes them.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace

from monitoring.blueprint.values.charts import ROOT
from monitoring.effective.stacks import Part
from monitoring.review.markdown import markdown
from monitoring.review.report import Review
from tests.monitoring.review.edited import REGION, facts_of, region_parts, review_of

PAGE = ROOT / "docs" / "review.md"
BEGIN = "<!-- examples -->"

EXAMPLES = {
    "Samples are kept for half as long": (
        "kube-prometheus-stack",
        "prometheus",
        '"retention": "10d"',
        '"retention": "5d"',
    ),
    "Larger nodes": ("azurerm_kubernetes_cluster_node_pool", "", '"Standard_D4ds_v5"', '"Standard_D8ds_v5"'),
    "The store can be reached with a key": (
        *("azurerm_storage_account", ""),
        *('"shared_access_key_enabled": false', '"shared_access_key_enabled": true'),
    ),
    "A rule asks something else": (
        *("kube-prometheus-stack", "additionalPrometheusRulesMap"),
        *("max(rate(prometheus_rule_group_duration", "min(rate(prometheus_rule_group_duration"),
    ),
    "A setting that no rule knows": ("thanos", "query", "--query.auto-downsampling", "--query.no-downsampling"),
    "A patch of a chart": ("kube-prometheus-stack", "releases_", '"version": "88.5.3"', '"version": "88.5.4"'),
}


def _replaced(one: Part, old: str, new: str) -> Part:
    return replace(one, body=json.loads(json.dumps(one.body).replace(old, new)))


def _review(subject: str, name: str, old: str, new: str) -> Review:
    chosen = [one for one in region_parts() if one.subject == subject and one.name.startswith(name)]
    assert any(old in json.dumps(one.body) for one in chosen)
    after = facts_of(*(_replaced(one, old, new) for one in chosen))
    return review_of({REGION: facts_of(*chosen)}, {REGION: after})


def test_the_page_shows_what_the_program_says() -> None:
    blocks = []
    for title, (subject, name, old, new) in EXAMPLES.items():
        comment = markdown(_review(subject, name, old, new))
        blocks.append(f"### {title}\n\n`{old}` becomes `{new}`.\n\n````markdown\n{comment.strip()}\n````\n")
    before, _, _ = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    page = f"{before.rstrip()}\n\n{BEGIN}\n\n" + "\n".join(blocks)
    if os.environ.get("OVERSIGHT_WRITE_EXAMPLES"):
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page
