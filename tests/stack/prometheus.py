"""A real Prometheus over a folder with samples, and what it answers."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.stack.processes import free_ports, running, tool


@dataclass(frozen=True, kw_only=True)
class Prometheus:
    """The real one; `until` is the time of its newest samples (seconds since 1970)."""

    port: int
    until: int

    def get(self, path: str, **parameters: object) -> Any:
        """The answer's data."""
        query = urllib.parse.urlencode(parameters).encode() if parameters else None
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", data=query, timeout=60) as answer:
            return json.load(answer)["data"]

    def query(self, text: str, *, time: int | None = None) -> list[dict[str, Any]]:
        """Series at `until`, or at `time`."""
        found: list[dict[str, Any]] = self.get("/api/v1/query", query=text, time=time or self.until)["result"]
        return found

    def metrics(self) -> str:
        """Its own page."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=60) as answer:
            return str(answer.read().decode())


@contextmanager
def serving(folder: Path, *, until: int, rules: Sequence[Path] = ()) -> Iterator[Prometheus]:
    """A Prometheus over the blocks of `folder`, that evaluates the files `rules`."""
    (folder / "prometheus.yml").write_text(json.dumps({"rule_files": [str(path) for path in rules]}), encoding="utf-8")
    (port,) = free_ports(1)
    line = [
        tool("prometheus"),
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with running(line, log=folder / "log", port=port):
        yield Prometheus(port=port, until=until)
