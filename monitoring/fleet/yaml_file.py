"""YAML as plain data that remembers its lines, for errors that point at them."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from monitoring.errors import InvalidInput, Problem, cut

ValuePath = tuple[str | int, ...]
"""Keys and indices that lead to a value."""

MOST_BYTES = 256 * 1024
"""Of a file: twenty times our largest."""

MOST_VALUES = 10_000
"""Of a file; what an alias stands for counts each time."""

MOST_LEVELS = 50
"""Of mappings and lists in one another."""

LONGEST_KEY = 256
"""Characters."""

DIGITS = 18
"""Of a number, before its point: more do not fit into 64 bits, and cdktf takes the largest floats for its own."""


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


def leaves(value: object, path: ValuePath = ()) -> Iterator[tuple[ValuePath, object]]:
    """Every plain value below `value`, in mappings and lists, with its path."""
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from leaves(below, (*path, str(key)))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from leaves(below, (*path, index))
    else:
        yield path, value


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
    """Read one mapping. `InvalidInput` tells what cannot be read, broken YAML, and what `_Walk` finds."""
    try:
        content = _content(file, name=name)
    except FileNotFoundError as missing:
        raise _invalid(name, None, "must exist, got no such file") from missing
    except OSError as unreadable:
        raise _invalid(name, None, f"must be a file that can be read, got: {unreadable.strerror}") from unreadable
    try:
        loader = yaml.CSafeLoader(content)
        node = loader.get_single_node()
        if node is None:
            return YamlFile(name=name, data={}, lines={(): 1})
        if not isinstance(node, yaml.MappingNode):
            raise _invalid(name, 1, "must be a mapping of keys to values")
        walk = _Walk(name=name, lines={(): 1}, problems=[])
        walk.visit(node, path=(), above=())
        if walk.visited > MOST_VALUES:
            message = f"must hold at most {MOST_VALUES:,} values, with what aliases stand for, got more"
            raise _invalid(name, None, message)
        if walk.problems:
            raise InvalidInput(walk.problems)
        return YamlFile(name=name, data=loader.construct_document(node), lines=walk.lines)
    except yaml.reader.ReaderError as unreadable:
        line = content.count(b"\n", 0, unreadable.position) + 1
        raise _invalid(name, line, f"must be UTF-8 text: {unreadable.reason}") from unreadable
    except yaml.MarkedYAMLError as broken:
        mark = broken.problem_mark or broken.context_mark
        raise _invalid(name, mark.line + 1 if mark else None, f"must be YAML: {broken.problem}") from broken
    except RecursionError as deep:
        raise _invalid(name, None, "must be YAML of some levels, got hundreds") from deep


def _content(file: Path, *, name: str) -> bytes:
    """All of a file; a pipe or a device would be waited for, or never end."""
    if stat.S_IFMT(file.stat().st_mode) not in {stat.S_IFREG, stat.S_IFDIR}:
        raise _invalid(name, None, "must be a file, got a pipe, a socket or a device")
    with file.open("rb") as opened:
        content = opened.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        size = max(len(content), file.stat().st_size)
        raise _invalid(name, None, f"must be at most {MOST_BYTES:,} bytes, got {size:,}")
    return content


def _invalid(name: str, line: int | None, message: str) -> InvalidInput:
    return InvalidInput([Problem(file=name, line=line, message=message)])


_TAG = "tag:yaml.org,2002:"
_AS_JSON_WRITES = {
    f"{_TAG}str": re.compile(".*", re.DOTALL),
    f"{_TAG}int": re.compile(r"-?(0|[1-9][0-9]*)"),
    f"{_TAG}float": re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]+)?"),
    f"{_TAG}bool": re.compile("true|false"),
    f"{_TAG}null": re.compile("|~|null"),
}
"""Plain values as YAML 1.1 and 1.2 both read them. Else `on` is true, `1:30` is 90, `010` is 8, and 2026-01-31 a date:
the model would refuse most of them, but `helm_values` takes any type."""


@dataclass(kw_only=True)
class _Walk:
    """Notes the line of every value, and what YAML permits but means something else to each reader.

    That is: a key given twice, a key that is no string, a merge (`<<`: the two layers are the only ones), a plain
    value outside `_AS_JSON_WRITES`, and a value that holds itself. Also what is beyond the bounds above; `visited`
    counts the values until there are too many.
    """

    name: str
    lines: dict[ValuePath, int]
    problems: list[Problem]
    visited: int = 0

    def visit(self, node: yaml.Node, *, path: ValuePath, above: tuple[yaml.Node, ...]) -> None:
        """`above` are the nodes that this one is part of."""
        self.visited += 1
        if self.visited > MOST_VALUES:
            return
        if node in above:
            self._tell(self.lines[path], path, "must not hold itself")
        elif len(path) > MOST_LEVELS:
            self._tell(_line(node), path[:1], f"must be at most {MOST_LEVELS} levels deep, got more")
        elif isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            for key, value in node.value:
                if self._key(key, path):
                    self.visit(value, path=(*path, key.value), above=(*above, node))
        elif isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            for index, value in enumerate(node.value):
                self.lines[*path, index] = _line(value)
                self.visit(value, path=(*path, index), above=(*above, node))
        else:
            self._plain(node, path)

    def _plain(self, node: yaml.Node, path: ValuePath) -> None:
        if not isinstance(node, yaml.ScalarNode) or not _as_json_writes(node):
            message = "must be a number, true, false or null as JSON writes it, or a string in quotes"
            self._tell(_line(node), path, f"{message}, got {_shown(node)}")
        elif _too_large(node):
            self._tell(_line(node), path, f"must be a number below 10^{DIGITS}, got {_shown(node)}")

    def _key(self, key: yaml.Node, path: ValuePath) -> bool:
        """Whether it is one that leads on: a string, and not too long."""
        if key.tag != f"{_TAG}str":
            self._tell(_line(key), path, f"must have strings for keys, in quotes where need be, got {_shown(key)}")
            return False
        if len(key.value) > LONGEST_KEY:
            message = f"must have keys of at most {LONGEST_KEY} characters, got {len(key.value):,}"
            self._tell(_line(key), path, message)
            return False
        here = (*path, key.value)
        if here in self.lines:
            self._tell(_line(key), here, f"must be given once, got it in line {self.lines[here]} too")
        self.lines[here] = _line(key)
        return True

    def _tell(self, line: int, path: ValuePath, message: str) -> None:
        self.problems.append(Problem(file=self.name, line=line, path=dotted(path), message=message))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _as_json_writes(node: yaml.ScalarNode) -> bool:
    pattern = _AS_JSON_WRITES.get(node.tag)
    return pattern is not None and pattern.fullmatch(node.value) is not None


def _too_large(node: yaml.ScalarNode) -> bool:
    """An integer is told by its digits: Python refuses to read thousands of them."""
    if node.tag == f"{_TAG}int":
        return len(node.value.removeprefix("-")) > DIGITS
    return node.tag == f"{_TAG}float" and abs(float(node.value)) >= 10**DIGITS


def _shown(node: yaml.Node) -> str:
    return cut(str(node.value)) if isinstance(node, yaml.ScalarNode) else f"a {node.tag.removeprefix(_TAG)}"
