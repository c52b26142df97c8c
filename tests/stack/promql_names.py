"""Names in a PromQL expression: which series it selects by which labels, and which labels it groups by.

A reader of words, not a parser: whether the expression is right, promtool says. Both together leave no name unread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
      (?P<comment>\#[^\n]*)
    | (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
    | (?P<span>\[[^\]]*\])
    | (?P<number>\.?\d[\w.]*)
    | (?P<word>[A-Za-z_:][\w:]*)
    | (?P<operator>=~|!~|!=|==|[^\s\w])
    """,
    re.VERBOSE,
)
_GROUPS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
_OPERATORS = {"and", "or", "unless", "atan2", "bool", "offset", "inf", "nan"}
_AGGREGATION = re.compile(
    "sum|min|max|avg|group|stddev|stdvar|count|count_values|bottomk|topk|quantile|limitk|limit_ratio", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True)
class Selector:
    """A metric (empty where none is named) with its matchers: pairs of operator and text by label."""

    metric: str
    matchers: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Names:
    """What an expression names. `made` are texts given to functions: labels that label_replace makes are among them."""

    selectors: tuple[Selector, ...]
    grouping: frozenset[str]
    made: frozenset[str]


def names(expr: str) -> Names:
    """Read an expression."""
    words = [
        (str(match.lastgroup), match[0])
        for match in _TOKEN.finditer(expr)
        if match.lastgroup not in {"comment", "span"}
    ]
    selectors: list[Selector] = []
    grouping: set[str] = set()
    made: set[str] = set()
    rest = iter(enumerate(words))
    for place, (kind, word) in rest:
        following = words[place + 1][1] if place + 1 < len(words) else ""
        if kind == "string":
            made.add(word[1:-1])
        elif word == "{":
            selectors.append(Selector(metric="", matchers=_matchers(rest)))
        elif kind != "word" or word.lower() in _OPERATORS:
            continue
        elif word.lower() in _GROUPS:
            if following == "(":
                grouping |= _labels(rest)
        elif following == "{":
            next(rest)
            selectors.append(Selector(metric=word, matchers=_matchers(rest)))
        elif following != "(" and not (_AGGREGATION.fullmatch(word) and following.lower() in _GROUPS):
            selectors.append(Selector(metric=word, matchers={}))
    return Names(selectors=tuple(selectors), grouping=frozenset(grouping), made=frozenset(made))


def _labels(rest: Iterator[tuple[int, tuple[str, str]]]) -> set[str]:
    """Words up to the closing bracket."""
    found = set()
    for _, (kind, word) in rest:
        if word == ")":
            break
        if kind == "word":
            found.add(word)
    return found


def _matchers(rest: Iterator[tuple[int, tuple[str, str]]]) -> dict[str, tuple[str, str]]:
    """Label, operator and text up to the closing brace."""
    found: dict[str, tuple[str, str]] = {}
    label = operator = ""
    for _, (kind, word) in rest:
        if word == "}":
            break
        if kind == "word":
            label = word
        elif kind == "string":
            found[label] = (operator, word[1:-1])
        else:
            operator = word
    return found
