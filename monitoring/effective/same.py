"""Values that are written differently and mean the same: quantities, durations, expressions."""

from __future__ import annotations

import re
from collections.abc import Callable

_POWERS = {"": 1.0, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
_POWERS |= {f"{letter}i": 2.0 ** (10 * power) for power, letter in enumerate("KMGTPE", start=1)}
_SECONDS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(n|u|m|k|[KMGTPE]i|[MGTPE])?")
_BYTES = re.compile(r"(\d+)([KMGTPE])i?B")
_PART = r"(\d+(?:\.\d+)?)(ms|[smhdwy])"
_DURATION = re.compile(rf"(?:{_PART})+|0")

QUANTITIES = re.compile(r".*(^|[.\]])(cpu|memory|storage|ephemeral-storage|size|sizeLimit)$")
"""Paths whose values are Kubernetes' quantities: `500m` is half a core there, and a time elsewhere."""


def _quantity(text: str) -> float | None:
    """Kubernetes' resource.Quantity, in its base unit: `1.5Gi`, `500m`, `0.5`, `1e3`."""
    match = _QUANTITY.fullmatch(text)
    return float(match[1]) * _POWERS[match[2] or ""] if match else None


def _bytes(text: str) -> float | None:
    """Prometheus' units.Base2Bytes: `50GB` is base 2."""
    match = _BYTES.fullmatch(text)
    return float(match[1]) * _POWERS[f"{match[2]}i"] if match else None


def _duration(text: str) -> float | None:
    """Seconds of Prometheus' and Go's durations: `1h30m`, `1.5h`, `2y`."""
    if not _DURATION.fullmatch(text):
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in re.findall(_PART, text))


def amounts(path: str, one: object, other: object) -> tuple[float, float] | None:
    """Both values as numbers of the same unit; None where they are no amounts that compare."""
    if any(isinstance(value, bool) or not isinstance(value, str | int | float) for value in (one, other)):
        return None
    kinds: tuple[Callable[[str], float | None], ...] = (_duration, _bytes, _quantity)
    for parse in reversed(kinds) if QUANTITIES.fullmatch(path) else kinds:
        old, new = parse(str(one)), parse(str(other))
        if old is not None and new is not None:
            return old, new
    return None


_TOKEN = re.compile(r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|#[^\n]*|[\w.:]+|[=!<>]=|[=!]~|\S""")


def tokens(expression: str) -> list[str]:
    """A PromQL expression without what its parser skips: white space and comments."""
    return [token for token in _TOKEN.findall(expression) if not token.startswith("#")]


def same(path: str, one: object, other: object) -> bool:
    """Whether two values at a path mean the same. Numbers without a unit are amounts only where a quantity stands."""
    if one == other and type(one) is type(other):
        return True
    if isinstance(one, str) and isinstance(other, str) and re.search(r"(^|[.\]])expr$", path):
        return tokens(one) == tokens(other)
    with_units = all(isinstance(value, str) and value[-1:].isalpha() for value in (one, other))
    pair = amounts(path, one, other) if with_units or QUANTITIES.fullmatch(path) else None
    return pair is not None and pair[0] == pair[1]
