"""What runs without a cluster: workflows, the Makefile, locked packages, and the pages that alerts link to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from monitoring.effective.facts import Fact, FactKey, Facts, Kind, collected, flat, thing

FILES = (
    *(".github/workflows/*", ".github/actions/*/*", ".ci/*", "Makefile", "docs/runbooks/*.md"),
    *("*.lock", "package-lock.json", "tools/*/package-lock.json", "oversight_metrics/*/package-lock.json"),
    *("tests/*/requirements.txt", "tools/*/go.sum"),
)
"""Patterns of the files that are judged, from the tree's root."""


def repository_files(tree: Path) -> dict[str, str]:
    """The text of every file that is judged, by its path in the tree."""
    found = sorted(file for pattern in FILES for file in tree.glob(pattern) if file.is_file())
    return {file.relative_to(tree).as_posix(): file.read_text(encoding="utf-8") for file in found}


def repository_facts(files: Mapping[str, str]) -> Facts:
    """What those files say."""
    return collected(chain.from_iterable(_file(name, text) for name, text in files.items()))


def _file(name: str, text: str) -> Iterator[Fact]:
    base = name.rpartition("/")[2]
    if name.startswith((".github/", ".ci/")):
        yield from thing(_workflow(name, text), kind=Kind.WORKFLOW, subject=name)
    elif base == "Makefile":
        yield FactKey(kind=Kind.MAKEFILE, subject=name), True
        yield from _makefile(name, text)
    elif name.startswith("docs/runbooks/"):
        yield from thing({"text": text}, kind=Kind.RUNBOOK, subject=name)
    else:
        yield FactKey(kind=Kind.LOCK, subject=name), True
        yield from _locked(name, base, text)


def _workflow(name: str, text: str) -> Mapping[str, object]:
    """Every value as text, so that `on` stays a word; what is no YAML, and no mapping, as one text."""
    if name.endswith((".yml", ".yaml")):
        try:
            said = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  (makes texts alone)
        except yaml.YAMLError:
            said = None
        if isinstance(said, Mapping):
            return said
    return {"text": text}


def _makefile(name: str, text: str) -> Iterator[Fact]:
    """Each paragraph under its first words: a rule, a variable, a directive."""
    blocks: dict[str, list[str]] = {}
    title = "(start)"
    for line in text.splitlines():
        if line and not line[0].isspace() and not line.startswith("#"):
            title = re.split(r"[:=?+]", line, maxsplit=1)[0].strip() or line
        if line.strip() and not line.startswith("#"):
            blocks.setdefault(title, []).append(line)
    for title, lines in blocks.items():
        yield FactKey(kind=Kind.MAKEFILE, subject=name, path=title), "\n".join(lines)


def _locked(name: str, base: str, text: str) -> Iterator[Fact]:
    """Version and checksums of each package. The checksums stand under their version: others of the same one tell."""
    if base.endswith((".sum", ".txt")):
        for line in text.splitlines():
            *words, last = line.split() or [""]
            if last and not line.startswith("#"):
                path = f"checksums of {' '.join(words)}" if words else f"[{last}]"
                yield FactKey(kind=Kind.LOCK, subject=name, path=path), last
        return
    try:
        said: Mapping[str, Any] = json.loads(text)
    except ValueError:
        said = {"text": text}
    rest = {key: value for key, value in said.items() if key not in _GROUPS}
    yield from flat(rest, kind=Kind.LOCK, subject=name)
    for group in said.keys() & _GROUPS:
        for package, body in said[group].items():
            sums = {key: body[key] for key in ("hashes", "integrity") if key in body}
            path = f"{group}[{package}]"
            if sums:
                key = FactKey(kind=Kind.LOCK, subject=name, path=f"checksums of {path} {body.get('version')}")
                yield key, json.dumps(sums, sort_keys=True)
            others = {key: value for key, value in body.items() if key not in sums}
            yield from flat(others, kind=Kind.LOCK, subject=name, path=path)


_GROUPS = {"default", "develop", "packages"}
"""Of Pipfile.lock, and of package-lock.json."""
