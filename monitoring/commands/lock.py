"""`monitoring lock`: removes package indexes from a Pipfile.lock, since pip's own configuration names them."""

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


def with_pins_of(main: dict[str, Any], lock: dict[str, Any]) -> dict[str, Any]:
    """A copy of an engine's lock, in which the packages that the main lock has too are those of the main lock."""
    packages = {
        category: {name: main[category].get(name, pin) for name, pin in pins.items()}
        for category, pins in lock.items()
        if category != "_meta"
    }
    return {"_meta": lock["_meta"], **packages}


@click.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=LOCK)
def command(*, path: Path) -> None:
    """Take the addresses of package indexes out of Pipfile.lock, or the lock at PATH (`make lock` calls this).

    A lock elsewhere is another engine's: what both have gets the versions of Pipfile.lock.
    """
    lock = without_indexes(json.loads(path.read_text(encoding="utf-8")))
    if path.resolve() != LOCK.resolve():
        lock = with_pins_of(json.loads(LOCK.read_text(encoding="utf-8")), lock)
    path.write_text(json.dumps(lock, indent=4) + "\n", encoding="utf-8")
