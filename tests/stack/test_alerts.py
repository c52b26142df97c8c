"""Alerts whose reason is how the real Prometheus behaves: a sender that restarts, a page over its limit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import yaml

from monitoring.blueprint.rules.loader import FOLDER
from monitoring.blueprint.values.charts import ROOT
from monitoring.local.servers import Quiet, serving
from tests.rules.pages import alerts
from tests.stack.processes import eventually, free_ports, running, tool
from tests.stack.prometheus import Prometheus

pytestmark = pytest.mark.stack

SMALL_QUEUE = {"capacity": 500, "max_shards": 1, "max_samples_per_send": 500, "min_backoff": "1s", "max_backoff": "1s"}
LABELS = {"namespace": "monitoring", "pod": "prometheus-prometheus-0", "endpoint": "http-web"}
QUEUE = "max(prometheus_remote_storage_queue_highest_timestamp_seconds) - max({sent})"
SENT = "prometheus_remote_storage_queue_highest_sent_timestamp_seconds"


class Receiver:
    """A receiver of remote write that takes everything, or, while it is `down`, nothing."""

    def __init__(self) -> None:
        self.down = False

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """POST, whatever the path."""
        receiver = self

        class Handler(Quiet):
            def do_POST(self) -> None:  # noqa: N802  (the name that http.server calls)
                self.rfile.read(int(self.headers["Content-Length"]))
                self.answer(503 if receiver.down else 204)

        return Handler


def write_configuration(folder: Path, *, port: int, receiver: int) -> None:
    """Prometheus scrapes itself under our labels, and once more over a limit; the rule that our alert reads."""
    rules = yaml.safe_load((ROOT / FOLDER / "alerts-remote-write.yaml").read_text(encoding="utf-8"))
    group = {"name": "behind", "rules": [rule for rule in rules["groups"][0]["rules"] if "record" in rule]}
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": [group]}), encoding="utf-8")
    own = [{"targets": [f"127.0.0.1:{port}"], "labels": LABELS}]
    noisy = [{"targets": [f"127.0.0.1:{port}"], "labels": {"namespace": "shop"}}]
    write = {"name": "thanos", "url": f"http://127.0.0.1:{receiver}/", "queue_config": SMALL_QUEUE}
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(folder / "rules.yml")],
        "remote_write": [write],
        "scrape_configs": [
            {"job_name": "prometheus-prometheus", "static_configs": own},
            {"job_name": "noisy", "static_configs": noisy, "sample_limit": 10},
        ],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration), encoding="utf-8")


@contextmanager
def prometheus(folder: Path, port: int) -> Iterator[None]:
    """It runs until the block ends, and finds what an earlier one has left."""
    line = [
        tool("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--storage.remote.flush-deadline=1s",
    ]
    with running(line, log=folder / "prometheus.log", port=port):
        yield


def ask(port: int, query: str) -> list[dict[str, object]]:
    """Series of an instant query: labels, and the value as a number."""
    result = Prometheus(port=port, until=0).get("/api/v1/query", query=query)["result"]
    return [{**one["metric"], "value": float(one["value"][1])} for one in result]


def until(port: int, query: str) -> list[dict[str, object]]:
    """What a query answers as soon as it answers anything."""
    found: list[dict[str, object]] = eventually(lambda: ask(port, query))
    return found


def test_prometheus_restart_during_an_outage_fires_the_alert(tmp_path: Path) -> None:
    # the same expression in less time: 5 s behind instead of 60, looked at every second
    restarted = str(alerts()["RemoteWriteSenderRestarted"]["expr"])
    assert "[1h:30s]" in restarted
    assert "> 60" in restarted
    restarted = restarted.replace("[1h:30s]", "[5m:1s]").replace("> 60", "> 5")
    receiver = Receiver()
    (port,) = free_ports(1)
    with serving(receiver.handler()) as receives:
        write_configuration(tmp_path, port=port, receiver=receives)
        with prometheus(tmp_path, port):
            until(port, f"{SENT} > 0")
            assert ask(port, restarted) == []
            receiver.down = True
            until(port, "namespace_pod:prometheus_remote_write_behind_seconds:max > 12")
            # a queue that is full takes in nothing: its own newest sample stands still, and the lag with it
            assert ask(port, f"{QUEUE.format(sent=SENT)} > 10") == []
            assert ask(port, restarted) == []
        with prometheus(tmp_path, port):
            (found,) = until(port, restarted)
            assert found["pod"] == LABELS["pod"]
            lost = "prometheus_remote_storage_samples_failed_total or prometheus_remote_storage_samples_dropped_total"
            assert all(one["value"] == 0 for one in ask(port, lost))


def test_exceeded_sample_limit_is_distinguished_from_target_down(tmp_path: Path) -> None:
    (port, nobody) = free_ports(2)
    write_configuration(tmp_path, port=port, receiver=nobody)
    with prometheus(tmp_path, port):
        (found,) = until(port, str(alerts()["ScrapeRefused"]["expr"]))
    assert found == {"namespace": "shop", "job": "noisy", "value": 1.0}
