"""Digests of images are those of their manifests, asked of a registry as anybody may: here one on loopback."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from monitoring.errors import CannotHave
from monitoring.rendering.registries import image_digest

MANIFEST = b'{"schemaVersion": 2, "manifests": []}'
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"


class Registry(ThreadingHTTPServer):
    """Has `team/app:v1`, for who brings the token that anybody gets; `realm` is where it says that tokens are."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.name = f"127.0.0.1:{self.server_port}"
        self.realm = f"http://{self.name}/token"
        self.open = False
        self.accepted: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if path == "/token":
            wanted = {"service": ["registry"], "scope": ["repository:team/app:pull"]}
            self._answer(200 if query == wanted else 400, json.dumps({"token": "for anybody"}).encode())
        elif not self.server.open and self.headers.get("Authorization") != "Bearer for anybody":
            challenge = f'Bearer realm="{self.server.realm}",service="registry",scope="repository:team/app:pull"'
            self._answer(401, b"", challenge=challenge)
        elif path == "/v2/team/app/manifests/v1":
            self.server.accepted.append(self.headers["Accept"])
            self._answer(200, MANIFEST)
        else:
            self._answer(404, b"")

    def _answer(self, status: int, body: bytes, *, challenge: str = "") -> None:
        self.send_response(status)
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_the_digest_is_the_manifests_and_its_token_is_asked_for_as_nobody(registry: Registry) -> None:
    assert image_digest(f"{registry.name}/team/app:v1") == DIGEST
    (accepted,) = registry.accepted
    assert accepted.startswith("application/vnd.oci.image.index.v1+json, ")
    assert accepted.endswith("application/vnd.docker.distribution.manifest.v2+json")


def test_a_registry_that_is_open_to_all_is_asked_once(registry: Registry) -> None:
    registry.open = True
    assert image_digest(f"{registry.name}/team/app:v1") == DIGEST


def test_an_image_that_is_not_there_is_told(registry: Registry) -> None:
    with pytest.raises(CannotHave, match=rf"{registry.name}/team/app:v2: its registry must give a manifest, got .*404"):
        image_digest(f"{registry.name}/team/app:v2")


@pytest.mark.parametrize("realm", ["file:///etc/hostname", "https://127.0.0.1:1/token"])
def test_a_token_is_asked_for_by_the_registrys_own_scheme_alone(registry: Registry, realm: str) -> None:
    registry.realm = realm
    with pytest.raises(CannotHave, match=f"the token's address must be http, got {realm}"):
        image_digest(f"{registry.name}/team/app:v1")


def test_a_registry_that_nobody_answers_at_is_told(registry: Registry) -> None:
    registry.shutdown()
    registry.server_close()
    with pytest.raises(CannotHave, match="its registry must give a manifest"):
        image_digest(f"{registry.name}/team/app:v1")


def test_docker_hubs_own_images_and_host_have_other_names(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def get(url: str, _: object) -> bytes:
        asked.append(url)
        return MANIFEST

    monkeypatch.setattr("monitoring.rendering.registries._get", get)
    assert image_digest("docker.io/busybox:1.37.0") == image_digest("quay.io/thanos/thanos:v0.42.4") == DIGEST
    assert image_digest("docker.io/grafana/grafana:13.2.0") == DIGEST
    assert asked == [
        "https://registry-1.docker.io/v2/library/busybox/manifests/1.37.0",
        "https://quay.io/v2/thanos/thanos/manifests/v0.42.4",
        "https://registry-1.docker.io/v2/grafana/grafana/manifests/13.2.0",
    ]
