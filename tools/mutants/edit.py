"""One small fault in a text: a span of it, and what stands there instead."""

from __future__ import annotations

import difflib
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Edit:
    """Characters `start` to `end` become `new`; `kind` says what sort of fault that is."""

    kind: str
    start: int
    end: int
    new: str

    def of(self, text: str) -> str:
        """The text with the fault in it."""
        return text[: self.start] + self.new + text[self.end :]


def changed_lines(before: str, after: str) -> tuple[str, ...]:
    """What differs, as lines of a diff without context and without indentation: `- old`, `+ new`."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return tuple(
        f"{line[0]} {line[1:].strip()}" for line in lines if line[0] in "+-" and not line.startswith(("---", "+++"))
    )
