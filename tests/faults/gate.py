"""A gate before Blob: who writes through it can be held in the middle of an upload."""

from __future__ import annotations

import http.client
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event

from monitoring.local.region import LOOPBACK
from monitoring.local.servers import Quiet, serving

_OF_THE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Hands everything on, but what is put below a path that ends so is `held` and never gets there."""

    port: int
    held: Event = field(default_factory=Event)


@contextmanager
def gate(store: int, holds: str) -> Iterator[Gate]:
    """A gate before the port of a store, until the block ends; `holds` is how the paths end that it holds."""
    held, over = Event(), Event()

    class Handler(Quiet):
        def do_GET(self) -> None:  # noqa: N802  (the base class calls it)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.command == "PUT" and urllib.parse.unquote(self.path).partition("?")[0].endswith(holds):
                held.set()
                over.wait()
                self.close_connection = True
                return
            connection = http.client.HTTPConnection(LOOPBACK, store, timeout=60)
            connection.request(self.command, self.path, body, dict(self.headers))
            with connection.getresponse() as got:
                content = got.read()
                length = got.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
                self.send_response(got.status)
                for name, value in got.getheaders():
                    if name.lower() not in _OF_THE_CONNECTION:
                        self.send_header(name, value)
                self.send_header("Content-Length", length or "0")
                self.end_headers()
                self.wfile.write(content)

        do_HEAD = do_PUT = do_DELETE = do_POST = do_GET  # noqa: N815

    with serving(Handler) as port:
        try:
            yield Gate(port=port, held=held)
        finally:
            over.set()
