"""Errors for bad input: all problems at once, each with its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LONGEST = 200
"""Characters of a value that a message repeats."""


def shown(value: object) -> str:
    """A value for a message: as YAML writes it, text in quotes, and no more of it than a line holds."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        text = "{" + ", ".join(f"{key}: {shown(below)}" for key, below in value.items()) + "}"
    elif isinstance(value, list | tuple):
        text = "[" + ", ".join(map(shown, value)) + "]"
    else:
        text = repr(value)
    return cut(text)


def cut(text: str) -> str:
    """As much of a text as a message repeats."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _printable(text: str) -> str:
    """A key of a file may hold what moves the cursor, or begins a line."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


@dataclass(frozen=True, kw_only=True, order=True)
class Problem:
    """One thing that is wrong in one place.

    `file` is relative to the repository, `line` counts from 1 (None where the fault has no line),
    `path` is the dotted path of the value inside the file ("" for the file as a whole), and `message`
    says what must be and what was given: "must be …, got …".
    """

    file: str
    line: int | None = None
    path: str = ""
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return _printable(f"{place}: {self.path} {self.message}" if self.path else f"{place}: {self.message}")


class InvalidInput(Exception):  # noqa: N818  (a user's mistake, not a fault of the program)
    """Raised once, with everything that is wrong. Commands print the problems and exit with 1."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(
            sorted(set(problems), key=lambda problem: (problem.file, problem.line or 0, problem.path))
        )
        super().__init__("\n".join(map(str, self.problems)))


class CannotHave(Exception):  # noqa: N818  (not a fault of the program)
    """A tool or a chart is not to be had here; the message says which, and how to get it."""
