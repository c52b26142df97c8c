"""The lock file names no package index."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitoring.commands.lock import LOCK, command, without_indexes

ROOT = Path(__file__).parents[3]

FRESH = {
    "_meta": {"hash": {"sha256": "1"}, "sources": [{"name": "a", "url": "b", "verify_ssl": True}]},
    "default": {"click": {"hashes": ["sha256:2"], "index": "a", "version": "==8"}},
    "develop": {"mypy": {"index": "a", "version": "==1"}},
}
CLEAN = {
    "_meta": {"hash": {"sha256": "1"}, "sources": []},
    "default": {"click": {"hashes": ["sha256:2"], "version": "==8"}},
    "develop": {"mypy": {"version": "==1"}},
}


def test_lock_removes_only_package_indexes() -> None:
    assert without_indexes(FRESH) == CLEAN


def test_committed_lock_names_no_package_index() -> None:
    text = (ROOT / LOCK).read_text()
    lock = json.loads(text)
    assert without_indexes(lock) == lock


def test_a_second_call_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    LOCK.write_text(json.dumps(FRESH))
    texts = []
    for _ in range(2):
        assert CliRunner().invoke(command).exit_code == 0
        texts.append(LOCK.read_text())
    assert texts[0] == texts[1]
    assert json.loads(texts[0]) == CLEAN
