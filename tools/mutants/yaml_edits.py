"""Small faults in YAML data: of a mapping, a list, a plain value, and of the PromQL that a rule holds."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from tools.mutants.edit import Edit

MESSAGES = {"summary", "description", "runbook_url"}
"""Keys whose values people read, and no program does."""

SWAPPED = {"sum": "max", "max": "min", "min": "max", "rate": "increase", "increase": "rate"}

PROMQL = (
    ("comparison", re.compile(r"(?<![=!<>~])[<>](?!=)"), lambda found: f"{found}="),
    ("comparison", re.compile(r"[<>]="), lambda found: found[0]),
    ("comparison", re.compile(r"=="), lambda _: "!="),
    ("and/or", re.compile(r"\b(and|or|unless)\b"), {"and": "or", "or": "and", "unless": "and"}.__getitem__),
    ("function", re.compile(r"\b(sum|max|min|rate|increase)\b(?= ?\(| by| without)"), SWAPPED.__getitem__),
    ("number", re.compile(r"(?<![\w.\"])\d+(?![\w.\"])"), lambda found: str(int(found) + 1)),
    ("duration", re.compile(r"(?<=\[)\d+(?=[smhd])"), lambda found: str(int(found) + 1)),
    ("matcher", re.compile(r"(?<=[{,])\s*\w+=~?\"[^\"{}]*\",? ?"), lambda _: ""),
)


def yaml_edits(text: str) -> Iterator[Edit]:
    """Every fault after which the text is still YAML and says something else."""
    documents = list(yaml.compose_all(text, Loader=yaml.CSafeLoader))
    said = _said(text)
    for document in documents:
        for edit in _node(document, text):
            try:
                other = _said(edit.of(text))
            except yaml.YAMLError:
                continue
            if other != said:
                yield edit


def _said(text: str) -> list[object]:
    return list(yaml.load_all(text, Loader=yaml.CSafeLoader))


def _node(node: yaml.Node, text: str) -> Iterator[Edit]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value in MESSAGES:
                continue
            if len(node.value) > 1:
                yield from _dropped("entry", key.start_mark.index, end=value.end_mark.index, text=text)
            if key.value == "expr":
                yield from _promql(value, text)
            else:
                yield from _node(value, text)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            if len(node.value) > 1:
                yield from _dropped("element", value.start_mark.index, end=value.end_mark.index, text=text)
            yield from _node(value, text)
    else:
        yield from _scalar(node, text)


def _dropped(kind: str, start: int, *, end: int, text: str) -> Iterator[Edit]:
    """The lines of an entry or an element; nothing where others share its first line."""
    begin = text.rfind("\n", 0, start) + 1
    lead = text[begin:start].strip()
    if lead == ("-" if kind == "element" else ""):
        stop = text.find("\n", start + len(text[start:end].rstrip()))
        yield Edit(kind=kind, start=begin, end=len(text) if stop < 0 else stop + 1, new="")


def _scalar(node: yaml.Node, text: str) -> Iterator[Edit]:
    start, end = node.start_mark.index, node.end_mark.index
    given = text[start:end].strip("\"'")
    if given in {"true", "false"}:
        yield Edit(kind="bool", start=start, end=end, new="false" if given == "true" else "true")
    elif found := re.fullmatch(r"(\d+)(\D{0,2})", given):
        for step in (1, -1):
            changed = text[start:end].replace(given, f"{int(found[1]) + step}{found[2]}")
            yield Edit(kind="number", start=start, end=end, new=changed)
    elif re.fullmatch(r"[\w./:-]+", given):
        yield Edit(kind="string", start=start, end=end, new=text[start:end].replace(given, f"{given}x"))


def _promql(node: yaml.Node, text: str) -> Iterator[Edit]:
    for kind, pattern, change in PROMQL:
        for found in pattern.finditer(text, node.start_mark.index, node.end_mark.index):
            yield Edit(kind=kind, start=found.start(), end=found.end(), new=change(found[0]))
