"""oauth2-proxy of the local system, with the deployed configuration and a test identity provider."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bcrypt
import yaml

from monitoring.blueprint.components.workloads import COOKIE_SECRET, HTPASSWD_SECRET, OAUTH2_PROXY, SIGN_IN, THANOS_PATH
from monitoring.fleet import Region
from monitoring.local.authorities import SERVER, issue
from monitoring.local.region import ADDRESSES, FOLDERS, LOOPBACK, LocalRegion, Program, write_leaf
from monitoring.local.servers import Account, Entra, Person

MACHINE = "admin"

ELSEWHERE = "66666666-6666-4666-8666-666666666666"
"""A group, or a tenant, that no region knows."""

NO_GATEWAY = "no Gateway: the browser comes to the proxy itself, by its TLS"


def entra(region: Region, values: Any) -> Entra:
    """The provider of a region, and a person who may come in."""
    return Entra(
        issuer=values["alphaConfig"]["configData"]["providers"][0]["oidcConfig"]["issuerURL"],
        client_id=region.access.client_id,
        pod_token=secrets.token_urlsafe(),
        person=Person(email=f"one@{region.access.email_domain}", groups=[region.access.allowed_group]),
    )


def accounts(region: Region) -> tuple[Account, ...]:
    """Whom the sign-in page offers: who may come in, and one for each reason to refuse somebody."""
    domain, group = region.access.email_domain, region.access.allowed_group
    return (
        Account(person=Person(email=f"one@{domain}", groups=[group]), says="of the allowed group: gets in"),
        Account(person=Person(email=f"two@{domain}", groups=[ELSEWHERE]), says="of another group: refused"),
        Account(person=Person(email="three@elsewhere.example", groups=[group]), says="of another domain: refused"),
        Account(
            person=Person(email=f"four@{domain}", groups=[group]),
            says="of another tenant: refused",
            claims={"iss": f"https://login.microsoftonline.com/{ELSEWHERE}/v2.0"},
        ),
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


def sign_in(local_region: LocalRegion, pod: str, *, entra_port: int, pod_token: str) -> tuple[Program, str]:
    """The proxy, and the password of the machine `admin` for this run."""
    name, folder, values = (
        f"{local_region.region.name}/{pod}",
        local_region.mounts(pod),
        local_region.values(OAUTH2_PROXY),
    )
    password = secrets.token_urlsafe()
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
    (local_region.vault / HTPASSWD_SECRET).write_text(f"{MACHINE}:{hashed}\n", encoding="utf-8")
    cookie = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    (local_region.vault / COOKIE_SECRET).write_text(cookie, encoding="utf-8")
    (folder / "pod-token").write_text(pod_token, encoding="utf-8")
    config = alpha(values, moved=lambda uri: local_region.text(name, uri, SIGN_IN), entra_port=entra_port)
    why = "no Entra: a provider that speaks as it does, and asks for no password"
    local_region.differences.note(name, "Entra", "login.microsoftonline.com", f"{LOOPBACK}:{entra_port}", why=why)
    _land_on_thanos(local_region, name, config)
    config |= _servers(local_region, pod, folder)
    (folder / "alpha.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    flags = [
        "--alpha-config=/etc/oauth2_proxy/oauth2_proxy.yml",
        *(f"--email-domain={domain}" for domain in values["config"]["emailDomains"]),
        *(local_region.text(name, flag, SIGN_IN) for flag in values["extraArgs"]),
    ]
    local_region.differences.flag(name, flags, "alpha-config", folder / "alpha.yml", why=FOLDERS)
    back = f"https://{local_region.address(pod, 'http')}/oauth2/callback"
    local_region.differences.flag(name, flags, "redirect-url", back, why=NO_GATEWAY)
    program = Program(
        name=name,
        component=SIGN_IN.name,
        region=local_region.region.name,
        line=[str(local_region.tool("oauth2-proxy")), *flags],
        port=local_region.port(pod, "http"),
        ready="/ready",
        tls=True,
        environment={
            **os.environ,
            "AZURE_FEDERATED_TOKEN_FILE": str(folder / "pod-token"),
            **{
                one["name"]: str(local_region.trust.parent)
                for one in values["extraEnv"]
                if one["name"] == "SSL_CERT_DIR"
            },
        },
    )
    return program, password


def _land_on_thanos(local_region: LocalRegion, name: str, config: dict[str, Any]) -> None:
    """Ask Thanos for `/`, where a sign-in ends that began at no page: it leads to its graph."""
    upstreams = {one["id"]: one for one in config["upstreamConfig"]["upstreams"]}
    thanos = upstreams[f"{THANOS_PATH}/"]["uri"]
    why = "Prometheus is built without its pages; Thanos leads to its own"
    local_region.differences.note(name, "upstream of /", upstreams["/"]["uri"], thanos, why=why)
    upstreams["/"]["uri"] = thanos


def _servers(local_region: LocalRegion, pod: str, folder: Path) -> dict[str, Any]:
    """Where it listens; the certificate stands for the Gateway's."""
    name, there, metrics = (
        f"{local_region.region.name}/{pod}",
        local_region.address(pod, "http"),
        local_region.address(pod, "metrics"),
    )
    names = [local_region.region.access.host, LOOPBACK]
    write_leaf(folder, issue(names[0], by=local_region.authority, names=names, usages=[SERVER]))
    local_region.differences.note(
        name, "server", f"http://0.0.0.0:{SIGN_IN.port('http').number}", there, why=NO_GATEWAY
    )
    deployed = f"0.0.0.0:{SIGN_IN.port('metrics').number}"
    local_region.differences.note(name, "metricsServer.BindAddress", deployed, metrics, why=ADDRESSES)
    tls = {"Cert": {"fromFile": str(folder / "tls.crt")}, "Key": {"fromFile": str(folder / "tls.key")}}
    return {"server": {"SecureBindAddress": there, "TLS": tls}, "metricsServer": {"BindAddress": metrics}}
