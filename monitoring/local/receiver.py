"""A webhook receiver for alerts: accepts every notification and shows them at /calls."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from monitoring.local.servers import Quiet, serving

KEPT = 1000
"""Calls that are kept: the newest."""


@contextmanager
def receiver() -> Iterator[str]:
    """The URL of a server that runs until the block ends."""
    calls: list[dict[str, Any]] = []

    class Receiver(Quiet):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            calls.append({"path": self.path, "body": json.loads(body) if body.startswith("{") else body})
            del calls[:-KEPT]
            self.answer(202)

        def do_GET(self) -> None:
            self.answer(200, json.dumps(calls).encode(), Content_Type="application/json")

    with serving(Receiver) as port:
        yield f"http://127.0.0.1:{port}"
