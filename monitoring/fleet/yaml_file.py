"""YAML as plain data that remembers its lines, for errors that point at them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from monitoring.errors import InvalidInput, Problem

ValuePath = tuple[str | int, ...]
"""Keys and indices that lead to a value."""


@dataclass(frozen=True, kw_only=True)
class YamlFile:
    """One file: `data` as written, `lines` from the path of every value to its line (from 1), `name` for errors."""

    name: str
    data: Mapping[str, Any]
    lines: Mapping[ValuePath, int]

    def line(self, path: ValuePath) -> int | None:
        """Line of the value, or of the nearest mapping above it that the file has (None: nothing of it is here)."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


def dotted(path: ValuePath) -> str:
    """`a.b[0].c`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings merge; a list or a plain value replaces."""
    return {
        **under,
        **{
            key: merged(under[key], value)
            if isinstance(value, Mapping) and isinstance(under.get(key), Mapping)
            else value
            for key, value in over.items()
        },
    }


def read_yaml(file: Path, *, name: str) -> YamlFile:
    """Read one mapping. `InvalidInput` for broken YAML, a repeated key, or something else than a mapping."""
    loader = yaml.CSafeLoader(file.read_text(encoding="utf-8"))
    try:
        node = loader.get_single_node()
        if node is None:
            return YamlFile(name=name, data={}, lines={(): 1})
        if not isinstance(node, yaml.MappingNode):
            raise InvalidInput([Problem(file=name, line=1, message="must be a mapping of keys to values")])
        lines: dict[ValuePath, int] = {(): 1}
        problems: list[Problem] = []
        _walk(node, (), lines, problems, name)
        if problems:
            raise InvalidInput(problems)
        return YamlFile(name=name, data=loader.construct_document(node), lines=lines)
    except yaml.MarkedYAMLError as broken:
        mark = broken.problem_mark or broken.context_mark
        raise InvalidInput(
            [Problem(file=name, line=mark.line + 1 if mark else None, message=f"must be YAML: {broken.problem}")]
        ) from broken
    finally:
        loader.dispose()


def _walk(node: yaml.Node, path: ValuePath, lines: dict[ValuePath, int], problems: list[Problem], name: str) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, str(key.value))
            line = key.start_mark.line + 1
            if here in lines:
                problems.append(
                    Problem(
                        file=name,
                        line=line,
                        path=dotted(here),
                        message=f"must be given once, got it in line {lines[here]} too",
                    )
                )
            lines[here] = line
            _walk(value, here, lines, problems, name)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            lines[*path, index] = value.start_mark.line + 1
            _walk(value, (*path, index), lines, problems, name)
