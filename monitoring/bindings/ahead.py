"""Makes the bindings' objects in Node without waiting for each answer: the waiting is a tenth of a synthesis.

The answer to a create request is known before: Node numbers its objects. Each is compared once it is there, and
another one is an error, but a later one than in the ordinary way: after the constructor, at the latest with the next
request that needs an answer. So `main.py` alone asks for it.
"""

from __future__ import annotations

from monitoring.bindings.fast import ORDINARY

import json
import os
import re
from collections import deque
from typing import Any

from jsii._kernel.providers import process as jsii_process

process: Any = jsii_process  # its types leave out what it imports

FIRST = 10_000
"""Number of Node's first object."""

REFERENCE = re.compile(rb'"\$jsii\.byref":"[^"]*@(\d+)"')
"""An object in a message; a quote within a string has a backslash there."""

MOST = 100
"""Answers that may be under way. More would fill the pipe at last, and each side wait for the other to read."""


def send_ahead() -> None:
    """From now on, do not wait for the answers to create requests; nothing where the bindings are the ordinary ones."""
    if not os.environ.get(ORDINARY):
        _Ahead().change(process._NodeProcess)


class _Ahead:
    """What Node has still to answer."""

    def __init__(self) -> None:
        self._next = FIRST
        self._expected: deque[tuple[bytes, str]] = deque()

    def change(self, node_process: Any) -> None:
        send = node_process.send

        def next_message(node: Any) -> Any:
            line = node._process.stdout.readline()
            self._next = max([self._next, *(int(number) + 1 for number in REFERENCE.findall(line))])
            return json.loads(line, object_hook=process.ohook)

        def send_or_wait(node: Any, request: Any, response_type: Any) -> Any:
            if isinstance(request, process.CreateRequest) and not request.overrides and self._next > FIRST:
                return self._create(node, request)
            self._compare(node)
            return send(node, request, response_type)

        node_process._next_message = next_message
        node_process.send = send_or_wait

    def _create(self, node: Any, request: Any) -> Any:
        """Not for overrides, where Node may ask back in the middle, nor for the first object: Node may still load."""
        if len(self._expected) == MOST:
            self._compare(node)
        reference = f"{request.fqn}@{self._next}"
        self._next += 1
        message = node._serializer.unstructure(request)
        node._process.stdin.write(json.dumps(message, default=process.jdefault).encode() + b"\n")
        node._process.stdin.flush()
        answer = json.dumps({"ok": {"$jsii.byref": reference}}, separators=(",", ":")).encode() + b"\n"
        self._expected.append((answer, f"{request.fqn} {request.args[1:2]}"))
        return process.CreateResponse(ref=reference)

    def _compare(self, node: Any) -> None:
        while self._expected:
            expected, made = self._expected.popleft()
            if (line := node._process.stdout.readline()) != expected:
                answer = json.loads(line)
                fault = answer.get("error", f"expected {expected!r}, got {line!r}")
                raise RuntimeError(f"{made}: {fault}") from process.JavaScriptError(answer.get("stack"))
