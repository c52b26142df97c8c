"""Grafana's dashboards: built here, generated into helm-values/dashboards, delivered as ConfigMaps.

Importing this package reads no library of Grafana: `monitoring generate` builds, synthesis reads the committed JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

FOLDER = "helm-values/dashboards"
"""Where the generated JSON is committed, from the repository's root."""

DASHBOARDS = ("monitoring-health", "application", "fleet", "capacity")
"""The uids, which are the files' stems: links and bookmarks hold them, so they never change."""


def dashboard_json(uid: str) -> str:
    """The dashboard as Grafana reads it, ending in a newline."""
    from monitoring.blueprint.dashboards.page import to_json

    return to_json(import_module(f"{__name__}.{uid.replace('-', '_')}").page())


def generated() -> dict[str, Callable[[], str]]:
    """Path of each file from the repository's root, and what makes its text."""
    return {f"{FOLDER}/{uid}.json": _maker(uid) for uid in DASHBOARDS}


def _maker(uid: str) -> Callable[[], str]:
    return lambda: dashboard_json(uid)
