"""Checks of authentication and certificates."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator

from monitoring.blueprint.components.workloads import ALERTMANAGER_PATH, THANOS_PATH
from monitoring.verify.client import Client
from monitoring.verify.model import Deployment, Finding, NotHereError, bad, good

KNOCKED = ("/api/v1/query?query=up", f"{ALERTMANAGER_PATH}/api/v2/alerts", f"{THANOS_PATH}/api/v1/query?query=up")
"""A path of each part behind oauth2-proxy."""

WEEK = 7
"""Days: cert-manager renews a month before the end, so with fewer left it has failed for weeks."""

DAY = 24 * 3600

TO_SIGN_IN, NOT_SIGNED_IN, OK = 302, 401, 200


def sign_in_is_required(client: Client, deployment: Deployment) -> Finding:
    """Nobody comes in without signing in: an API says 401, a page leads to the sign-in."""
    if deployment.proxy is None:
        raise NotHereError("proxy")
    open_paths = [
        f"{path}: {status}"
        for path in KNOCKED
        if (status := client.get_anonymously(deployment.proxy + path).status) != NOT_SIGNED_IN
    ]
    page = client.get_anonymously(f"{deployment.proxy}/graph").status
    if open_paths or page != TO_SIGN_IN:
        return bad("; ".join([*open_paths, f"/graph: {page}"]))
    return good(f"{len(KNOCKED)} APIs say {NOT_SIGNED_IN}, a page leads to the sign-in")


def basic_auth_lets_a_machine_in(client: Client, deployment: Deployment) -> Finding:
    """With its password a machine reads."""
    if deployment.proxy is None:
        raise NotHereError("proxy")
    answer = client.get(f"{deployment.proxy}/api/v1/query", query="up")
    return good("a machine reads") if answer.status == OK else bad(f"a machine gets {answer.status}")


def the_router_wants_a_certificate(client: Client, deployment: Deployment) -> Finding:
    """Who shows none cannot write."""
    return _refuses(client, deployment.remote_write, "remote write")


def query_wants_a_certificate(client: Client, deployment: Deployment) -> Finding:
    """Who shows none cannot ask by gRPC."""
    return _refuses(client, deployment.query_grpc, "Query by gRPC")


def certificates_last(client: Client, deployment: Deployment) -> Finding:
    """Each is of the trusted roots, and has more than a week."""
    left = {
        address: int((client.ends(address).timestamp() - client.clock.now()) // DAY)
        for address in _with_tls(deployment)
    }
    if not left:
        raise NotHereError("address with TLS")
    short = [f"{address} ends in {days} days" for address, days in left.items() if days < WEEK]
    return (
        bad("; ".join(short)) if short else good(f"{len(left)} certificates, at least {min(left.values())} days left")
    )


def _refuses(client: Client, address: str | None, what: str) -> Finding:
    if address is None:
        raise NotHereError(what)
    return (
        good(f"{what} refuses strangers")
        if client.refuses_anonymous_clients(address)
        else bad(f"{what} lets strangers in")
    )


def _with_tls(deployment: Deployment) -> Iterator[str]:
    for urls in deployment.components.values():
        for url in urls:
            parts = urllib.parse.urlsplit(url)
            if parts.scheme == "https":
                yield f"{parts.hostname}:{parts.port or 443}"
    yield from (address for address in (deployment.remote_write, deployment.query_grpc) if address)
