"""How a check asks over the network: what is sent, to whom the password goes, and what counts as an answer."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography.x509 import load_pem_x509_certificate

from monitoring.errors import InvalidInput
from monitoring.fleet import load_fleet
from monitoring.local.authorities import CLIENT, SERVER, issue
from monitoring.verify.addresses import read_addresses
from monitoring.verify.client import HELLO, HttpClient, UnreachableError

FLEET = load_fleet(Path(__file__).parents[2] / "fleet" / "regions")


VALID: Any = {"begins": datetime(2020, 1, 1, tzinfo=UTC), "lasts": timedelta(days=36500)}
"""Whatever the clock says: OpenSSL reads the machine's own."""


class Echo(BaseHTTPRequestHandler):
    """Says what it was asked; /away redirects, /no refuses."""

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        status = {"/away": 302, "/no": 403, "/no-text": 502}.get(self.path, 200)
        said = {
            "method": self.command,
            "path": self.path,
            "who": self.headers.get("Authorization"),
            "kind": self.headers.get("Content-Type"),
            "body": self.rfile.read(length).decode(),
        }
        text = b"\xff" if self.path == "/no-text" else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = _answer  # noqa: N815  (as the base class calls them)

    def log_message(self, *_: object) -> None:
        """Keep the test's output to itself."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    served = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    Thread(target=served.serve_forever, daemon=True).start()
    yield served
    served.shutdown()
    served.server_close()


@pytest.fixture
def url(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"


def test_parameters_are_sent_as_a_query(url: str) -> None:
    said = HttpClient().get(f"{url}/q", query="up{a='b'}", **{"x[]": "y"}).json()
    assert (said["method"], said["path"], said["who"]) == ("GET", "/q?query=up%7Ba%3D%27b%27%7D&x%5B%5D=y", None)
    assert HttpClient().get(f"{url}/q").json()["path"] == "/q"


def test_basic_auth_password_is_sent_only_to_oauth2_proxy(url: str) -> None:
    client = HttpClient(proxy=f"{url}/proxy", machine=("admin", "word"))
    assert client.get(f"{url}/proxy/q").json()["who"] == "Basic YWRtaW46d29yZA=="
    assert client.get(f"{url}/q").json()["who"] is None
    assert client.get_anonymously(f"{url}/proxy/q").json()["who"] is None
    assert HttpClient(machine=("admin", "word")).get(f"{url}/proxy/q").json()["who"] is None
    assert HttpClient(proxy=url).get(f"{url}/proxy/q").json()["who"] is None


def test_json_is_posted_as_such(url: str) -> None:
    said = HttpClient(proxy=url, machine=("a", "b")).post(f"{url}/p", [{"x": 1}]).json()
    assert said == {
        "method": "POST",
        "path": "/p",
        "who": "Basic YTpi",
        "kind": "application/json",
        "body": '[{"x": 1}]',
    }


def test_redirect_and_error_status_are_returned_as_answers(url: str) -> None:
    away, refused = HttpClient().get_anonymously(f"{url}/away"), HttpClient().get(f"{url}/no")
    assert (away.status, away.json()["path"]) == (302, "/away")
    assert (refused.status, refused.json()["path"]) == (403, "/no")


def test_binary_error_body_is_returned_as_answer(url: str) -> None:
    answer = HttpClient().get(f"{url}/no-text")
    assert (answer.status, answer.text) == (502, "\N{REPLACEMENT CHARACTER}")


def test_anonymous_client_starts_the_protocol_handshake() -> None:
    """RFC 9113, 3.4 and 4.1: the preface, then settings of no length, without flags, of the connection."""
    assert HELLO == {
        "h2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
        "http/1.1": b"GET / HTTP/1.1\r\nHost: stranger\r\n\r\n",
    }


def test_connection_refused_error_names_the_address(server: ThreadingHTTPServer, url: str, tmp_path: Path) -> None:
    port = server.server_address[1]
    server.shutdown()
    server.server_close()
    roots = tmp_path / "roots.pem"
    roots.write_text(issue("root", authority=True).pem, encoding="utf-8")
    with pytest.raises(UnreachableError, match=f"^{url}/q: "):
        HttpClient().get(f"{url}/q")
    for ask in (HttpClient(trust=roots).ends, HttpClient(trust=roots).refuses_anonymous_clients):
        with pytest.raises(UnreachableError, match=f"^127.0.0.1:{port}: "):
            ask(f"127.0.0.1:{port}")


@pytest.fixture
def with_tls(server: ThreadingHTTPServer, tmp_path: Path) -> Path:
    """The server behind TLS that asks for a certificate; `trust.pem` and the client's below the folder."""
    root = issue("root", authority=True, **VALID)
    (tmp_path / "trust.pem").write_text(root.pem, encoding="utf-8")
    for folder, usage in (("server", SERVER), ("client", CLIENT)):
        leaf = issue(folder, by=root, names=["127.0.0.1"], usages=[usage], **VALID)
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "tls.crt").write_text(leaf.pem, encoding="utf-8")
        (tmp_path / folder / "tls.key").write_text(leaf.key_pem, encoding="utf-8")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=tmp_path / "trust.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # who shows nothing is refused before a word is said
    context.load_cert_chain(tmp_path / "server" / "tls.crt", tmp_path / "server" / "tls.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return tmp_path


def test_client_certificate_is_sent_except_for_anonymous_requests(with_tls: Path, server: ThreadingHTTPServer) -> None:
    url = f"https://127.0.0.1:{server.server_address[1]}"
    client = HttpClient(trust=with_tls / "trust.pem", certificate=with_tls / "client")
    assert client.get(f"{url}/q").status == 200
    assert client.get(f"{url}/r").status == 200
    with pytest.raises(UnreachableError):
        client.get_anonymously(f"{url}/q")
    assert client.refuses_anonymous_clients(url.removeprefix("https://"))
    with pytest.raises(UnreachableError, match="CERTIFICATE_VERIFY_FAILED"):
        HttpClient(certificate=with_tls / "client").get(f"{url}/q")


def test_certificate_expiry_is_read_from_the_tls_handshake(with_tls: Path, server: ThreadingHTTPServer) -> None:
    client = HttpClient(trust=with_tls / "trust.pem", certificate=with_tls / "client")
    shown = load_pem_x509_certificate((with_tls / "server" / "tls.crt").read_bytes())
    assert client.ends(f"127.0.0.1:{server.server_address[1]}") == shown.not_valid_after_utc


def addresses(folder: Path, **regions: Any) -> Path:
    file = folder / "addresses.json"
    file.write_text(json.dumps(regions), encoding="utf-8")
    return file


def test_address_file_sets_urls_and_credentials(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("secret\n", encoding="utf-8")
    alpha = {
        "components": {"prometheus": ["https://p0"]},
        "trust": "/t.pem",
        "client_certificate": "/c",
        "proxy": "https://proxy",
        "machine_password_file": str(tmp_path / "word"),
        "remote_write": "r:1",
        "query_grpc": "q:2",
        "receiver": "http://x",
    }
    file = addresses(tmp_path, **{"trial-alpha": alpha, "trial-beta": {"components": {}, "machine": "robot"}})
    client, deployment = read_addresses(file, FLEET, None, may_alert=True)
    assert client == HttpClient(
        trust=Path("/t.pem"), certificate=Path("/c"), proxy="https://proxy", machine=("admin", "secret")
    )
    assert (deployment.region.name, deployment.components, deployment.proxy) == (
        "trial-alpha",
        {"prometheus": ["https://p0"]},
        "https://proxy",
    )
    assert (deployment.remote_write, deployment.query_grpc, deployment.receiver) == ("r:1", "q:2", "http://x")
    assert (deployment.may_alert, deployment.regions) == (True, ("trial-alpha", "trial-beta"))


def test_address_missing_from_the_file_is_none(tmp_path: Path) -> None:
    file = addresses(tmp_path, **{"trial-alpha": {"components": {}}, "trial-beta": {"components": {}}})
    client, deployment = read_addresses(file, FLEET, "trial-beta")
    assert client == HttpClient()
    assert (deployment.region.name, deployment.may_alert) == ("trial-beta", False)
    assert (deployment.remote_write, deployment.query_grpc, deployment.proxy, deployment.receiver) == (None,) * 4


def test_basic_auth_user_name_is_configurable(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("secret", encoding="utf-8")
    one = {"components": {}, "machine": "robot", "machine_password_file": str(tmp_path / "word")}
    client, _ = read_addresses(addresses(tmp_path, **{"trial-alpha": one}), FLEET, "trial-alpha")
    assert client.machine == ("robot", "secret")


def test_region_missing_in_the_address_file_is_reported(tmp_path: Path) -> None:
    file = addresses(tmp_path, **{"trial-alpha": {"components": {}}, "trial-beta": {"components": {}}})
    with pytest.raises(InvalidInput, match="region must be one of trial-alpha, trial-beta, got trial-gamma"):
        read_addresses(file, FLEET, "trial-gamma")
