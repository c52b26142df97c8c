"""Single edits of a real stack: each meets the rules that it must, and no other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.review.report import Review, headline, sentence
from tests.monitoring.review.edited import GONE, Place, edit, part

TABLE = yaml.safe_load((Path(__file__).parent / "edits.yaml").read_text(encoding="utf-8"))


def _name(row: dict[str, Any]) -> str:
    place = ".".join(map(str, row.get("at", ())))
    return f"{row['of']} {row.get('part', '')} {place}: {row.get('to', 'gone')}"[:100]


def _place(body: Any, path: Sequence[str | int]) -> Place:
    """The path with the numbers of elements that are named; an element behind the last is one more."""
    found: list[str | int] = []
    for step in path:
        here = _number(body, step) if isinstance(body, list) else step
        found.append(here)
        if isinstance(body, list):
            body = body[here] if isinstance(here, int) and here < len(body) else None
        else:
            body = body.get(step) if isinstance(body, dict) else None
    return tuple(found)


def _number(elements: list[Any], step: str | int) -> int:
    if isinstance(step, int):
        return step
    return next(number for number, one in enumerate(elements) if _is(one, step))


def _is(element: Any, name: str) -> bool:
    if isinstance(element, str):
        return element.startswith(name)
    metadata = element.get("metadata", element)
    name, _, namespace = name.partition("/")
    return name in {metadata.get("name"), element.get("job_name")} and namespace in {"", metadata.get("namespace")}


def _reviewed(row: dict[str, Any]) -> Review:
    is_release = row["of"] == "helm_release"
    of = row["part"].removeprefix("releases_").rstrip("_") if is_release else row["of"]
    one = part(of, "" if is_release else row.get("part", ""), "release" if is_release else "")
    return edit(one, _place(one.body, row.get("at", ())), row.get("to", GONE))


def _said(review: Review) -> str:
    lines = [headline(review), *(sentence(change) for change in review.changes)]
    return "\n".join((*lines, *(f"{risk.rule.name}: {sentence(risk.change)}" for risk in review.risks)))


@pytest.mark.parametrize("row", TABLE["risky"], ids=_name)
def test_a_risky_edit_meets_its_rules_and_no_other(row: dict[str, Any]) -> None:
    review = _reviewed(row)
    said = _said(review)
    assert {risk.rule.name for risk in review.risks} == set(row["meets"]), said
    assert row.get("says", "") in said, said


@pytest.mark.parametrize("row", TABLE["harmless"], ids=_name)
def test_a_harmless_edit_is_told_and_needs_no_look(row: dict[str, Any]) -> None:
    review = _reviewed(row)
    said = _said(review)
    assert review.changes
    assert not review.risks, said
    assert row.get("says", "") in said, said
    assert headline(review).endswith("no known risk.")


@pytest.mark.parametrize("row", TABLE["nothing"], ids=_name)
def test_the_same_said_otherwise_is_no_change(row: dict[str, Any]) -> None:
    assert headline(_reviewed(row)) == "Nothing changes."
