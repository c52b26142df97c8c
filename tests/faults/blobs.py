"""Blobs of an emulator, listed, read, written and deleted as a person could: by its REST interface and a shared key.

Forms: Microsoft's "List Blobs", "Get Blob", "Put Blob", "Delete Blob" and "Undelete Blob" of version 2021-12-02, and
"Authorize with Shared Key". The emulator's path names the account once more, and so does what is signed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any, Self
from xml.etree import ElementTree

from monitoring.processes import PATIENCE

VERSION = "2021-12-02"
BYTES = "application/octet-stream"
_SIGNED = ("Content-Encoding", "Content-Language", "Content-Length", "Content-MD5", "Content-Type")
_UNUSED = 6
"""Date, conditions and range, which are not sent."""


@dataclass(frozen=True, kw_only=True)
class Blobs:
    """A container: `url` is its address, `account` whose it is, `key` that account's."""

    url: str
    account: str
    key: bytes

    @classmethod
    def of(cls, objstore: Mapping[str, Any]) -> Self:
        """The container of Thanos' objstore configuration, which has a connection string."""
        config = objstore["config"]
        parts = dict(part.split("=", 1) for part in config["storage_connection_string"].split(";"))
        return cls(
            url=f"{parts['BlobEndpoint']}/{config['container']}",
            account=parts["AccountName"],
            key=base64.b64decode(parts["AccountKey"]),
        )

    def names(self) -> list[str]:
        """Every blob's name, in order."""
        page = ElementTree.fromstring(self._ask("GET", "", {"comp": "list", "restype": "container"}))  # noqa: S314  (of loopback)
        assert not page.findtext("NextMarker"), "more than a page of blobs"
        return sorted(blob.findtext("Name", "") for blob in page.iter("Blob"))

    def read(self, name: str) -> bytes:
        """A blob's bytes."""
        return self._ask("GET", name, {})

    def write(self, name: str, content: bytes) -> None:
        """Put a blob in place of the one that may be there."""
        self._ask("PUT", name, {}, body=content, headers={"x-ms-blob-type": "BlockBlob"})

    def delete(self, names: Iterable[str]) -> dict[str, bytes]:
        """Delete blobs; handed back is what a soft delete would keep of them."""
        kept = {name: self.read(name) for name in names}
        for name in kept:
            self._ask("DELETE", name, {})
        return kept

    def restore(self, kept: Mapping[str, bytes]) -> None:
        """What `az storage blob undelete` does with what a soft delete kept, by name: meta.json comes last."""
        for name in sorted(kept):
            self.write(name, kept[name])

    def undelete(self, name: str) -> None:
        """As Azure undeletes; HTTPError where it cannot."""
        self._ask("PUT", name, {"comp": "undelete"}, body=b"")

    def _ask(
        self,
        method: str,
        name: str,
        query: Mapping[str, str],
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        url = f"{self.url}/{urllib.parse.quote(name)}".rstrip("/")
        ours = {"x-ms-version": VERSION, "x-ms-date": formatdate(usegmt=True), **(headers or {})}
        sent = {**ours, **({"Content-Type": BYTES} if body is not None else {})}
        sent["Authorization"] = f"SharedKey {self.account}:{self._signature(method, url, query, ours, body)}"
        whole = f"{url}?{urllib.parse.urlencode(query)}" if query else url
        request = urllib.request.Request(whole, data=body, headers=sent, method=method)  # noqa: S310  (of loopback)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            content: bytes = answer.read()
            return content

    def _signature(
        self, method: str, url: str, query: Mapping[str, str], ours: Mapping[str, str], body: bytes | None
    ) -> str:
        said = {} if body is None else {"Content-Length": str(len(body) or ""), "Content-Type": BYTES}
        lines = [method, *(said.get(name, "") for name in _SIGNED), *[""] * _UNUSED]
        lines += [f"{name}:{ours[name]}" for name in sorted(ours)]
        lines += [
            f"/{self.account}{urllib.parse.urlsplit(url).path}",
            *(f"{key}:{query[key]}" for key in sorted(query)),
        ]
        digest = hmac.new(self.key, "\n".join(lines).encode(), hashlib.sha256).digest()
        return base64.b64encode(digest).decode()


def cannot_undelete(blobs: Blobs, name: str) -> bool:
    """Whether the emulator says that it has no undelete (501)."""
    try:
        blobs.undelete(name)
    except urllib.error.HTTPError as refused:
        return refused.code == 501
    return False
