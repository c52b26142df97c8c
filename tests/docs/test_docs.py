"""The pages tell the truth about the repository: links, make targets, commands and keys exist."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from monitoring.fleet import Region

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
TARGETS = frozenset(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
COMMANDS = frozenset(file.stem.replace("_", "-") for file in (ROOT / "monitoring" / "commands").glob("[a-z]*.py"))


def broken_links(text: str, page: Path) -> Iterator[str]:
    """Relative links to files that are not there."""
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if "://" not in target and not (page.parent / target).exists():
            yield target


def unknown_targets(text: str, page: Path) -> Iterator[str]:  # noqa: ARG001
    """`make x` where the Makefile has no x."""
    for line in re.findall(r"(?:`|^)make ((?:[a-z-]+ ?)+)", text, re.MULTILINE):
        yield from (word for word in line.split() if word not in TARGETS)


def unknown_commands(text: str, page: Path) -> Iterator[str]:  # noqa: ARG001
    """`monitoring x` where there is no command x."""
    calls = re.findall(r"(?:`|-m |run )monitoring ([a-z][a-z-]*)", text)
    yield from (command for command in calls if command not in COMMANDS)


def _keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _keys(field.annotation, f"{prefix}{name}.")


KEYS = frozenset(_keys(Region))
SECTIONS = frozenset(key.partition(".")[0] for key in KEYS if "." in key)


def unknown_keys(text: str, page: Path) -> Iterator[str]:
    """`section.key` of a region's file that the model does not have; one page speaks of the charts' keys instead."""
    if page.name == "helm-values.md":
        return
    for key in re.findall(r"`([a-z_]+\.[a-z_.]+)`", text):
        if key.partition(".")[0] in SECTIONS and not key.endswith((".py", ".yaml")) and key not in KEYS:
            yield key


CHECKS: dict[str, tuple[Callable[[str, Path], Iterator[str]], str]] = {
    "links": (broken_links, "[a page](no-such-page.md)"),
    "make targets": (unknown_targets, "`make synth coffee`"),
    "commands": (unknown_commands, "`monitoring brew prod-eastus`"),
    "keys": (unknown_keys, "`prometheus.retention_siz`"),
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
@pytest.mark.parametrize(("check", "_"), CHECKS.values(), ids=CHECKS.keys())
def test_a_page_names_what_exists(check: Callable[[str, Path], Iterator[str]], _: str, page: Path) -> None:
    assert list(check(page.read_text(encoding="utf-8"), page)) == []


@pytest.mark.parametrize(("check", "fault"), CHECKS.values(), ids=CHECKS.keys())
def test_what_does_not_exist_is_found(check: Callable[[str, Path], Iterator[str]], fault: str) -> None:
    assert len(list(check(fault, ROOT / "README.md"))) == 1


def test_every_page_is_reached_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in PAGES if page.parent == ROOT / "docs" and f"docs/{page.name}" not in readme] == []
