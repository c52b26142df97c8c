"""A cluster by port-forward: with a kubectl that only says what it was asked, and listens."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

import pytest

from monitoring.fleet import Region
from monitoring.verify.port_forward import forwarded
from tests.fake_clock import STANDING

LISTENS = f"""#!{sys.executable}
import socket, sys
print(*sys.argv[1:], flush=True)
server = socket.create_server(("127.0.0.1", int(sys.argv[-1].partition(":")[0])))
while True:
    server.accept()[0].close()
"""
REFUSES = f"""#!{sys.executable}
import sys
sys.exit("error: You must be logged in to the server")
"""


def _kubectl(folder: Path, program: str) -> str:
    file = folder / "kubectl"
    file.write_text(program)
    file.chmod(0o755)
    return str(file)


def test_each_replica_and_query_are_on_loopback_until_the_end(zoned: Region, tmp_path: Path) -> None:
    with forwarded(zoned, folder=tmp_path, kubectl=_kubectl(tmp_path, LISTENS), clock=STANDING) as file:
        known = json.loads(file.read_text())[zoned.name]
        parts = known["components"]
        assert len(parts["prometheus"]) == zoned.prometheus.replicas
        assert all(url.startswith("https://localhost:") for url in parts["prometheus"])
        assert parts["thanos-query"][0].startswith("http://localhost:")
        assert Path(known["trust"]).read_text() == "".join(root.pem for root in zoned.trust)
        asked = (tmp_path / "pod-prometheus-prometheus-1.log").read_text()
        assert asked.startswith("port-forward -n monitoring pod/prometheus-prometheus-1 ")
        port = int(parts["prometheus"][0].rpartition(":")[2])
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_port_forward_failure_includes_kubectl_output(zoned: Region, tmp_path: Path) -> None:
    refuses = _kubectl(tmp_path, REFUSES)
    with (
        pytest.raises(RuntimeError, match="You must be logged in"),
        forwarded(zoned, folder=tmp_path, kubectl=refuses, clock=STANDING),
    ):
        pass
