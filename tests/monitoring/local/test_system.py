"""How a run ends: by itself, by a signal, or because a part has died; nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitoring.__main__ import main
from monitoring.blueprint.values.charts import ROOT
from monitoring.commands import local
from monitoring.commands.local import choose, entry_points
from monitoring.errors import InvalidInput
from monitoring.fleet import load_fleet
from monitoring.local import system as local_system
from monitoring.local.differences import Differences
from monitoring.local.region import Program
from monitoring.local.system import ProgramDiedError, System
from monitoring.processes import free_ports

REGIONS = ROOT / "tests" / "fleet" / "regions"
FLEET = load_fleet(REGIONS)


def program(*line: str, name: str = "region/part-0") -> Program:
    return Program(name=name, component="part", region="region", line=line, port=free_ports(1)[0], ready=None)


def test_dead_process_is_reported_with_its_last_log_lines(tmp_path: Path) -> None:
    system = System(folder=tmp_path, differences=Differences())
    system.begin([program("sh", "-c", "echo I cannot go on; exit 3")])
    system.processes["region/part-0"].wait()
    assert system.dead() == "region/part-0 has stopped (3): I cannot go on\n"


def test_process_that_never_becomes_ready_is_reported(tmp_path: Path) -> None:
    system, died = System(folder=tmp_path, differences=Differences()), program("sh", "-c", "echo no such flag; exit 1")
    system.begin([died])
    with pytest.raises(ProgramDiedError, match="no such flag"):
        system.ready(died)


def test_all_processes_are_stopped_at_exit(tmp_path: Path) -> None:
    system = System(folder=tmp_path, differences=Differences())
    system.begin([program("sleep", "600")])
    assert system.dead() is None
    system.end()
    assert system.processes["region/part-0"].poll() is not None


def test_the_region_with_the_global_view_is_the_first() -> None:
    first, second = choose(FLEET, None, None)
    assert first.global_view
    assert second.name != first.name
    assert [one.name for one in choose(FLEET, "trial-beta", "trial-gamma")] == ["trial-beta", "trial-gamma"]
    with pytest.raises(InvalidInput, match="PEER must be another region than trial-beta"):
        choose(FLEET, "trial-beta", "trial-beta")


def test_output_shows_the_oauth2_proxy_url_and_the_root_certificate() -> None:
    page, root = entry_points(
        {"one": {"proxy": "https://127.0.0.1:1", "trust": "/roots.pem"}, "two": {"trust": "/other.pem"}}
    )
    assert "https://127.0.0.1:1/thanos/graph" in page
    assert "https://127.0.0.1:1/oauth2/sign_out" in page
    assert "/roots.pem" in root


def test_an_unknown_region_is_told() -> None:
    answer = CliRunner().invoke(main, ["local", "nowhere", "--regions", str(REGIONS)])
    assert answer.exit_code == 1
    assert "nowhere" in answer.output


def test_dead_process_exits_with_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def running(*_: object) -> Iterator[System]:
        made = System(folder=tmp_path, differences=Differences())
        made.addresses["trial-alpha"] = {"components": {}, "proxy": "https://127.0.0.1:1", "trust": "roots.pem"}
        made.begin([program("sh", "-c", "echo I cannot go on; exit 3"), program("sleep", "600", name="region/part-1")])
        try:
            yield made
        finally:
            made.end()

    monkeypatch.setattr(local, "_prepare", lambda: None)
    monkeypatch.setattr(local_system, "running", running)
    addresses = tmp_path / "addresses.json"
    answer = CliRunner().invoke(main, ["local", "--regions", str(REGIONS), "--addresses", str(addresses)])
    assert answer.exit_code == 1
    assert "region/part-0 has stopped (3): I cannot go on" in answer.output
    assert not addresses.exists()


@pytest.mark.stack
@pytest.mark.parametrize("signalled", [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_all_processes(tmp_path: Path, signalled: signal.Signals) -> None:
    file, temporary = tmp_path / "addresses.json", tmp_path / "temporary"
    temporary.mkdir()
    line = [sys.executable, "-m", "monitoring", "local", "trial-beta", "trial-gamma", "--regions", str(REGIONS)]
    line += ["--addresses", str(file), "--folder-as-blob", "--for", "120"]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(line, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as run:
        while not file.exists() and run.poll() is None:
            time.sleep(0.2)
        found = json.loads(file.read_text(encoding="utf-8"))
        run.send_signal(signalled)
        assert run.wait(timeout=60) == 0
    urls = [url for region in found.values() for urls in region["components"].values() for url in urls]
    ports = [urllib.parse.urlsplit(url).port for url in urls]
    assert len(ports) > 10
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port or 0), timeout=5).close()
    assert [*temporary.iterdir()] == []
    assert not file.exists()
