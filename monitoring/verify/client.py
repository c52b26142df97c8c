"""The HTTP and TLS client of the checks, behind a small interface."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from monitoring.clock import SYSTEM, Clock

TIMEOUT = 10
"""Seconds for one answer."""

HELLO = {
    "h2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]),
    "http/1.1": b"GET / HTTP/1.1\r\nHost: stranger\r\n\r\n",
}
"""What a client says first, by protocol: of HTTP/2 the preface and empty settings (RFC 9113, 3.4), since a server may
close on all else without a word, as if it refused."""


class UnreachableError(Exception):
    """Nobody answers at an address."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, whatever the status."""

    status: int
    text: str

    def json(self) -> Any:
        """The body; UnreachableError where it is none of ours (a sign-in page, an error)."""
        try:
            return json.loads(self.text)
        except ValueError as other:
            raise UnreachableError(f"no JSON but {self.status} {self.text[:80]!r}") from other


class Client(Protocol):
    """Everything that a check may do; each method raises UnreachableError where nobody answers."""

    @property
    def clock(self) -> Clock:
        """What answers are compared with."""
        ...

    def get(self, url: str, **parameters: str) -> Answer:
        """Ask as who may."""
        ...

    def get_anonymously(self, url: str) -> Answer:
        """Ask without password or certificate; a redirect is an answer."""
        ...

    def post(self, url: str, body: object) -> Answer:
        """Send JSON as who may."""
        ...

    def ends(self, address: str) -> datetime:
        """When the certificate at `host:port` ends; UnreachableError too where it is not of the trusted roots."""
        ...

    def refuses_anonymous_clients(self, address: str) -> bool:
        """Whether `host:port` closes on who shows no certificate."""
        ...


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass(frozen=True, kw_only=True)
class HttpClient:
    """Over the network. `trust` is a file of roots besides the system's, `certificate` a folder with tls.crt, tls.key.

    Who asks below `proxy` gives the machine's name and password.
    """

    trust: Path | None = None
    certificate: Path | None = None
    proxy: str | None = None
    machine: tuple[str, str] | None = None
    clock: Clock = SYSTEM
    _contexts: dict[bool, ssl.SSLContext] = field(default_factory=dict, hash=False, compare=False)

    def get(self, url: str, **parameters: str) -> Answer:
        """Ask as who may."""
        query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        return self._ask(urllib.request.Request(url + query, headers=self._who(url)))  # noqa: S310

    def get_anonymously(self, url: str) -> Answer:
        """Ask without password or certificate."""
        return self._ask(urllib.request.Request(url), shows=False)  # noqa: S310

    def post(self, url: str, body: object) -> Answer:
        """Send JSON."""
        headers = {"Content-Type": "application/json", **self._who(url)}
        return self._ask(urllib.request.Request(url, data=json.dumps(body).encode(), headers=headers))  # noqa: S310

    def ends(self, address: str) -> datetime:
        """When the certificate ends."""
        try:
            with self._connected(address, shows=True) as connection:
                shown = connection.getpeercert() or {}
        except OSError as failed:
            raise UnreachableError(f"{address}: {failed}") from failed
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), tz=UTC)

    def refuses_anonymous_clients(self, address: str) -> bool:
        """With TLS 1.3 the refusal comes after the client's side of the handshake: with the first read.

        Who says nothing has refused nobody: UnreachableError.
        """
        try:
            socket.create_connection(_host_and_port(address), timeout=TIMEOUT).close()
        except OSError as failed:
            raise UnreachableError(f"{address}: {failed}") from failed
        try:
            with self._connected(address, shows=False) as connection:
                connection.sendall(HELLO[connection.selected_alpn_protocol() or "http/1.1"])
                return not connection.recv(1)
        except TimeoutError as slow:
            raise UnreachableError(f"{address}: {slow}") from slow
        except OSError:
            return True

    def _who(self, url: str) -> dict[str, str]:
        if self.machine is None or self.proxy is None or not url.startswith(self.proxy):
            return {}
        return {"Authorization": f"Basic {base64.b64encode(':'.join(self.machine).encode()).decode()}"}

    def _ask(self, request: urllib.request.Request, *, shows: bool = True) -> Answer:
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=self._tls(shows=shows)), _Stay)
        try:
            with opener.open(request, timeout=TIMEOUT) as got:
                return Answer(status=got.status, text=got.read().decode())
        except urllib.error.HTTPError as refused:
            return Answer(status=refused.code, text=refused.read().decode(errors="replace"))
        except OSError as failed:
            raise UnreachableError(f"{request.full_url}: {failed}") from failed

    def _connected(self, address: str, *, shows: bool) -> ssl.SSLSocket:
        host, port = _host_and_port(address)
        raw = socket.create_connection((host, port), timeout=TIMEOUT)
        context = self._tls(shows=shows)
        return context.wrap_socket(raw, server_hostname=host)

    def _tls(self, *, shows: bool) -> ssl.SSLContext:
        if shows not in self._contexts:
            context = ssl.create_default_context()
            context.set_alpn_protocols(["h2", "http/1.1"] if not shows else ["http/1.1"])
            if self.trust:
                context.load_verify_locations(str(self.trust))
            if shows and self.certificate:
                context.load_cert_chain(self.certificate / "tls.crt", self.certificate / "tls.key")
            self._contexts[shows] = context
        return self._contexts[shows]


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)
