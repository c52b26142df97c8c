"""The lock files name no package index, and differ in the engine alone."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

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


LOCKS = [str(LOCK), "engines/cdktn/Pipfile.lock"]


@pytest.mark.parametrize("path", LOCKS)
def test_committed_lock_names_no_package_index(path: str) -> None:
    text = (ROOT / path).read_text()
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


def test_an_engine_s_lock_gets_the_versions_of_the_main_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    LOCK.write_text(json.dumps(CLEAN))
    engine = {**FRESH, "default": {"click": {"index": "a", "version": "==9"}, "cdktn": {"version": "==1"}}}
    Path("other.lock").write_text(json.dumps(engine))
    assert CliRunner().invoke(command, ["other.lock"]).exit_code == 0
    assert json.loads(Path("other.lock").read_text()) == {
        "_meta": {"hash": {"sha256": "1"}, "sources": []},
        "default": {"click": {"hashes": ["sha256:2"], "version": "==8"}, "cdktn": {"version": "==1"}},
        "develop": {"mypy": {"version": "==1"}},
    }
    assert json.loads(LOCK.read_text()) == CLEAN


CDKTF = {"cdktf", "cdktf-cdktf-provider-azurerm", "cdktf-cdktf-provider-helm", "cdktf-cdktf-provider-kubernetes"}
CDKTN = {"cdktn", "cdktn-provider-azurerm", "cdktn-provider-helm", "cdktn-provider-kubernetes"}


def test_both_engines_have_the_same_packages_beside_them() -> None:
    assert not_shared(*(tomllib.loads((ROOT / path).with_suffix("").read_text()) for path in LOCKS)) == CDKTF | CDKTN
    assert not_shared(*(json.loads((ROOT / path).read_text()) for path in LOCKS)) == CDKTF | CDKTN


def not_shared(main: dict[str, Any], other: dict[str, Any]) -> set[str]:
    """Packages that one has alone, or of which the other has another version or hash."""
    return {
        name
        for kind in (main.keys() | other.keys()) - {"_meta", "scripts"}
        for name in main[kind].keys() | other[kind].keys()
        if main[kind].get(name) != other[kind].get(name)
    }


def test_another_version_beside_the_engine_is_reported() -> None:
    changed = {**CLEAN, "default": {"click": {"hashes": ["sha256:2"], "version": "==9"}}}
    assert not_shared(CLEAN, changed) == {"click"}
    assert not_shared(CLEAN, {**CLEAN, "develop": {}}) == {"mypy"}
