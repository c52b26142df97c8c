"""The TLS client context of the local system."""

from __future__ import annotations

import ssl
from pathlib import Path


def trusting(bundle: Path, *, shows: Path | None = None) -> ssl.SSLContext:
    """A client that trusts the roots of a file, and shows the certificate of a folder (tls.crt, tls.key)."""
    context = ssl.create_default_context(cafile=str(bundle))
    if shows:
        context.load_cert_chain(shows / "tls.crt", shows / "tls.key")
    return context
