"""Whether a port lets strangers in: asked in the protocol that it speaks, and silence is no refusal."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from monitoring.local.authorities import SERVER, issue
from monitoring.local.region import write_leaf
from monitoring.verify.client import HttpClient, UnreachableError

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])

VALID: Any = {"begins": datetime(2020, 1, 1, tzinfo=UTC), "lasts": timedelta(days=36500)}
"""Whatever the clock says: OpenSSL reads the machine's own."""

Serve = Callable[[ssl.SSLSocket], None]


def speaks_http(connection: ssl.SSLSocket) -> None:
    if connection.recv(4096).startswith(b"GET / "):
        connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")


def speaks_http2(connection: ssl.SSLSocket) -> None:
    if connection.recv(4096).startswith(PREFACE):
        connection.sendall(SETTINGS)


@contextmanager
def answering(folder: Path, serve: Serve, *, protocol: str = "http/1.1", strict: bool = False) -> Iterator[str]:
    """`host:port` of a server with a certificate, and one that asks for the client's where it is `strict`."""
    root = issue("root", authority=True, **VALID)
    (folder / "roots.pem").write_text(root.pem, encoding="utf-8")
    write_leaf(folder, issue("server", by=root, names=["127.0.0.1"], usages=[SERVER], **VALID))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    context.set_alpn_protocols([protocol])
    if strict:
        context.load_verify_locations(folder / "roots.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    listener = socket.create_server(("127.0.0.1", 0))
    ended = Event()

    def run() -> None:
        while not ended.is_set():
            with suppress(OSError):
                accepted, _ = listener.accept()
                with context.wrap_socket(accepted, server_side=True) as connection:
                    serve(connection)

    thread = Thread(target=run, daemon=True)
    thread.start()
    port = listener.getsockname()[1]
    try:
        yield f"127.0.0.1:{port}"
    finally:
        ended.set()
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        thread.join()
        listener.close()


@pytest.mark.parametrize(("protocol", "serve"), [("http/1.1", speaks_http), ("h2", speaks_http2)])
def test_server_without_client_auth_accepts_anonymous_clients(tmp_path: Path, protocol: str, serve: Serve) -> None:
    with answering(tmp_path, serve, protocol=protocol) as address:
        assert not HttpClient(trust=tmp_path / "roots.pem").refuses_anonymous_clients(address)


@pytest.mark.parametrize(("protocol", "serve"), [("http/1.1", speaks_http), ("h2", speaks_http2)])
def test_server_with_client_auth_refuses_anonymous_clients(tmp_path: Path, protocol: str, serve: Serve) -> None:
    with answering(tmp_path, serve, protocol=protocol, strict=True) as address:
        assert HttpClient(trust=tmp_path / "roots.pem").refuses_anonymous_clients(address)


class Impatient(HttpClient):
    """Has all the time to connect, and next to none for an answer."""

    def _connected(self, address: str, *, shows: bool) -> ssl.SSLSocket:
        connection = super()._connected(address, shows=shows)
        connection.settimeout(0.01)
        return connection


def test_handshake_timeout_is_not_a_refusal(tmp_path: Path) -> None:
    told = Event()

    def speaks_too_late(_: ssl.SSLSocket) -> None:
        told.wait()

    with answering(tmp_path, speaks_too_late) as address:
        try:
            with pytest.raises(UnreachableError, match="timed out"):
                Impatient(trust=tmp_path / "roots.pem").refuses_anonymous_clients(address)
        finally:
            told.set()
