"""What a YAML file may hold at most: each bound exactly met, and missed by one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from monitoring.errors import InvalidInput, shown
from monitoring.fleet.yaml_file import YamlFile, read_yaml


def read(tmp_path: Path, text: str) -> YamlFile:
    file = tmp_path / "some.yaml"
    file.write_text(text, encoding="utf-8")
    return read_yaml(file, name="some.yaml")


def refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        read(tmp_path, text)
    return str(caught.value)


def deep(levels: int) -> str:
    """A value below as many keys."""
    return "".join(f"{' ' * level}a:\n" for level in range(levels - 1)) + f"{' ' * levels}a: 1\n"


def keys(count: int) -> str:
    return "".join(f"k{number}: 1\n" for number in range(count))


SIZE = 256 * 1024


@pytest.mark.parametrize(
    ("met", "missed", "message"),
    [
        (
            keys(9_999),
            keys(10_000),
            "some.yaml: must hold at most 10,000 values, with what aliases stand for, got more",
        ),
        (
            f"a: '{'x' * (SIZE - 6)}'\n",
            f"a: '{'x' * (SIZE - 5)}'\n",
            "some.yaml: must be at most 262,144 bytes, got 262,145",
        ),
        (deep(50), deep(51), "some.yaml:51: a must be at most 50 levels deep, got more"),
        (
            f"{'k' * 256}: 1\n",
            f"{'k' * 257}: 1\n",
            "some.yaml:1: must have keys of at most 256 characters, got 257",
        ),
        (
            "a: 999999999999999999\n",
            "a: 1000000000000000000\n",
            "some.yaml:1: a must be a number below 10^18, got 1000000000000000000",
        ),
        ("a: -9.9e+17\n", "a: -1.0e+18\n", "some.yaml:1: a must be a number below 10^18, got -1.0e+18"),
    ],
    ids=["values", "bytes", "levels", "key", "integer", "float"],
)
def test_a_bound_is_met_or_told(met: str, missed: str, message: str, tmp_path: Path) -> None:
    assert read(tmp_path, met).data
    assert refused(tmp_path, missed) == message


def test_what_an_alias_stands_for_counts_each_time(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{one}: &a{one} [{', '.join([f'*a{one - 1}'] * 10)}]" for one in range(1, 9)]
    assert refused(tmp_path, "\n".join(lines)).startswith("some.yaml: must hold at most 10,000 values")


def test_a_number_of_thousands_of_digits_is_told_by_its_beginning(tmp_path: Path) -> None:
    expected = f"some.yaml:1: a must be a number below 10^18, got {'9' * 200}…"
    assert refused(tmp_path, f"a: {'9' * 5000}\n") == expected


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (os.mkfifo, "must be a file, got a pipe, a socket or a device"),
        (lambda file: file.symlink_to("/dev/zero"), "must be a file, got a pipe, a socket or a device"),
        (lambda file: file.write_bytes(b"#" * 10_000_000), "must be at most 262,144 bytes, got 10,000,000"),
    ],
    ids=["pipe", "device", "ten megabytes"],
)
def test_what_has_no_end_is_not_read(make: Callable[[Path], object], message: str, tmp_path: Path) -> None:
    file = tmp_path / "some.yaml"
    make(file)
    with pytest.raises(InvalidInput) as caught:
        read_yaml(file, name="some.yaml")
    assert str(caught.value) == f"some.yaml: {message}"


def test_a_key_cannot_pretend_to_be_another_line(tmp_path: Path) -> None:
    text = '"\\e[2J\\nsome.yaml:9: b": !!int x\n'
    assert refused(tmp_path, text).startswith(r"some.yaml:1: \x1b[2J\nsome.yaml:9: b must be a number")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (0.5, "0.5"),
        ("0.5", "'0.5'"),
        ({"a": [None, False]}, "{a: [null, false]}"),
        ("x" * 300, f"'{'x' * 199}…"),
    ],
    ids=["null", "true", "number", "text", "mapping", "long"],
)
def test_a_value_is_said_as_yaml_writes_it(value: object, text: str) -> None:
    assert shown(value) == text
