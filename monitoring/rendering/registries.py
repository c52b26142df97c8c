"""Digests of images, from their registries (OCI distribution specification 1.1; Docker's token protocol)."""

from __future__ import annotations

import hashlib
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from http.client import HTTPException

from monitoring.errors import CannotHave

TIMEOUT = 30
"""Seconds for one answer."""

MANIFESTS = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
"""An index first: its digest holds for every architecture."""

_DOCKER_HUB = {"docker.io": "registry-1.docker.io"}
_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost)(:\d+)?")


def image_digest(image: str) -> str:
    """The sha256 of the manifest of `registry/repository:tag`, asked as nobody; CannotHave where there is none."""
    registry, _, rest = image.partition("/")
    repository, _, tag = rest.rpartition(":")
    if registry in _DOCKER_HUB and "/" not in repository:
        repository = f"library/{repository}"
    scheme = "http" if _LOOPBACK.fullmatch(registry) else "https"
    url = f"{scheme}://{_DOCKER_HUB.get(registry, registry)}/v2/{repository}/manifests/{tag}"
    try:
        return f"sha256:{hashlib.sha256(_manifest(url, scheme)).hexdigest()}"
    except (OSError, HTTPException, ValueError, KeyError) as fault:
        raise CannotHave(f"{image}: its registry must give a manifest, got {fault}") from fault


def _manifest(url: str, scheme: str) -> bytes:
    try:
        return _get(url, {"Accept": MANIFESTS})
    except urllib.error.HTTPError as refused:
        if refused.code != 401:  # noqa: PLR2004  (unauthorized: with where a token is to be had)
            raise
        challenge = dict(re.findall(r'(\w+)="([^"]*)"', refused.headers.get("WWW-Authenticate", "")))
    realm = challenge.pop("realm")
    if not realm.startswith(f"{scheme}://"):
        raise ValueError(f"the token's address must be {scheme}, got {realm}")
    answer = json.loads(_get(f"{realm}?{urllib.parse.urlencode(challenge)}", {}))
    token = answer.get("token") or answer["access_token"]
    return _get(url, {"Accept": MANIFESTS, "Authorization": f"Bearer {token}"})


def _get(url: str, headers: dict[str, str]) -> bytes:
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  (http or https, see above)
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
        body: bytes = answer.read()
    return body
