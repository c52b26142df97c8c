"""The real oauth2-proxy with the very configuration of a region's values, between test servers, and a browser for it.

Changed for the test: addresses of loopback, files of a temporary folder, and where Entra answers (not who it is: the
issuer stays).
"""

from __future__ import annotations

import base64
import http.client
import os
import re
import secrets
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import bcrypt
import yaml

from monitoring.blueprint.access.paths import PORTS, below
from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.workloads import COOKIE_SECRET, HTPASSWD_SECRET, OAUTH2_PROXY
from monitoring.blueprint.objects import key_vault
from monitoring.blueprint.releases import releases
from monitoring.fleet import Region
from monitoring.local.oauth2_proxy import MACHINE, alpha, entra
from monitoring.local.servers import Entra, Visit, serving, upstream
from tests.stack.processes import PATIENCE, free_ports, running, tool

ASKED: list[str] = []
"""Every target that any proxy was asked for."""

SAMPLES = {"label": "job", "id": "0b1c-2d", "uid": "prometheus", "group": "prometheus.datasource.grafana.app"}
"""Of the placeholders in paths."""


def sample(component: Component, path: str) -> str:
    """A path that a row means."""
    filled = re.sub(r"\{(\w+)[^}]*\}", lambda match: SAMPLES[match[1]], path)
    return below(component, filled.replace("/*", "/some/thing.js"))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    cookies: Mapping[str, Any]

    @property
    def location(self) -> str:
        """Where a redirect leads."""
        return self.headers["location"]


@dataclass(frozen=True, kw_only=True)
class OAuth2Proxy:
    """A running oauth2-proxy: what came through is in `visits`."""

    region: Region
    port: int
    visits: list[Visit]
    entra: Entra
    password: str
    cookie_secret: str

    def ask(self, target: str, *, method: str = "GET", headers: Mapping[str, str] | None = None) -> Answer:
        """One request, the target on the wire as it is here."""
        ASKED.append(target)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, target, headers={"Host": self.region.access.host, **(headers or {})})
            got = connection.getresponse()
            cookies: SimpleCookie = SimpleCookie()
            for line in got.headers.get_all("Set-Cookie") or ():
                cookies.load(line)
            got.read()
            return Answer(
                status=got.status, headers={name.lower(): value for name, value in got.getheaders()}, cookies=cookies
            )
        finally:
            connection.close()

    def machine(self, password: str | None = None) -> dict[str, str]:
        """The header of basic auth."""
        return {
            "Authorization": f"Basic {base64.b64encode(f'{MACHINE}:{password or self.password}'.encode()).decode()}"
        }

    def through(self, target: str, **more: Any) -> tuple[Answer, list[Visit]]:
        """One request, and what came through by it."""
        before = len(self.visits)
        answer = self.ask(target, **more)
        return answer, self.visits[before:]


@dataclass(kw_only=True)
class Browser:
    """Keeps cookies, and goes to Entra when it is told to."""

    proxy: OAuth2Proxy
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def header(self) -> dict[str, str]:
        """The cookies, as a request carries them."""
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}

    def get(self, target: str, **headers: str) -> Answer:
        """One request with the cookies; what is set is kept."""
        answer = self.proxy.ask(target, headers={**self.header, **headers})
        for name, cookie in answer.cookies.items():
            if cookie.value:
                self.cookies[name] = cookie.value
            else:
                self.cookies.pop(name, None)
        return answer

    def sign_in(self, target: str, **headers: str) -> Answer:
        """Ask, go to Entra, come back: the answer to the way back."""
        asked = self.get(target, **headers)
        try:
            urllib.request.build_opener(_Stay).open(asked.location, timeout=PATIENCE)
        except urllib.error.HTTPError as redirect:
            back = urllib.parse.urlsplit(redirect.headers["Location"])
        assert f"{back.scheme}://{back.netloc}" == f"https://{self.proxy.region.access.host}"
        return self.get(f"{back.path}?{back.query}")


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def values(region: Region) -> Any:
    """What Helm is given."""
    (release,) = (one for one in releases(region, ()) if one.name == OAUTH2_PROXY)
    return release.values


@contextmanager
def open_oauth2_proxy(region: Region, folder: Path, *, without: tuple[str, ...] = ()) -> Iterator[OAuth2Proxy]:
    """The proxy of a region; flags that begin as `without` says are left out."""
    visits: list[Visit] = []
    given = values(region)
    provider = entra(region, given)
    password, cookie_secret = secrets.token_urlsafe(), base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
    (folder / HTPASSWD_SECRET).write_text(f"{MACHINE}:{hashed}\n", encoding="utf-8")
    (folder / COOKIE_SECRET).write_text(cookie_secret, encoding="utf-8")
    (folder / "pod-token").write_text(provider.pod_token, encoding="utf-8")
    with ExitStack() as stack:
        places = {
            component.url(PORTS[component]): stack.enter_context(serving(upstream(component.name, visits)))
            for component in PORTS
        }
        provider_port = stack.enter_context(serving(provider.handler()))
        config = alpha(given, moved=lambda uri: f"http://127.0.0.1:{places[uri]}", entra_port=provider_port)
        port, metrics_port = free_ports(2)
        config |= {
            "server": {"BindAddress": f"127.0.0.1:{port}"},
            "metricsServer": {"BindAddress": f"127.0.0.1:{metrics_port}"},
        }
        (folder / "alpha.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        line = [
            tool("oauth2-proxy"),
            f"--alpha-config={folder}/alpha.yml",
            *(f"--email-domain={domain}" for domain in given["config"]["emailDomains"]),
            *(
                flag.replace(key_vault.FOLDER, str(folder))
                for flag in given["extraArgs"]
                if not flag.startswith(without or ("\0",))
            ),
        ]
        environment = {**os.environ, "AZURE_FEDERATED_TOKEN_FILE": str(folder / "pod-token")}
        stack.enter_context(running(line, log=folder / "log", port=port, ready="/ready", environment=environment))
        yield OAuth2Proxy(
            region=region, port=port, visits=visits, entra=provider, password=password, cookie_secret=cookie_secret
        )
