"""Reads the address file: written by `make local`, or by hand for AKS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from monitoring.blueprint.values.charts import ROOT
from monitoring.errors import InvalidInput, Problem
from monitoring.fleet.loader import Fleet
from monitoring.verify.client import HttpClient
from monitoring.verify.model import Deployment

ADDRESSES = ROOT / ".cache" / "local" / "addresses.json"
"""Where the local system leaves them while it runs."""


def read_addresses(
    file: Path, fleet: Fleet, name: str | None, *, may_alert: bool = False
) -> tuple[HttpClient, Deployment]:
    """Who asks, and whom; InvalidInput where the file has no such region."""
    known: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    chosen = name or next(iter(known))
    if chosen not in known:
        raise InvalidInput([Problem(file=str(file), message=f"region must be one of {', '.join(known)}, got {chosen}")])
    found = known[chosen]
    password = found.get("machine_password_file")
    client = HttpClient(
        trust=_path(found.get("trust")),
        certificate=_path(found.get("client_certificate")),
        proxy=found.get("proxy"),
        machine=(found.get("machine", "admin"), Path(password).read_text(encoding="utf-8").strip())
        if password
        else None,
    )
    deployment = Deployment(
        region=fleet.region(chosen),
        components=found["components"],
        remote_write=found.get("remote_write"),
        query_grpc=found.get("query_grpc"),
        proxy=found.get("proxy"),
        receiver=found.get("receiver"),
        may_alert=may_alert,
        regions=tuple(known),
    )
    return client, deployment


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None
