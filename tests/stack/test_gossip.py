"""Alertmanagers gossip with certificates on both sides, as the values say."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.blueprint.components.workloads import ALERTMANAGER
from monitoring.blueprint.releases import releases
from monitoring.fleet import Region
from monitoring.local.authorities import Issued
from tests.stack.processes import PATIENCE, eventually, free_ports, running, tool
from tests.stack.tls_chain import BUNDLE, issued, write, write_trust

pytestmark = pytest.mark.stack


@contextmanager
def alertmanagers(folder: Path, leaves: Sequence[Issued], region: Region) -> Iterator[list[int]]:
    """One per leaf, each told of the first: their web ports."""
    write_trust(folder, BUNDLE)
    (folder / "alertmanager.yml").write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    ports = free_ports(2 * len(leaves))
    web, mesh = ports[: len(leaves)], ports[len(leaves) :]
    with ExitStack() as stack:
        for index, leaf in enumerate(leaves):
            files = write(folder / f"alertmanager-{index}", leaf)
            (files / "cluster.yml").write_text(yaml.safe_dump(_gossip(region, files)))
            line = [
                tool("alertmanager"),
                f"--config.file={folder}/alertmanager.yml",
                f"--storage.path={files}/data",
                f"--web.listen-address=127.0.0.1:{web[index]}",
                f"--cluster.tls-config={files}/cluster.yml",
                f"--cluster.listen-address=127.0.0.1:{mesh[index]}",
                f"--cluster.advertise-address=127.0.0.1:{mesh[index]}",
                f"--cluster.peer=127.0.0.1:{mesh[0]}",
                "--cluster.settle-timeout=1s",
            ]
            stack.enter_context(running(line, log=files / "log", port=web[index]))
        yield web


def _gossip(region: Region, files: Path) -> dict[str, Any]:
    """The operator's translation of `clusterTLS`."""
    values: Any = {release.name: release.values for release in releases(region, ())}["kube-prometheus-stack"]
    gossip = values["alertmanager"]["alertmanagerSpec"]["clusterTLS"]
    shown = {"cert_file": f"{files}/tls.crt", "key_file": f"{files}/tls.key"}
    roots = f"{files.parent}/trust/{gossip['client']['ca']['configMap']['key']}"
    server = {"client_ca_file": roots, "client_auth_type": gossip["server"]["clientAuthType"]}
    client = {"ca_file": roots, "server_name": gossip["client"]["serverName"]}
    return {"tls_server_config": {**shown, **server}, "tls_client_config": {**shown, **client}}


def peers(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/status", timeout=PATIENCE) as answer:
        return len(json.load(answer)["cluster"]["peers"])


def test_alertmanager_gossip_refuses_a_peer_of_another_root(tmp_path: Path, zoned: Region) -> None:
    leaves = [issued(ALERTMANAGER, zoned, by=by) for by in ("old", "new", "foreign")]
    with alertmanagers(tmp_path, leaves, zoned) as web:
        eventually(lambda: [peers(port) for port in web[:2]] == [2, 2])
        assert [peers(port) for port in web] == [2, 2, 1]
