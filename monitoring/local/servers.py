"""Small servers on loopback, in threads: an upstream that remembers who came, and an identity provider like Entra."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from monitoring.local.sign_in_page import ACCOUNT, page


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    """The port of a server that runs until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Quiet(BaseHTTPRequestHandler):
    """A handler that says nothing on the console."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class' name)
        """Nothing."""

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Send all of an answer; header names with _ for -."""
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A request as it came: header names in lower case."""

    component: str
    method: str
    target: str
    headers: Mapping[str, str]


def upstream(component: str, visits: list[Visit]) -> type[BaseHTTPRequestHandler]:
    """A server that adds every request to `visits` and says 200."""

    class Upstream(Quiet):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            visits.append(Visit(component=component, method=self.command, target=self.path, headers=headers))
            self.answer(200, component.encode())

    for method in ("POST", "PUT", "DELETE", "HEAD", "OPTIONS"):
        setattr(Upstream, f"do_{method}", Upstream.do_GET)
    return Upstream


@dataclass(kw_only=True)
class Person:
    """What the provider says of who signs in."""

    email: str
    groups: list[str]
    roles: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Account:
    """Somebody whom the page offers: `says` is what becomes of them, `claims` are laid over what the token says."""

    person: Person
    says: str
    claims: Mapping[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Entra:
    """An identity provider that speaks as Entra does: code flow with PKCE, the pod's token instead of a client secret.

    `person` is who signs in next, without a question; `claims` are laid over what the token says. With `accounts` a
    page asks who it is, unless the request says so by the parameter `account`.
    """

    issuer: str
    client_id: str
    pod_token: str
    person: Person
    claims: dict[str, Any] = field(default_factory=dict)
    accounts: Sequence[Account] = ()
    redeemed: int = 0
    _key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def keys(self) -> bytes:
        """The key set that verifies tokens."""
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1", "n": _number(numbers.n), "e": _number(numbers.e)}
        return json.dumps({"keys": [key]}).encode()

    def authorize(self, asked: Mapping[str, str]) -> str:
        """Where the browser goes back to, with a code."""
        code = secrets.token_urlsafe()
        self._codes[code] = dict(asked)
        back = urllib.parse.urlencode({"code": code, "state": asked["state"]})
        return f"{asked['redirect_uri']}?{back}"

    def redeem(self, given: Mapping[str, str]) -> dict[str, str] | None:
        """Tokens for a code; None where code, PKCE verifier or the pod's token is wrong."""
        asked = self._codes.pop(given.get("code", ""), None)
        challenge = _text(hashlib.sha256(given.get("code_verifier", "").encode()).digest())
        if asked is None or asked["code_challenge"] != challenge or given.get("client_assertion") != self.pod_token:
            return None
        self.redeemed += 1
        person, more = self._who(asked)
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "sub": "a-person",
            "iat": now,
            "exp": now + 3600,
            "nonce": asked["nonce"],
            "email": person.email,
            "groups": person.groups,
            **({"roles": person.roles} if person.roles else {}),
            **more,
        }
        return {"token_type": "Bearer", "access_token": self._signed(claims), "id_token": self._signed(claims)}

    def asks(self, asked: Mapping[str, str]) -> bytes | None:
        """The page for somebody of whom it is not known who it is."""
        if not self.accounts or ACCOUNT in asked:
            return None
        return page([(one.person.email, one.says) for one in self.accounts], asked)

    def _who(self, asked: Mapping[str, str]) -> tuple[Person, Mapping[str, Any]]:
        if ACCOUNT not in asked:
            return self.person, self.claims
        account = self.accounts[int(asked[ACCOUNT])]
        return account.person, account.claims

    def _signed(self, claims: Mapping[str, Any]) -> str:
        programs = ({"alg": "RS256", "kid": "1", "typ": "JWT"}, claims)
        text = ".".join(_text(json.dumps(program).encode()) for program in programs)
        return f"{text}.{_text(self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """/authorize, /token and /keys."""
        entra = self

        class Handler(Quiet):
            def do_GET(self) -> None:
                path, _, query = self.path.partition("?")
                asked = dict(urllib.parse.parse_qsl(query))
                if path == "/authorize" and (question := entra.asks(asked)):
                    self.answer(200, question, Content_Type="text/html; charset=utf-8")
                elif path == "/authorize":
                    self.answer(302, Location=entra.authorize(asked))
                else:
                    self.answer(200, entra.keys(), Content_Type="application/json")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                tokens = entra.redeem(dict(urllib.parse.parse_qsl(body)))
                self.answer(200 if tokens else 400, json.dumps(tokens or {"error": "invalid_grant"}).encode())

        return Handler


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _text(value.to_bytes((value.bit_length() + 7) // 8))
