"""Services on Node for the tests: their packages, from npm, and what their pages say."""

from __future__ import annotations

from monitoring.bindings.fast import own_node

import hashlib
import json
import os
import platform
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.oversight_metrics.support import Labels, requests, samples
from tests.stack.processes import eventually, free_ports, running

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "oversight_metrics" / "node"
SERVICES = Path(__file__).with_name("node")
BIN = Path(sys.executable).parent
"""Where the environment's npm and Node are."""

JSON = 'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"a'
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of a socket whose close resets the connection."""


@dataclass(frozen=True)
class Service:
    """Addresses of the service and of its page."""

    url: str
    page_url: str

    def get(self, path: str, method: str = "GET") -> int:
        """The status; 0 for an answer that breaks off."""
        try:
            return httpx.request(method, self.url + path, timeout=60).status_code
        except httpx.TransportError:
            return 0

    def leave(self, path: str, *, reset: bool = False, body: bool = False) -> None:
        """Send a request, with 3 of the 1,000 bytes of its body or without any, and leave before the answer's end."""
        begun = self.begun()
        with socket.create_connection(("127.0.0.1", int(self.url.rpartition(":")[2]))) as connection:
            method, more = ("POST", JSON) if body else ("GET", "\r\n")
            connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\n{more}".encode())
            eventually(lambda: self.begun() > begun)
            if reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    def begun(self) -> float:
        """How many requests the service has seen, as it says itself."""
        return sum(value for name, value in samples(self.page()) if name == "business_metric")

    def page(self) -> str:
        return httpx.get(self.page_url, timeout=60).raise_for_status().text

    def requests_to(self, route: str) -> dict[tuple[str, str], int]:
        """How many by method and status, as soon as there is one: a request counts when its connection is done."""
        seen: dict[tuple[str, str], int] = eventually(
            lambda: {(method, code): n for (method, at, code), n in requests(self.page()).items() if at == route}
        )
        return seen

    def counted(self, action: Callable[[], object]) -> dict[Labels, int]:
        """What the action adds to the requests, as soon as it does: one counts when its connection is done."""
        before = Counter(requests(self.page()))
        action()
        more: dict[Labels, int] = eventually(lambda: dict(Counter(requests(self.page())) - before))
        return more


def install(packages: Mapping[str, str], overrides: Mapping[str, str] | None = None) -> Path:
    """Folder with these packages in exactly these versions, made once per set, and with the package as it is."""
    manifest = json.dumps({"private": True, "dependencies": dict(packages), "overrides": dict(overrides or {})})
    folder = ROOT / ".cache" / f"oversight-metrics-node-{hashlib.sha256(manifest.encode()).hexdigest()[:16]}"
    if not folder.is_dir():
        made = Path(tempfile.mkdtemp(dir=ROOT / ".cache"))
        (made / "package.json").write_text(manifest, encoding="utf-8")
        done = npm("install", folder=made)
        assert done.returncode == 0, done.stderr
        if not folder.is_dir():  # another worker may have been faster
            made.rename(folder)
    return folder


def npm(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The environment's npm, with the registry that the machine has for it."""
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    line = [str(BIN / "npm"), *arguments, "--no-audit", "--no-fund"]
    return subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def with_package(packages: Path, folder: Path) -> Path:
    """A folder of a test's own, with these packages and this one."""
    shutil.copytree(packages / "node_modules", folder / "node_modules", symlinks=True)
    own = folder / "node_modules" / "oversight-metrics"
    own.mkdir()
    for file in SOURCE.iterdir():
        if file.is_file():
            shutil.copy(file, own)
    return folder


def node_package() -> str:
    """The npm package with Node's binary for this machine."""
    return f"node-linux-{ {'x86_64': 'x64', 'aarch64': 'arm64'}[platform.machine()] }"


@contextmanager
def serving(script: Path, folder: Path, *, log: Path | None = None, node: str = "") -> Iterator[Service]:
    """A service, on the packages of the folder, into which its script goes; `node` is another Node's binary."""
    port, page_port = free_ports(2)
    if script.parent != folder:
        shutil.copy(script, folder)
    line = [node or own_node(), str(folder / script.name), str(port), str(page_port)]
    environment = {key: value for key, value in os.environ.items() if key != "NODE_OPTIONS"}
    with running(line, log=log or folder / "log", port=page_port, ready="/metrics", environment=environment):
        yield Service(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{page_port}/metrics")
