"""Loads run beside Python's imports; what is asked afterwards finds them done."""

from __future__ import annotations

from monitoring.bindings.background import end_without_polling, load_in_the_background

import sys
import threading
from concurrent.futures import Future
from subprocess import PIPE, Popen
from types import SimpleNamespace
from typing import Any

import pytest


class LoadRequest(str):
    """What jsii calls so."""


class Process(SimpleNamespace):
    """jsii's module, with a Node that loads only when it is allowed to."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.may_load = may_load = threading.Event()
        asked = self.asked

        class Node:
            def send(self, request: Any, response_type: type) -> object:
                if isinstance(request, LoadRequest):
                    assert may_load.wait(timeout=60)
                if request in {"broken", ("broken", "tfResourceType")}:
                    raise RuntimeError("cannot load broken")
                asked.append(request)
                return response_type()

        class Provider:
            def __init__(self) -> None:
                """As jsii's, without arguments."""

            @property
            def _process(self) -> Node:
                return Node()

            def load(self, request: LoadRequest) -> object:
                return self._process.send(request, dict)

            def create(self, request: str) -> object:
                return self._process.send(request, list)

        super().__init__(
            ProcessProvider=Provider,
            _NodeProcess=Node,
            LoadRequest=LoadRequest,
            StaticGetRequest=lambda **asked: (asked["fqn"], asked["property"]),
            GetResponse=dict,
        )


@pytest.fixture
def process() -> Process:
    return Process()


def provider(process: Process) -> Any:
    module: Any = process
    load_in_the_background(module)
    return module.ProcessProvider()


def test_background_load_does_not_block_the_caller(process: Process) -> None:
    provider(process).load(LoadRequest("first"))
    assert process.asked == []
    process.may_load.set()


def test_first_jsii_request_waits_for_all_loads_in_order(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(load: Future[Any]) -> Any:
        process.may_load.set()
        return result(load)

    result = Future.result
    monkeypatch.setattr(Future, "result", wait)
    node = provider(process)
    for name in ("first", "second", "third"):
        node.load(LoadRequest(name))
    assert node.create("question") == []
    assert process.asked == ["first", "second", "third", "question"]


def test_load_error_is_raised_at_the_first_jsii_request(process: Process) -> None:
    process.may_load.set()
    node = provider(process)
    node.load(LoadRequest("broken"))
    with pytest.raises(RuntimeError, match="cannot load broken"):
        node.create("question")
    assert process.asked == []


def test_classes_are_loaded_after_their_assembly(process: Process) -> None:
    process.may_load.set()
    node = provider(process)
    node.load(LoadRequest("assembly"))
    node.load_class("assembly.Thing")
    node.create("question")
    assert process.asked == ["assembly", ("assembly.Thing", "tfResourceType"), "question"]


def test_class_load_error_is_raised_at_the_first_jsii_request(process: Process) -> None:
    process.may_load.set()
    node = provider(process)
    node.load_class("broken")
    with pytest.raises(RuntimeError, match="cannot load broken"):
        node.create("question")


class Ending:
    """A Node that is asked to end, and tells by its exit code what it was sent."""

    def __init__(self) -> None:
        self._process = Popen([sys.executable, "-c", "exit(len(input()))"], stdin=PIPE, stdout=PIPE)

    def stop(self) -> None:
        """As jsii's, once the output has ended."""
        self.code = self._process.wait(timeout=60)


def test_end_of_node_is_seen_at_the_end_of_its_output() -> None:
    process: Any = SimpleNamespace(_NodeProcess=Ending)
    end_without_polling(process)
    node = Ending()
    with node._process:
        node.stop()
        assert node.code == len('{"exit":0}')
        node.stop()  # as jsii does once more at exit
