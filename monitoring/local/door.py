"""oauth2-proxy with the deployed configuration, and where Entra answers here."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable
from typing import Any

import bcrypt
import yaml

from monitoring.blueprint.components import COOKIE_SECRET, HTPASSWD_SECRET, OAUTH2_PROXY, SIGN_IN
from monitoring.fleet import Region
from monitoring.local.place import ADDRESSES, FOLDERS, LOOPBACK, Part, Place
from monitoring.local.servers import Entra, Person

MACHINE = "admin"


def entra(region: Region, values: Any) -> Entra:
    """The provider of a region, and a person who may come in."""
    return Entra(
        issuer=values["alphaConfig"]["configData"]["providers"][0]["oidcConfig"]["issuerURL"],
        client_id=region.access.client_id,
        pod_token=secrets.token_urlsafe(),
        person=Person(email=f"one@{region.access.email_domain}", groups=[region.access.allowed_group]),
    )


def alpha(values: Any, *, moved: Callable[[str], str], entra_port: int) -> dict[str, Any]:
    """The alpha configuration, with the upstreams' addresses `moved`, and the provider's at a port of loopback."""
    config: dict[str, Any] = yaml.safe_load(yaml.safe_dump(values["alphaConfig"]["configData"]))
    (provider,) = config["providers"]
    there = f"http://{LOOPBACK}:{entra_port}"
    provider |= {"loginURL": f"{there}/authorize", "redeemURL": f"{there}/token"}
    provider["oidcConfig"] |= {"skipDiscovery": True, "jwksURL": f"{there}/keys"}
    for one in config["upstreamConfig"]["upstreams"]:
        if "uri" in one:
            one["uri"] = moved(one["uri"])
    return config


def sign_in(place: Place, pod: str, *, entra_port: int, pod_token: str) -> tuple[Part, str]:
    """The proxy, and the password of the machine `admin` for this run."""
    name, folder, values = f"{place.region.name}/{pod}", place.mounts(pod), place.values(OAUTH2_PROXY)
    password = secrets.token_urlsafe()
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
    (place.vault / HTPASSWD_SECRET).write_text(f"{MACHINE}:{hashed}\n", encoding="utf-8")
    cookie = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    (place.vault / COOKIE_SECRET).write_text(cookie, encoding="utf-8")
    (folder / "pod-token").write_text(pod_token, encoding="utf-8")
    config = alpha(values, moved=lambda uri: place.text(name, uri, SIGN_IN), entra_port=entra_port)
    why = "no Entra: a provider that speaks as it does, and signs in without a question"
    place.differences.note(name, "Entra", "login.microsoftonline.com", f"{LOOPBACK}:{entra_port}", why=why)
    for server, port in (("server", "http"), ("metricsServer", "metrics")):
        there = place.address(pod, port)
        place.differences.note(
            name, f"{server}.BindAddress", f"0.0.0.0:{SIGN_IN.port(port).number}", there, why=ADDRESSES
        )
        config[server] = {"BindAddress": there}
    (folder / "alpha.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    flags = [
        "--alpha-config=/etc/oauth2_proxy/oauth2_proxy.yml",
        *(f"--email-domain={domain}" for domain in values["config"]["emailDomains"]),
        *(place.text(name, flag, SIGN_IN) for flag in values["extraArgs"]),
    ]
    place.differences.flag(name, flags, "alpha-config", folder / "alpha.yml", why=FOLDERS)
    back = f"http://{place.address(pod, 'http')}/oauth2/callback"
    place.differences.flag(name, flags, "redirect-url", back, why="no Gateway: the browser comes to the proxy itself")
    part = Part(
        name=name,
        component=SIGN_IN.name,
        region=place.region.name,
        line=[str(place.tool("oauth2-proxy")), *flags],
        port=place.port(pod, "http"),
        ready="/ready",
        environment={
            **os.environ,
            "AZURE_FEDERATED_TOKEN_FILE": str(folder / "pod-token"),
            **{one["name"]: str(place.trust.parent) for one in values["extraEnv"] if one["name"] == "SSL_CERT_DIR"},
        },
    )
    return part, password
