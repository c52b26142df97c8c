"""What Node answers to a create request is compared with what was expected, and what differs is an error."""

from __future__ import annotations

from monitoring.bindings.ahead import MOST, process, send_ahead
from monitoring.bindings.fast import ORDINARY

import io
import json
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest


class Node(process._NodeProcess):  # type: ignore[misc]
    """jsii's own, but for the process: its answers are given, and read as late as they are asked for."""

    def __init__(self, answers: Sequence[object]) -> None:
        super().__init__()
        lines = b"".join(json.dumps(answer, separators=(",", ":")).encode() + b"\n" for answer in answers)
        self.written, self.unread = io.BytesIO(), io.BytesIO(lines)
        self._process: Any = SimpleNamespace(stdin=self.written, stdout=self.unread)

    def __del__(self) -> None:
        """Nothing to stop."""

    def create(self, name: str, **other: Any) -> str:
        request = process.CreateRequest(fqn="x.Thing", args=[None, name], **other)
        return str(self.send(request, process.CreateResponse).ref)

    def ask(self) -> object:
        return self.send(
            process.GetRequest(objref=process.ObjRef(ref="x.Thing@10000"), property="id"), process.GetResponse
        ).value

    @property
    def answers_left(self) -> int:
        return self.unread.getvalue()[self.unread.tell() :].count(b"\n")


def made(number: int) -> object:
    return {"ok": {"$jsii.byref": f"x.Thing@{number}"}}


NodeMaker = Callable[..., Node]


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> NodeMaker:
    """A Node with these answers, after one object has been made."""
    for name in ("send", "_next_message"):
        monkeypatch.setattr(process._NodeProcess, name, getattr(process._NodeProcess, name))  # put back afterwards
    send_ahead()

    def start(*answers: object) -> Node:
        one = Node([made(10_000), *answers])
        assert one.create("first") == "x.Thing@10000"
        return one

    return start


def test_objects_are_made_without_reading_the_answers(node: NodeMaker) -> None:
    one = node(made(10_001), made(10_002), {"ok": {"value": "id"}})
    assert [one.create("second"), one.create("third")] == ["x.Thing@10001", "x.Thing@10002"]
    assert one.answers_left == 3
    assert [json.loads(line)["args"] for line in one.written.getvalue().splitlines()] == [
        [None, "first"],
        [None, "second"],
        [None, "third"],
    ]
    assert one.ask() == "id"
    assert one.answers_left == 0


def test_numbers_go_on_after_an_object_that_node_made_by_itself(node: NodeMaker) -> None:
    one = node(made(10_001), {"ok": {"value": {"$jsii.byref": "x.Other@10007"}}}, made(10_008), {"ok": {"value": 1}})
    assert one.create("second") == "x.Thing@10001"
    one.ask()
    assert one.create("third") == "x.Thing@10008"
    assert one.ask() == 1


def test_text_that_looks_like_a_reference_is_none(node: NodeMaker) -> None:
    one = node({"ok": {"value": 'mail@99999" "$jsii.byref":"x@99999"'}}, made(10_001), {"ok": {"value": 1}})
    one.ask()
    assert one.create("second") == "x.Thing@10001"
    one.ask()


def test_error_names_what_was_made_and_has_the_stack_of_node(node: NodeMaker) -> None:
    fault = {"error": "there is already a thing", "stack": "at thing.js:1", "name": "@jsii/kernel.RuntimeError"}
    one = node(fault, made(10_001))
    one.create("second")
    one.create("third")
    with pytest.raises(RuntimeError, match=r"x\.Thing \['second'\]: there is already a thing") as raised:
        one.ask()
    assert "at thing.js:1" in str(raised.value.__cause__)


def test_answer_that_was_not_expected_is_an_error(node: NodeMaker) -> None:
    one = node(made(10_005))
    one.create("second")
    with pytest.raises(RuntimeError, match=r"expected .*x\.Thing@10001.*, got .*x\.Thing@10005"):
        one.ask()


def test_object_that_can_call_back_is_waited_for(node: NodeMaker) -> None:
    one = node(made(10_001))
    override = process.Override(method="toString", cookie=None)
    assert one.create("second", overrides=[override]) == "x.Thing@10001"
    assert one.answers_left == 0


def test_pipe_is_not_filled_with_answers(node: NodeMaker) -> None:
    one = node(*(made(10_001 + number) for number in range(MOST + 1)))
    for number in range(MOST + 1):
        one.create(f"thing {number}")
    assert one.answers_left == 1


def test_ordinary_bindings_wait_for_each_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    before = process._NodeProcess.send
    monkeypatch.setenv(ORDINARY, "1")
    send_ahead()
    assert process._NodeProcess.send is before
