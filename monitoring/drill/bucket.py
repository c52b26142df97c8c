"""What lies in a bucket, read only: a folder, or a container of Azure Blob Storage by its REST interface.

No SDK: the job has the standard library alone. The forms are Microsoft's, "List Blobs" and "Get Blob" of version
2021-12-02, "Authorize with Shared Key", and "Microsoft identity platform and the OAuth 2.0 client credentials flow"
with a federated credential.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from xml.etree import ElementTree

from monitoring.errors import CannotHave

VERSION = "2021-12-02"
STORAGE_SCOPE = "https://storage.azure.com/.default"
PATIENCE = 60
"""Seconds for an answer."""


class Bucket(Protocol):
    """Objects by name."""

    def objects(self) -> dict[str, int]:
        """Bytes of every object. CannotHave where they cannot be listed."""
        ...

    def read(self, name: str) -> bytes:
        """An object's bytes. CannotHave where it cannot be read."""
        ...


@dataclass(frozen=True)
class Folder:
    """A copy of a bucket on this machine."""

    path: Path

    def objects(self) -> dict[str, int]:
        """Bytes of every file below the folder."""
        if not self.path.is_dir():
            raise CannotHave(f"{self.path} must be a folder")
        files = (file for file in self.path.rglob("*") if file.is_file())
        return {file.relative_to(self.path).as_posix(): file.stat().st_size for file in files}

    def read(self, name: str) -> bytes:
        """A file's bytes."""
        try:
            return (self.path / name).read_bytes()
        except OSError as fault:
            raise CannotHave(str(fault)) from fault


@dataclass(frozen=True, kw_only=True)
class Container:
    """A container of Azure Blob Storage; `url` is its address, `sign` adds who asks to the headers of a GET."""

    url: str
    sign: Callable[[str, dict[str, str]], Mapping[str, str]]

    def objects(self) -> dict[str, int]:
        """Bytes of every blob, page by page."""
        return dict(self._pages())

    def read(self, name: str) -> bytes:
        """A blob's bytes."""
        return self._get(f"{self.url}/{urllib.parse.quote(name)}")

    def _pages(self) -> Iterator[tuple[str, int]]:
        marker = ""
        while True:
            asked = {"comp": "list", "restype": "container", **({"marker": marker} if marker else {})}
            page = ElementTree.fromstring(self._get(f"{self.url}?{urllib.parse.urlencode(asked)}"))  # noqa: S314  (Azure's own)
            for blob in page.iter("Blob"):
                yield blob.findtext("Name", ""), int(blob.findtext("Properties/Content-Length", "0"))
            marker = page.findtext("NextMarker") or ""
            if not marker:
                return

    def _get(self, url: str) -> bytes:
        headers = {"x-ms-version": VERSION, "x-ms-date": datetime.now(tz=UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")}
        return get(url, self.sign(url, headers))


def get(url: str, headers: Mapping[str, str], *, body: bytes | None = None, patience: float = PATIENCE) -> bytes:
    """The answer to a request (a POST with a body). CannotHave with what the other side says."""
    request = urllib.request.Request(url, headers=dict(headers), data=body)  # noqa: S310  (https, or a given emulator)
    try:
        with urllib.request.urlopen(request, timeout=patience) as answer:  # noqa: S310
            content: bytes = answer.read()
    except urllib.error.HTTPError as refused:
        said = refused.read()[:300].decode("utf-8", "replace")
        raise CannotHave(f"{url.partition('?')[0]} answers {refused.code}: {said}") from refused
    except OSError as fault:
        raise CannotHave(f"{url.partition('?')[0]} does not answer: {fault}") from fault
    return content


def by_key(account: str, key: str) -> Callable[[str, dict[str, str]], Mapping[str, str]]:
    """Who asks, by an account's key: for an emulator, since our accounts take none."""

    def sign(url: str, headers: dict[str, str]) -> Mapping[str, str]:
        parts = urllib.parse.urlsplit(url)
        query = sorted(urllib.parse.parse_qsl(parts.query))
        lines = ["GET", *[""] * 11, *(f"{name}:{headers[name]}" for name in sorted(headers))]
        lines += [f"/{account}{parts.path}", *(f"{name}:{value}" for name, value in query)]
        digest = hmac.new(base64.b64decode(key), "\n".join(lines).encode(), hashlib.sha256).digest()
        return {**headers, "Authorization": f"SharedKey {account}:{base64.b64encode(digest).decode()}"}

    return sign


def by_workload_identity(environment: Mapping[str, str]) -> Callable[[str, dict[str, str]], Mapping[str, str]]:
    """Who asks, by the token of the pod's ServiceAccount, which Entra changes for one of its own."""
    authority = environment["AZURE_AUTHORITY_HOST"].rstrip("/")
    form = {
        "client_id": environment["AZURE_CLIENT_ID"],
        "grant_type": "client_credentials",
        "scope": STORAGE_SCOPE,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": Path(environment["AZURE_FEDERATED_TOKEN_FILE"]).read_text(encoding="utf-8"),
    }
    address = f"{authority}/{environment['AZURE_TENANT_ID']}/oauth2/v2.0/token"
    token = json.loads(get(address, {}, body=urllib.parse.urlencode(form).encode()))["access_token"]

    def sign(_: str, headers: dict[str, str]) -> Mapping[str, str]:
        return {**headers, "Authorization": f"Bearer {token}"}

    return sign


def bucket_of(objstore: Mapping[str, object], environment: Mapping[str, str]) -> Bucket:
    """The bucket of Thanos' objstore configuration. CannotHave for a type that cannot be read here.

    A connection string is an emulator's; without one, the identity is the pod's.
    """
    config = objstore.get("config")
    if not isinstance(config, Mapping):
        raise CannotHave("objstore must have a config")
    if objstore.get("type") == "FILESYSTEM":
        return Folder(Path(str(config["directory"])))
    if objstore.get("type") != "AZURE":
        raise CannotHave(f"objstore must be of type AZURE or FILESYSTEM, got {objstore.get('type')!r}")
    container = str(config["container"])
    if text := config.get("storage_connection_string"):
        parts = dict(part.split("=", 1) for part in str(text).split(";") if part)
        account, endpoint = parts["AccountName"], parts["BlobEndpoint"].rstrip("/")
        return Container(url=f"{endpoint}/{container}", sign=by_key(account, parts["AccountKey"]))
    account, endpoint = str(config["storage_account"]), str(config.get("endpoint") or "blob.core.windows.net")
    try:
        sign = by_workload_identity(environment)
    except KeyError as unset:
        message = f"{unset.args[0]} must be set: the pod's identity, or give a copy of the container as a folder"
        raise CannotHave(message) from unset
    return Container(url=f"https://{account}.{endpoint}/{container}", sign=sign)
