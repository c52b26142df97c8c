"""The lines of a page of metrics, in Prometheus' text format 0.0.4 and in OpenMetrics 1.0, with lines and columns.

Own code, since neither parser of prometheus_client tells a line or a column, and the one for the text format is lax:
it takes two types, names that are none, and words after the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

TYPES = ("counter", "gauge", "histogram", "summary", "untyped", "unknown", "gaugehistogram", "info", "stateset")

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_NUMBER = r"(?i:[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|nan))(?![^ \t])"
_ESCAPES = {"\\n": "\n", "\\\\": "\\", '\\"': '"'}


class UnreadablePage(ValueError):  # noqa: N818  (a fault of the page, not of the program)
    """The text is no page of metrics, from `line` and `column` on (both from 1)."""

    def __init__(self, message: str, *, line: int = 1, column: int = 1) -> None:
        super().__init__(f"line {line}, column {column}: {message}")
        self.message, self.line, self.column = message, line, column


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One line with a value; `timestamp` as it is written, "" for none."""

    name: str
    labels: Mapping[str, str]
    value: float
    timestamp: str
    line: int

    @property
    def series(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """What Prometheus knows the series by: to it an empty label is none."""
        return self.name, tuple(sorted((name, value) for name, value in self.labels.items() if value))


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """A line that tells of a metric: `keyword` is HELP, TYPE or UNIT."""

    keyword: str
    name: str
    text: str
    line: int


def is_openmetrics(text: str) -> bool:
    """Whether a line begins with `# EOF`, as the last one of OpenMetrics must."""
    return re.search(r"^# EOF", text, re.MULTILINE) is not None


def read_lines(text: str) -> Iterator[Sample | Metadata]:
    """All lines that say something; UnreadablePage at the first that is not of the format."""
    strict = is_openmetrics(text)
    for number, line in enumerate(text.split("\n"), start=1):
        cursor = _Cursor(text=line, line=number, strict=strict)
        if line.lstrip(" \t").startswith("#"):
            yield from _metadata(cursor)
        elif line.strip(" \t"):
            yield _sample(cursor)


@dataclass(kw_only=True)
class _Cursor:
    """A place in a line. Between two words the text format has any blanks, OpenMetrics (`strict`) has one or none."""

    text: str
    line: int
    strict: bool
    at: int = 0

    def maybe(self, pattern: str, *, apart: bool = False) -> str | None:
        """What stands here, if it is of that pattern; `apart` if there is a blank before it."""
        between = (" " if apart else "") if self.strict else r"[ \t]*"
        match = re.compile(f"{between}({pattern})").match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        return match[1]

    def take(self, pattern: str, wanted: str, *, apart: bool = False) -> str:
        """What stands here, which must be of that pattern."""
        found = self.maybe(pattern, apart=apart)
        return self.fail(f"one blank and {wanted}" if apart and self.strict else wanted) if found is None else found

    def fail(self, wanted: str) -> str:
        """UnreadablePage, here."""
        rest = self.text[self.at :]
        got = rest if self.strict else rest.lstrip(" \t")
        column = self.at + len(rest) - len(got) + 1
        shown = repr(got[:40]) if got else "the end of the line"
        raise UnreadablePage(f"must be {wanted}, got {shown}", line=self.line, column=column)


def _metadata(cursor: _Cursor) -> Iterator[Metadata]:
    """HELP, TYPE or UNIT; other comments are nobody's business."""
    keyword = cursor.maybe(r"#[ \t]+(?:HELP|TYPE" + ("|UNIT" if cursor.strict else "") + r")(?=[ \t]+[^ \t])")
    if keyword is None:
        return
    name = _plain(cursor.take(f"{_NAME}(?![^ \t])|{_QUOTED}", "the name of a metric", apart=True))
    if keyword.endswith("TYPE"):
        text = cursor.take(rf"(?:{'|'.join(TYPES)})(?=[ \t]*$)", f"a type ({', '.join(TYPES)})", apart=True)
    else:
        text = cursor.text[cursor.at :].strip(" \t")
    yield Metadata(keyword=keyword[-4:], name=name, text=text, line=cursor.line)


def _sample(cursor: _Cursor) -> Sample:
    name, labels = cursor.maybe(_NAME) or "", dict[str, str]()
    if cursor.maybe(r"\{"):
        labels = _labels(cursor)
        name = name or labels.pop("", "")
    if not name or "" in labels:
        cursor.at = 0
        cursor.fail("one name of a metric")
    value = float(cursor.take(_NUMBER, "a number", apart=True))
    if cursor.strict:
        timestamp = cursor.maybe(_NUMBER, apart=True)
        if cursor.maybe(r"# \{", apart=True):  # an exemplar
            _labels(cursor)
            cursor.take(_NUMBER, "the exemplar's value", apart=True)
            cursor.maybe(_NUMBER, apart=True)
    else:
        timestamp = cursor.maybe(r"[+-]?\d+(?![^ \t])")
    cursor.take("$", "the end of the line")
    return Sample(name=name, labels=labels, value=value, timestamp=timestamp or "", line=cursor.line)


def _labels(cursor: _Cursor) -> dict[str, str]:
    """Labels up to the closing brace; a name of a metric in quotes is the label ""."""
    labels: dict[str, str] = {}
    closed = cursor.maybe(r"\}")
    while closed is None:
        start = cursor.at
        name = cursor.take(rf"[a-zA-Z_][a-zA-Z0-9_]*(?=[ \t]*=)|{_QUOTED}", "the name of a label and =")
        is_label = cursor.maybe("=") is not None
        value = cursor.take(_QUOTED, "the label's value in quotes") if is_label else name
        key = _plain(name) if is_label else ""
        if key in labels:
            cursor.at = start
            cursor.fail("a label that is not there yet")
        labels[key] = _plain(value)
        if cursor.maybe(","):
            closed = None if cursor.strict else cursor.maybe(r"\}")
        else:
            closed = cursor.take(r"\}", "a comma or a closing brace")
    return labels


def _plain(word: str) -> str:
    """Without quotes and escapes."""
    if not word.startswith('"'):
        return word
    return re.sub(r'\\[n\\"]', lambda match: _ESCAPES[match[0]], word[1:-1])
