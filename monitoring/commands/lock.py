"""`monitoring lock`: removes package indexes from Pipfile.lock, since pip's own configuration names them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

LOCK = Path("Pipfile.lock")


def without_indexes(lock: dict[str, Any]) -> dict[str, Any]:
    """A copy of the lock without addresses of indexes and without the packages' references to them."""
    packages = {
        category: {name: {key: value for key, value in pin.items() if key != "index"} for name, pin in pins.items()}
        for category, pins in lock.items()
        if category != "_meta"
    }
    return {"_meta": {**lock["_meta"], "sources": []}, **packages}


@click.command()
def command() -> None:
    """Take the addresses of package indexes out of Pipfile.lock (`make lock` calls this)."""
    lock = without_indexes(json.loads(LOCK.read_text(encoding="utf-8")))
    LOCK.write_text(json.dumps(lock, indent=4) + "\n", encoding="utf-8")
