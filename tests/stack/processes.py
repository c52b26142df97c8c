"""Real binaries on loopback: free ports, start, wait until ready, stop whatever happens."""

from __future__ import annotations

import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from monitoring.commands._charts import CannotHave
from monitoring.commands._tools import find_tool

PATIENCE = 60
"""Seconds until a process must be ready."""


def tool(binary: str) -> str:
    """Path of a real binary; the test fails with what to do where there is none."""
    try:
        return str(find_tool(binary))
    except CannotHave as missing:
        pytest.fail(str(missing))


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def eventually(ask: Callable[[], Any]) -> Any:
    """The first answer that is not empty."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if answer := ask():
            return answer
        time.sleep(0.2)
    raise AssertionError("no answer in time")


@contextmanager
def running(
    line: Sequence[str],
    *,
    log: Path,
    port: int,
    ready: str = "/-/ready",
    environment: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process, from the moment when the path `ready` of its `port` answers with success, until the end of the block.

    `tls` is how it is asked where it does not speak plain HTTP.
    RuntimeError with its last words where it stops before, or is not ready in time.
    """
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(line, stdout=file, stderr=file, env=environment)
        try:
            _wait(process, port, ready=ready, log=log, tls=tls)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, *, ready: str, log: Path, tls: ssl.SSLContext | None) -> None:
    url = f"{'https' if tls else 'http'}://127.0.0.1:{port}{ready}"
    until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until:
        try:
            urllib.request.urlopen(url, timeout=5, context=tls).close()  # noqa: S310  (one of two schemes)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"port {port} does not answer {ready}: {log.read_text(encoding='utf-8')[-2000:]}")
