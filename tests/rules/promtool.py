"""What the real promtool says of rule files."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from monitoring.blueprint.rules.loader import Rules
from monitoring.errors import Problem
from monitoring.fleet.yaml_file import YamlFile, dotted
from tests.stack.processes import tool

_FAULT = re.compile(r'group "(?P<group>.*?)", rule (?P<rule>\d+), ".*?": (?P<message>.*)')
_EXPRESSION = re.compile(r"could not parse expression: (?P<line>\d+):\d+: (?P<message>.*)")


def promtool(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run it; its output is one text."""
    line = [tool("promtool"), *arguments]
    return subprocess.run(line, cwd=cwd, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def write(delivered: Mapping[str, Any], folder: Path) -> list[Path]:
    """Rules as the stack is given them, as files that Prometheus reads."""
    paths = []
    for name, content in delivered.items():
        path = folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
        paths.append(path)
    return paths


def problems(rules: Rules, *, root: Path) -> Iterator[Problem]:
    """What promtool finds in the files of the repository `root`, at the lines where they say it."""
    for file in rules.files:
        done = promtool("check", "rules", "--lint=all", "--lint-fatal", str(root / file.name))
        if done.returncode == 0:
            continue
        found = [_problem(match, file) for match in _FAULT.finditer(done.stdout)]
        yield from found or [Problem(file=file.name, message=f"must pass promtool, got: {done.stdout}")]


def _problem(match: re.Match[str], file: YamlFile) -> Problem:
    numbers = {group["name"]: number for number, group in enumerate(file.data["groups"])}
    path = ("groups", numbers[match["group"]], "rules", int(match["rule"]) - 1)
    wrong = _EXPRESSION.fullmatch(match["message"])
    if wrong is None:
        here = (*path, "annotations")
        message = f"must be templates, got: {match['message']}"
        return Problem(file=file.name, line=file.line(here), path=dotted(here), message=message)
    here = (*path, "expr")
    line = file.line(here) or 0
    if "\n" in file.data["groups"][path[1]]["rules"][path[3]]["expr"]:  # a block begins on the next line
        line += int(wrong["line"])
    return Problem(file=file.name, line=line, path=dotted(here), message=f"must be PromQL, got: {wrong['message']}")
