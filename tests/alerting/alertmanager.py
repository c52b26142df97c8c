"""A real Alertmanager on loopback with a region's configuration, and the services that it calls."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from monitoring.blueprint.components.workloads import ALERTMANAGER_PATH
from monitoring.clock import ask_until_true
from monitoring.fleet import Region
from monitoring.local.servers import Quiet, serving
from tests.alerting.deployed import write
from tests.stack.processes import free_ports, running, tool

PATIENCE = 60
"""Seconds that a test waits for what takes about one."""


class Services:
    """Every call that came, as path and body, in order."""

    def __init__(self, port: int, calls: list[tuple[str, Any]]) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.calls = calls

    def to(self, path: str) -> list[Any]:
        """Bodies that came to a path."""
        return [body for called, body in self.calls if called == path]

    def alerts(self, path: str) -> set[str]:
        """Names of the alerts that a webhook was told of."""
        return {alert["labels"]["alertname"] for body in self.to(path) for alert in body["alerts"]}


class Alertmanager:
    """The real one; `secret` writes what Key Vault's driver would."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address = address
        self.folder = folder

    def secret(self, name: str, value: str) -> None:
        (self.folder / name).write_text(value, encoding="utf-8")

    def post(self, *alerts: dict[str, str], **annotations: str) -> None:
        """Fire alerts with these labels."""
        body = [{"labels": labels, "annotations": annotations} for labels in alerts]
        httpx.post(f"{self.address}/api/v2/alerts", json=body, timeout=PATIENCE).raise_for_status()

    def silenced(self, labels: dict[str, str]) -> bool:
        """Whether the alert with exactly these labels is inhibited now."""
        alerts = httpx.get(f"{self.address}/api/v2/alerts", timeout=PATIENCE).raise_for_status().json()
        (found,) = [one for one in alerts if one["labels"] == labels]
        return bool(found["status"]["inhibitedBy"])


@contextmanager
def services() -> Iterator[Services]:
    """An HTTP server that takes every POST."""
    calls: list[tuple[str, Any]] = []

    class Handler(Quiet):
        def do_POST(self) -> None:  # noqa: N802  (the name that http.server calls)
            calls.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.answer(202)

    with serving(Handler) as port:
        yield Services(port, calls)


@contextmanager
def alertmanager(region: Region, folder: Path, called: Services) -> Iterator[Alertmanager]:
    """Started with the deployed configuration; hosts and the URLs of all secrets are `called`."""
    config = write(region, folder)
    text = config.read_text(encoding="utf-8")
    for receiver in region.alerting.used_receivers().values():
        text = text.replace(f"https://{receiver.host}/", f"{called.address}/")
    config.write_text(text, encoding="utf-8")
    for name in region.alerting.secrets():
        (folder / name).write_text(f"{called.address}/{name}", encoding="utf-8")
    (port,) = free_ports(1)
    address = f"http://127.0.0.1:{port}{ALERTMANAGER_PATH}"
    line = [
        tool("alertmanager"),
        f"--config.file={config}",
        f"--storage.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--web.external-url=https://{region.access.host}{ALERTMANAGER_PATH}",
        f"--web.route-prefix={ALERTMANAGER_PATH}",
        "--cluster.listen-address=",
    ]
    with running(line, log=folder / "log", port=port, ready=f"{ALERTMANAGER_PATH}/-/ready"):
        yield Alertmanager(address, folder)


def until(holds: Callable[[], object], what: str) -> None:
    """Wait until something holds; the test fails with its name where it never does."""
    if not ask_until_true(holds, patience=PATIENCE):
        pytest.fail(f"waited {PATIENCE} s in vain until {what}")
