"""The tables of docs/access.md, from the rows of paths.py."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from monitoring.blueprint.access.paths import ALLOWED_PATHS, DENIED_PATHS, ENTRY_POINTS, below
from monitoring.blueprint.values.charts import ROOT
from monitoring.errors import InvalidInput, Problem

PAGE = "docs/access.md"
BEGIN, END = "<!-- generated: {} -->", "<!-- end -->"


def page(file: Path = ROOT / PAGE) -> str:
    """The page with its tables made anew; `InvalidInput` where a mark for one is missing."""
    text = file.read_text(encoding="utf-8")
    for name, table in {"ways": _ways(), "open": _open(), "closed": _closed()}.items():
        begin = BEGIN.format(name)
        before, found, after = text.partition(f"{begin}\n")
        _, ended, rest = after.partition(f"{END}\n")
        if not found or not ended:
            message = f"must hold the marks {begin} and {END}, got a page without"
            raise InvalidInput([Problem(file=PAGE, message=message)])
        text = f"{before}{found}\n{table}\n\n{ended}{rest}"
    return text


def _ways() -> str:
    rows = [(way.caller, way.to, way.by, way.authentication) for way in ENTRY_POINTS]
    return _table(("who", "to", "by", "how it is known"), rows)


def _open() -> str:
    rows = [
        (
            opening.component.name,
            ", ".join(_code(below(opening.component, path)) for path in opening.paths),
            ", ".join(opening.callers),
            opening.why,
        )
        for opening in ALLOWED_PATHS
    ]
    return _table(("component", "paths", "who", "why"), rows)


def _closed() -> str:
    rows = [
        (", ".join(_code(below(closing.component, path)) for path in closing.paths), closing.why)
        for closing in DENIED_PATHS
    ]
    return _table(("paths", "why"), rows)


def _code(path: str) -> str:
    """As people write it: a placeholder without its pattern."""
    plain = "".join(part.partition(":")[0] + closing for part, closing in _placeholders(path))
    return f"`{plain}`"


def _placeholders(path: str) -> Iterable[tuple[str, str]]:
    """The path cut after each placeholder; its closing brace apart. No pattern holds a brace."""
    parts = path.split("}")
    return zip(parts, [*(["}"] * (len(parts) - 1)), ""], strict=True)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines).replace("| --- |", "|---|").replace(" --- |", "---|")
