"""Who approves, and what users of the package are told: files that nothing else reads."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import date

import pytest

from monitoring.blueprint.values.charts import ROOT

CODEOWNERS = ROOT / ".github" / "CODEOWNERS"
PACKAGE = ROOT / "oversight_metrics"
CHANGELOG = PACKAGE / "CHANGELOG.md"


def _owners(text: str) -> Iterator[tuple[str, list[str]]]:
    for line in text.splitlines():
        if line and not line.startswith("#"):
            path, *owners = line.split()
            yield path, owners


def owner_faults(text: str) -> list[str]:
    """Lines whose path is not there, or whose owner is no team of the organization."""
    faults = []
    for path, owners in _owners(text):
        if path != "*" and not (ROOT / path.strip("/")).exists():
            faults.append(f"{path} is not there")
        if path.endswith("/") != (ROOT / path.strip("/")).is_dir() and path != "*":
            faults.append(f"{path} must end in a slash exactly if it is a folder")
        faults += [
            f"{path}: {owner} is no team" for owner in owners if not re.fullmatch(r"@oversight/[a-z-]+", owner)
        ] or ([] if owners else [f"{path} has no owner"])
    return faults


def test_everything_has_a_team_that_approves_it() -> None:
    text = CODEOWNERS.read_text(encoding="utf-8")
    assert owner_faults(text) == []
    assert next(_owners(text)) == ("*", ["@oversight/sre"]), "the first line is for all that no later one names"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("/gone/ @oversight/sre", "/gone/ is not there"),
        ("/docs @oversight/sre", "/docs must end in a slash exactly if it is a folder"),
        ("/docs/ @somebody", "/docs/: @somebody is no team"),
        ("/docs/", "/docs/ has no owner"),
    ],
)
def test_a_line_without_a_path_or_a_team_is_told(line: str, fault: str) -> None:
    assert fault in owner_faults(line)


def entries(text: str) -> list[tuple[tuple[int, ...], date]]:
    """Version and day of each entry, in the order in which they stand."""
    headings = re.findall(r"(?m)^## (.*)$", text)
    found = [re.fullmatch(r"(\d+\.\d+\.\d+) \((\d{4}-\d\d-\d\d)\)", heading) for heading in headings]
    assert all(found), headings
    return [(tuple(map(int, one[1].split("."))), date.fromisoformat(one[2])) for one in found if one]


def changelog_faults(text: str, *versions: str) -> list[str]:
    """What is wrong with a changelog of packages that are at these versions."""
    listed = entries(text)
    faults = [
        f"{version} must be the newest entry"
        for version in versions
        if listed[0][0] != tuple(map(int, version.split(".")))
    ]
    if listed != sorted(listed, reverse=True) or len({version for version, _ in listed}) != len(listed):
        faults.append("entries must stand once, the newest first")
    if any(not part.strip() for part in re.split(r"(?m)^## .*$", text)[1:]):
        faults.append("an entry must say what changed")
    return faults


def _versions() -> tuple[str, str]:
    python = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return python, json.loads((PACKAGE / "node" / "package.json").read_text(encoding="utf-8"))["version"]


def test_the_newest_entry_is_the_version_of_both_packages() -> None:
    assert changelog_faults(CHANGELOG.read_text(encoding="utf-8"), *_versions()) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("## 1.0.0 (2026-01-01)\n\n- a\n", "1.1.0 must be the newest entry"),
        ("## 1.1.0 (2026-01-01)\n\n- a\n\n## 1.2.0 (2026-01-02)\n\n- a\n", "entries must stand once, the newest first"),
        ("## 1.1.0 (2026-01-01)\n\n- a\n\n## 1.1.0 (2026-01-01)\n\n- a\n", "entries must stand once, the newest first"),
        ("## 1.1.0 (2026-01-01)\n\n## 1.0.0 (2026-01-01)\n\n- a\n", "an entry must say what changed"),
    ],
)
def test_a_version_without_its_entry_is_told(text: str, fault: str) -> None:
    assert changelog_faults(text, "1.1.0") == [fault]
