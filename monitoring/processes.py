"""Real binaries on loopback: free ports, start, wait until ready, stop whatever happens."""

from __future__ import annotations

import random
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from monitoring.clock import SYSTEM, Clock, ask_until_true

PATIENCE = 60
"""Seconds until a process must be ready, and until it must have stopped."""

LAST_WORDS = 2000
"""Characters of a log that are told when its process has stopped."""

_PORTS = range(15000, 32000)
"""Below what Linux gives to outgoing connections: a port stays free until its process has started."""


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on now."""
    with ExitStack() as stack:
        found: list[int] = []
        for port in random.sample(_PORTS, len(_PORTS)):
            if len(found) == count:
                return found
            one = stack.enter_context(socket.socket())
            with suppress(OSError):
                one.bind(("127.0.0.1", port))
                found.append(port)
    raise RuntimeError(f"{count} free ports must be found between {_PORTS.start} and {_PORTS.stop}, got {len(found)}")


def start(line: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """A process that writes into `log`, in a group of its own: Ctrl-C is for who started it, who then ends it."""
    with log.open("w", encoding="utf-8") as file:
        return subprocess.Popen(  # noqa: S603  (no shell)
            line, stdout=file, stderr=file, env=environment, start_new_session=True
        )


def last_log_lines(log: Path) -> str:
    """The end of a log."""
    return log.read_text(encoding="utf-8", errors="replace")[-LAST_WORDS:]


def wait_until_ready(
    process: subprocess.Popen[bytes],
    port: int,
    ready: str | None,
    *,
    log: Path,
    tls: ssl.SSLContext | None,
    clock: Clock = SYSTEM,
) -> None:
    """Until the path `ready` answers with success, or without one the port takes connections.

    RuntimeError with the process' last words where it stops, or is not ready in time.
    """
    url = f"{'https' if tls else 'http'}://127.0.0.1:{port}{ready}"

    def settled() -> str:
        if process.poll() is not None:
            return "stopped"
        try:
            if ready is None:
                socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
            else:
                urllib.request.urlopen(url, timeout=PATIENCE, context=tls).close()  # noqa: S310  (one of two schemes)
        except OSError:
            return ""
        return "ready"

    if ask_until_true(settled, patience=PATIENCE, pause=0.1, clock=clock) != "ready":
        raise RuntimeError(f"port {port} does not answer {ready or 'at all'}: {last_log_lines(log)}")


def stop(processes: Sequence[subprocess.Popen[bytes]], *, patience: float = PATIENCE) -> None:
    """Ask all to end, and end those that do not within `patience` seconds."""
    for process in processes:
        process.terminate()
    until = time.monotonic() + patience
    for process in processes:
        try:
            process.wait(timeout=max(until - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def running(
    line: Sequence[str],
    *,
    log: Path,
    port: int,
    ready: str | None = "/-/ready",
    environment: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
    clock: Clock = SYSTEM,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process, from the moment when the path `ready` of its `port` answers with success, until the end of the block.

    Without a path, from when the port takes connections.

    `tls` is how it is asked where it does not speak plain HTTP.
    RuntimeError with its last words where it stops before, or is not ready in time.
    """
    process = start(line, log=log, environment=environment)
    try:
        wait_until_ready(process, port, ready, log=log, tls=tls, clock=clock)
        yield process
    finally:
        stop([process])
