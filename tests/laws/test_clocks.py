"""What is said without a machine says the same on any: nothing there reads a clock or sleeps."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CLOCK_FREE = (
    "constructs",
    *(
        f"monitoring/{room}"
        for room in ("blueprint", "exposition", "fleet", "prerequisites", "rendering", "review", "verify")
    ),
)
"""Code that is handed its time: `now`, or a `monitoring.clock.Clock`."""

CLOCKS = {
    "time": {"monotonic", "perf_counter", "process_time", "sleep", "thread_time", "time"},
    "datetime": {"now", "today", "utcnow"},
    "date": {"today"},
    "asyncio": {"sleep"},
}
"""By the last name before the dot; those of `time` also with `_ns`."""

WITH_A_MACHINE = {"rules", "stack", "faults", "cluster"}
"""Markers of what `make test` leaves out."""


def _marked(node: ast.AST) -> bool:
    return any(
        isinstance(one, ast.Attribute) and one.attr in WITH_A_MACHINE and ast.unparse(one.value) == "pytest.mark"
        for one in ast.walk(node)
    )


def _of_the_default_run(module: ast.Module) -> Iterator[ast.stmt]:
    """What is left without the tests that are marked."""
    if any(
        isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark" and _marked(node)
        for node in module.body
    ):
        return
    for node in module.body:
        if not (isinstance(node, ast.FunctionDef) and any(map(_marked, node.decorator_list))):
            yield node


def reads_of_a_clock(source: str) -> list[str]:
    """Calls and mentions that read a clock or sleep; to sleep for no time only lets others go on."""
    found = []
    for statement in _of_the_default_run(ast.parse(source)):
        allowed = {
            id(node.func)
            for node in ast.walk(statement)
            if isinstance(node, ast.Call) and ast.unparse(node) == "asyncio.sleep(0)"
        }
        for node in ast.walk(statement):
            if isinstance(node, ast.ImportFrom) and node.module == "time":
                found.append(f"{node.lineno}: {ast.unparse(node)}")
            elif isinstance(node, ast.Attribute) and id(node) not in allowed:
                of = ast.unparse(node.value).rpartition(".")[2]
                if node.attr.removesuffix("_ns") in CLOCKS.get(of, ()):
                    found.append(f"{node.lineno}: {ast.unparse(node)}")
    return found


def _found(files: Iterator[Path]) -> dict[str, list[str]]:
    told = {str(file.relative_to(ROOT)): reads_of_a_clock(file.read_text(encoding="utf-8")) for file in files}
    assert told
    return {name: reads for name, reads in told.items() if reads}


def test_no_test_of_the_default_run_reads_a_clock_or_sleeps() -> None:
    assert _found((ROOT / "tests").rglob("test_*.py")) == {}


@pytest.mark.parametrize("room", CLOCK_FREE)
def test_packages_with_injected_time_read_no_clock(room: str) -> None:
    assert _found((ROOT / room).rglob("*.py")) == {}


@pytest.mark.parametrize(
    "source",
    [
        "NOW = time.time()",
        "def test_a():\n    time.sleep(0.1)",
        "def test_a():\n    began = time.monotonic_ns()",
        "from time import perf_counter",
        "def ends(clock=time.time): ...",
        "NOW = datetime.now(tz=UTC)",
        "NOW = datetime.datetime.utcnow()",
        "DAY = date.today()",
        "async def test_a():\n    await asyncio.sleep(0.1)",
        "@pytest.mark.parametrize('a', [1])\ndef test_a(a):\n    time.sleep(a)",
        "@pytest.mark.stack\ndef test_a(): ...\ndef test_b():\n    time.sleep(1)",
    ],
)
def test_clock_read_is_reported(source: str) -> None:
    assert len(reads_of_a_clock(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "pytestmark = pytest.mark.stack\nNOW = time.time()",
        "pytestmark = [pytest.mark.usefixtures('a'), pytest.mark.faults]\nNOW = time.time()",
        "@pytest.mark.stack\ndef test_a():\n    time.sleep(1)",
        "async def test_a():\n    await asyncio.sleep(0)",
        "def test_a(clock):\n    clock.sleep(clock.now())",
        "NOW = datetime(2026, 6, 1, tzinfo=UTC)",
    ],
)
def test_code_without_clock_read_is_not_reported(source: str) -> None:
    assert reads_of_a_clock(source) == []
