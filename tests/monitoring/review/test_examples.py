"""docs/review.md shows what the program says: five edits and their comments.

`OVERSIGHT_WRITE_EXAMPLES=1 .venv/bin/python -m pytest -m stack tests/monitoring/review/test_examples.py` writes them.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitoring.blueprint.values.charts import ROOT
from monitoring.review.markdown import markdown
from tests.monitoring.review.conftest import Edited

pytestmark = pytest.mark.stack

PAGE = ROOT / "docs" / "review.md"
BEGIN = "<!-- examples -->"

EXAMPLES = {
    "Samples are kept for half as long": ("regions/_common.yaml", "retention: 10d", "retention: 5d"),
    "Larger nodes": ("regions/_common.yaml", "vm_size: Standard_D4ds_v5", "vm_size: Standard_D8ds_v5"),
    "The store can be reached with a key": (
        "constructs/object_store.py",
        "shared_access_key_enabled=False",
        "shared_access_key_enabled=True",
    ),
    "A rule asks something else": ("helm-values/rules/rule_cost.yaml", "expr: max(rate(", "expr: min(rate("),
    "A patch of a chart": ("helm-values/versions.yaml", "version: 88.5.3", "version: 88.5.4"),
}


def test_the_page_shows_what_the_program_says(edited: Edited, tmp_path: Path) -> None:
    blocks = []
    for number, (title, (file, old, new)) in enumerate(EXAMPLES.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        comment = markdown(edited.review(file, old=old, new=new, scratch=folder))
        blocks.append(f"### {title}\n\n`{file}`: `{old}` becomes `{new}`.\n\n````markdown\n{comment.strip()}\n````\n")
    before, _, _ = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    page = f"{before.rstrip()}\n\n{BEGIN}\n\n" + "\n".join(blocks)
    if os.environ.get("OVERSIGHT_WRITE_EXAMPLES"):
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page
