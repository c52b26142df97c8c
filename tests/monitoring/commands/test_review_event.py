"""GitHub's event, which says what a pull request accepts: read, or refused in a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from monitoring.commands.review import accepted_in

REQUEST = {
    "labels": [{"name": "accept: data loss"}],
    "body": "Accept data loss: the region is new",
    "user": {"login": "somebody"},
}


def event(folder: Path, text: str) -> Path:
    file = folder / "event.json"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_label_with_a_reason_accepts(tmp_path: Path) -> None:
    (accepted,) = accepted_in(event(tmp_path, json.dumps({"pull_request": REQUEST})))
    assert (accepted.label, accepted.who, accepted.why) == ("data loss", "somebody", "the region is new")


def test_an_event_of_another_kind_accepts_nothing(tmp_path: Path) -> None:
    assert list(accepted_in(event(tmp_path, '{"pull_request": null}'))) == []
    assert list(accepted_in(event(tmp_path, "{}"))) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "1",
        "null",
        "[" * 100_000,
        '{"pull_request": [1]}',
        '{"pull_request": {"labels": 1, "user": {"login": "x"}}}',
        '{"pull_request": {"labels": ["x"], "user": {"login": "x"}}}',
        '{"pull_request": {"user": null}}',
        '{"pull_request": {}, "x": "\\ud800',
    ],
    ids=["empty", "broken", "list", "number", "null", "deep", "request", "labels", "label", "user", "cut off"],
)
def test_what_is_no_event_is_told(text: str, tmp_path: Path) -> None:
    with pytest.raises(click.BadParameter, match="must be GitHub's event of a pull request, as JSON: "):
        list(accepted_in(event(tmp_path, text)))
