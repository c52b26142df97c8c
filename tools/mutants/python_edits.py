"""Small faults in Python. What changes no behaviour is left out: docstrings, messages, annotations, logging."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, pairwise

from tools.mutants.edit import Edit

OPERATORS = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
}
OPPOSITE = {"max": "min", "min": "max", "ceil": "floor", "floor": "ceil", "any": "all", "all": "any"}

UNSEEN_CALLS = {"print", "warn", "debug", "info", "warning", "error", "zip", "dataclass", "field_validator", "TypeVar"}
"""Their arguments are messages, or guard against faults that are not made here."""

UNSEEN_KEYWORDS = {
    "encoding",
    "help",
    "metavar",
    "description",
    "title",
    "n",
    "frozen",
    "slots",
    "kw_only",
    "hash",
    "repr",
    "compare",
}

Position = Callable[[int, int], int]
Span = tuple[int, int]


def python_edits(text: str) -> Iterator[Edit]:
    """Every fault that still parses."""
    starts = [0]
    lines = text.splitlines(keepends=True)
    for line in lines:
        starts.append(starts[-1] + len(line))

    def position(line: int, column: int) -> int:
        """`ast` counts a column in bytes."""
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    for node in _seen(ast.parse(text)):
        for edit in chain(_choices(node, text, position), _values(node, text, position)):
            with suppress(SyntaxError):
                ast.parse(edit.of(text))
                yield edit


def _choices(node: ast.AST, text: str, position: Position) -> Iterator[Edit]:
    """Faults of what decides: which way, how much, and whether at all."""
    match node:
        case ast.Compare():
            yield from _compare(node, text, position)
        case ast.BoolOp():
            yield from _bool(node, text, position)
        case ast.UnaryOp(op=ast.Not()):
            yield from _not(node, text, position)
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.FloorDiv()):
            yield from _arithmetic(node, text, position)
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            yield from _condition(test, text, position)
        case ast.comprehension(ifs=tests):
            for test in tests:
                yield from _condition(test, text, position)
        case ast.Expr(value=ast.Call()):
            start, end = _span(node, position)
            yield Edit(kind="statement", start=start, end=end, new="pass")


def _values(node: ast.AST, text: str, position: Position) -> Iterator[Edit]:
    """Faults of what is said: a constant, an element, an entry, an argument."""
    match node:
        case ast.Constant():
            yield from _constant(node, text, position)
        case ast.Set() | ast.Tuple(ctx=ast.Load()) | ast.List(ctx=ast.Load()):
            yield from _without("element", [_span(item, position) for item in node.elts], text)
        case ast.Dict():
            yield from _entries(node, text, position)
        case ast.Call():
            yield from _arguments(node, text, position)


def _seen(node: ast.AST) -> Iterator[ast.AST]:
    """The node and those below it whose change can be seen from outside."""
    match node:
        case ast.Raise() | ast.Assert() | ast.JoinedStr() | ast.Import() | ast.ImportFrom():
            return
        case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Compare(left=ast.Name(id="__name__"))):
            return
        case ast.Assign(targets=[ast.Name(id="__all__")]) | ast.Expr(value=ast.Constant()):
            return
        case ast.keyword(arg=name) if name in UNSEEN_KEYWORDS:
            return
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in UNSEEN_CALLS:
            return
        case ast.Expr(value=ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name))) if name in UNSEEN_CALLS:
            return
    yield node
    for field, value in ast.iter_fields(node):
        children = [child for child in (value if isinstance(value, list) else [value]) if isinstance(child, ast.AST)]
        if field in {"annotation", "returns"}:  # a bound in Annotated[int, Field(ge=1)] is behaviour
            children = [call for child in children for call in ast.walk(child) if isinstance(call, ast.Call)]
        for child in children:
            yield from _seen(child)


def _span(node: ast.expr | ast.stmt | ast.keyword, position: Position) -> Span:
    return position(node.lineno, node.col_offset), position(node.end_lineno or 0, node.end_col_offset or 0)


def _between(kind: str, word: str, new: str, *, left: int, right: int, text: str) -> Iterator[Edit]:
    """Another operator between two operands."""
    at = text.find(word, left, right)
    if at >= 0:
        yield Edit(kind=kind, start=at, end=at + len(word), new=new)


def _compare(node: ast.Compare, text: str, position: Position) -> Iterator[Edit]:
    for operator, (left, right) in zip(node.ops, pairwise([node.left, *node.comparators]), strict=True):
        start, end = _span(left, position)[1], _span(right, position)[0]
        yield from _between("comparison", *OPERATORS[type(operator)], left=start, right=end, text=text)


def _bool(node: ast.BoolOp, text: str, position: Position) -> Iterator[Edit]:
    for left, right in pairwise(node.values):
        start, end = _span(left, position)[1], _span(right, position)[0]
        yield from _between("and/or", *OPERATORS[type(node.op)], left=start, right=end, text=text)


def _not(node: ast.UnaryOp, text: str, position: Position) -> Iterator[Edit]:
    start, end = _span(node, position)
    inner = slice(*_span(node.operand, position))
    yield Edit(kind="not", start=start, end=end, new=f"({text[inner]})")


def _condition(test: ast.expr, text: str, position: Position) -> Iterator[Edit]:
    if not isinstance(test, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Constant):
        start, end = _span(test, position)
        yield Edit(kind="not", start=start, end=end, new=f"(not ({text[start:end]}))")


def _constant(node: ast.Constant, text: str, position: Position) -> Iterator[Edit]:
    start, end = _span(node, position)
    match node.value:
        case bool():
            yield Edit(kind="bool", start=start, end=end, new=str(not node.value))
        case int():
            yield from (Edit(kind="number", start=start, end=end, new=str(node.value + step)) for step in (1, -1))
        case float():
            yield Edit(kind="number", start=start, end=end, new=str(round(node.value * 1.1, 9)))
        case str() if re.fullmatch(r"\S+", node.value) and text[start] in "\"'":
            yield Edit(kind="string", start=start, end=end, new=repr(f"{node.value}x"))


def _arithmetic(node: ast.BinOp, text: str, position: Position) -> Iterator[Edit]:
    """Without the second operand. What is added to a text is a message, or the end of its line."""
    if not any(map(_is_text, (node.left, node.right))):
        start, end = _span(node, position)
        inner = slice(*_span(node.left, position))
        yield Edit(kind="operand", start=start, end=end, new=f"({text[inner]})")


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _without(kind: str, spans: Sequence[Span], text: str) -> Iterator[Edit]:
    """Each item of a list dropped, with its comma."""
    for index, (start, stop) in enumerate(spans):
        if index + 1 < len(spans):
            yield Edit(kind=kind, start=start, end=spans[index + 1][0], new="")
        elif index:
            yield Edit(kind=kind, start=spans[index - 1][1], end=stop, new="")
        else:
            comma = re.compile(r"\s*,?").match(text, stop)
            yield Edit(kind=kind, start=start, end=comma.end() if comma else stop, new="")


def _entries(node: ast.Dict, text: str, position: Position) -> Iterator[Edit]:
    pairs = [(key, value) for key, value in zip(node.keys, node.values, strict=True) if key]
    if len(pairs) == len(node.keys):  # there is no `**other` among them
        spans = [(_span(key, position)[0], _span(value, position)[1]) for key, value in pairs]
        yield from _without("entry", spans, text)


def _arguments(node: ast.Call, text: str, position: Position) -> Iterator[Edit]:
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    if name in OPPOSITE:
        end = _span(node.func, position)[1]
        yield Edit(kind="function", start=end - len(name), end=end, new=OPPOSITE[name])
    items: list[ast.expr | ast.keyword] = sorted([*node.args, *node.keywords], key=lambda item: _span(item, position))
    drops = _without("argument", [_span(item, position) for item in items], text)
    for item, edit in zip(items, drops, strict=True):
        named = isinstance(item, ast.keyword) and item.arg not in UNSEEN_KEYWORDS
        if named or (name in {"max", "min"} and len(node.args) > 1):
            yield edit
