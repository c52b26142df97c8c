"""Small edits of the real program: each brings the labels and the sentence that it must, and no other label."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.review.report import Review, headline, planned_sentence, sentence
from tests.monitoring.review.conftest import Edited

pytestmark = pytest.mark.stack

TABLE = yaml.safe_load((Path(__file__).parent / "edits.yaml").read_text(encoding="utf-8"))


def _name(edit: dict[str, Any]) -> str:
    return f"{edit['file']}: {edit['new']}".replace("\n", " ")[:90]


def _said(review: Review) -> str:
    lines = [headline(review), *(sentence(change) for change in review.changes)]
    lines += [f"{risk.rule.label}: {risk.rule.name}: {sentence(risk.change)}" for risk in review.risks]
    lines += [planned_sentence(planned) for plan in review.plans for planned in plan.planned]
    return "\n".join(lines)


def test_the_table_is_long_enough() -> None:
    assert len(TABLE["risky"]) >= 30
    assert len(TABLE["harmless"]) >= 10


@pytest.mark.parametrize("edit", TABLE["risky"], ids=_name)
def test_a_risky_edit_has_its_labels_and_its_sentence(edited: Edited, edit: dict[str, Any], tmp_path: Path) -> None:
    review = edited.review(edit["file"], old=edit["old"], new=edit["new"], scratch=tmp_path)
    said = _said(review)
    assert edit["says"] in said, said
    assert sorted({risk.rule.label for risk in review.risks}) == sorted(edit["labels"]), said


@pytest.mark.parametrize("edit", TABLE["harmless"], ids=_name)
def test_a_harmless_edit_has_no_label(edited: Edited, edit: dict[str, Any], tmp_path: Path) -> None:
    review = edited.review(edit["file"], old=edit["old"], new=edit["new"], scratch=tmp_path)
    said = _said(review)
    assert edit["says"] in said, said
    assert not review.risks, said
