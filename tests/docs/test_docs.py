"""The pages tell the truth about the repository: links, make targets, commands, keys and examples are real."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import click
import jsonschema
import pytest
import yaml
from pydantic import BaseModel

from monitoring.__main__ import main
from monitoring.fleet import Region
from monitoring.fleet.model import BlobZoneId, SubnetId, Uuid, VirtualNetworkId, WorkspaceId
from monitoring.fleet.schema import region_schema

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        ROOT / "README.md",
        ROOT / "SECURITY.md",
        ROOT / "oversight_metrics" / "CHANGELOG.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "oversight_metrics").glob("**/README.md"),
    ]
)
PREREQUISITES = ROOT / "docs" / "prerequisites.md"
TARGETS = frozenset(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
COMMANDS = frozenset(main.list_commands(click.Context(main)))
REGION_SCHEMA = json.loads(region_schema())
REGION_EXAMPLE = "# yaml-language-server: $schema=./schema.json\n"

Check = Callable[[str, Path], Iterator[str]]


def broken_links(text: str, page: Path) -> Iterator[str]:
    """Relative links to files or headings that are not there."""
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", text):
        file = page.parent / target if target else page
        if "://" in target:
            continue
        if not file.exists():
            yield target
        elif anchor and anchor not in _anchors(text if not target else file.read_text(encoding="utf-8")):
            yield f"{target}#{anchor}"


def _anchors(text: str) -> frozenset[str]:
    """Headings as GitHub links them: lower case, hyphens for blanks, no punctuation."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return frozenset(re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings)


def unknown_targets(text: str, page: Path) -> Iterator[str]:  # noqa: ARG001
    """`make x` where the Makefile has no x, with or without variables around."""
    variable = r"[A-Z_]+=\S+ "
    for line in re.findall(rf"(?:`|^)(?:{variable})*make (?:{variable})*((?:[a-z-]+ ?)+)", text, re.MULTILINE):
        yield from (word for word in line.split() if word not in TARGETS)


def unknown_commands(text: str, page: Path) -> Iterator[str]:  # noqa: ARG001
    """`monitoring x` where there is no command x."""
    calls = re.findall(r"(?:`|-m |run )monitoring ([a-z][a-z-]*)", text)
    yield from (command for command in calls if command not in COMMANDS)


def _fields(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Each key of a region's file by its path, with what pydantic knows of its type."""
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}", tuple(field.metadata)
        for below in (field.annotation, *get_args(field.annotation)):
            if isinstance(below, type) and issubclass(below, BaseModel):
                yield from _fields(below, f"{prefix}{name}.")


KEYS = dict(_fields(Region))
SECTIONS = frozenset(key.partition(".")[0] for key in KEYS if "." in key)


def unknown_keys(text: str, page: Path) -> Iterator[str]:
    """`section.key` of a region's file that the model does not have; one page speaks of the charts' keys instead."""
    if page.name == "helm-values.md":
        return
    for key in re.findall(r"`([a-z_]+\.[a-z_.]+)`", text):
        if key.partition(".")[0] in SECTIONS and not key.endswith((".py", ".yaml")) and key not in KEYS:
            yield key


def unknown_keys_in_tables(text: str, page: Path) -> Iterator[str]:  # noqa: ARG001
    """Keys in the first column of a table headed `key` that the model does not have, whatever they look like."""
    for rows in re.findall(r"^\| key \|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE):
        for row in rows.splitlines():
            yield from (key for key in re.findall(r"`([^`]+)`", row.split("|")[1]) if key not in KEYS)


def wrong_yaml(text: str, page: Path) -> Iterator[str]:  # noqa: ARG001
    """Examples that are no YAML, or, with a region's first line, no part of a region's file."""
    for example in re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        try:
            value = yaml.safe_load(example)
            if example.startswith(REGION_EXAMPLE):
                jsonschema.validate(value, REGION_SCHEMA)
        except yaml.YAMLError as fault:
            yield str(fault)
        except jsonschema.ValidationError as fault:
            yield fault.message


def unexplained_ids(prerequisites: str) -> list[str]:
    """Keys that hold an id and that the page does not name."""
    shapes = [get_args(kind)[1] for kind in (Uuid, VirtualNetworkId, SubnetId, BlobZoneId, WorkspaceId)]
    ids = [key for key, rules in KEYS.items() if any(rule in shapes for rule in rules)]
    return [key for key in ids if f"`{key}`" not in prerequisites]


def unreached_pages(readme: str) -> list[str]:
    """Pages of docs/ that the README does not link."""
    pages = (page.relative_to(ROOT).as_posix() for page in PAGES if page.parent == ROOT / "docs")
    return [page for page in pages if f"]({page})" not in readme]


CHECKS: list[tuple[Check, str]] = [
    (broken_links, "[a page](no-such-page.md)"),
    (broken_links, "[a heading](#no-such-heading)\n# Another heading\n"),
    (unknown_targets, "`make synth coffee`"),
    (unknown_targets, 'first\nSTATE=local make coffee ARGS="x"\n'),
    (unknown_commands, "`monitoring brew prod-eastus`"),
    (unknown_keys, "`prometheus.retention_siz`"),
    (unknown_keys, "`disk_snapshots.retentoin`"),
    (unknown_keys_in_tables, "| key | command |\n|---|---|\n| `tenant_id`, `tennant_id` | `echo` |\n"),
    (wrong_yaml, "```yaml\na: [1\n```\n"),
    (wrong_yaml, f"```yaml\n{REGION_EXAMPLE}locatoin: uksouth\n```\n"),
    (wrong_yaml, f"```yaml\n{REGION_EXAMPLE}prometheus: {{replicas: two}}\n```\n"),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
@pytest.mark.parametrize("check", dict.fromkeys(check for check, _ in CHECKS), ids=lambda check: check.__name__)
def test_docs_reference_existing_paths_commands_and_keys(check: Check, page: Path) -> None:
    assert list(check(page.read_text(encoding="utf-8"), page)) == []


@pytest.mark.parametrize(("check", "fault"), CHECKS)
def test_reference_to_a_missing_file_or_name_is_reported(check: Check, fault: str) -> None:
    assert len(list(check(fault, ROOT / "README.md"))) == 1


def test_doc_checks_find_references_to_check() -> None:
    readme, prerequisites = (page.read_text(encoding="utf-8") for page in (ROOT / "README.md", PREREQUISITES))
    assert f"```yaml\n{REGION_EXAMPLE}" in readme
    assert re.search(r"^\| key \|", prerequisites, re.MULTILINE)


def test_the_prerequisites_say_where_each_id_comes_from() -> None:
    text = PREREQUISITES.read_text(encoding="utf-8")
    assert unexplained_ids(text) == []
    assert unexplained_ids(text.replace("`network.node_subnet_id`", "")) == ["network.node_subnet_id"]


def test_every_page_is_reached_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert unreached_pages(readme) == []
    assert unreached_pages(readme.replace("docs/architecture.md", "")) == ["docs/architecture.md"]
