"""Errors for bad input: all problems at once, each with its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


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
        return f"{place}: {self.path} {self.message}" if self.path else f"{place}: {self.message}"


class InvalidInput(Exception):  # noqa: N818  (a user's mistake, not a fault of the program)
    """Raised once, with everything that is wrong. Commands print the problems and exit with 1."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(
            sorted(set(problems), key=lambda problem: (problem.file, problem.line or 0, problem.path))
        )
        super().__init__("\n".join(map(str, self.problems)))


class CannotHave(Exception):  # noqa: N818  (not a fault of the program)
    """A tool or a chart is not to be had here; the message says which, and how to get it."""
