"""Record what the real binaries say under /metrics: `python tests/stack/record_expositions.py`.

Starts Prometheus, Thanos (router, ingestor, store gateway, compactor, query, query-frontend), Alertmanager and
oauth2-proxy on loopback, lets samples, queries and one refused sign-in pass through them, and writes
tests/stack/expositions/<part>.txt: types, and of each name the first label sets (buckets complete).
Run it anew when a version changes. What cannot be run here (Grafana, kube-state-metrics, the kubelet, node-exporter)
is in files of the same form that are written by hand, from the sources named in docs/dashboards.md.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

FOLDER = Path(__file__).parent / "expositions"
SERIES_PER_NAME = 20
"""Label sets kept per metric name, a third of it of buckets: enough to see which labels and values there are."""

sys.path.insert(0, str(Path(__file__).parents[2]))

from monitoring.local.binaries import find_tool  # noqa: E402  (run as a script from anywhere)
from tests.stack.processes import PATIENCE, free_ports  # noqa: E402

PARTS = (
    "prometheus",
    "thanos-receive-router",
    "thanos-receive-ingestor",
    "thanos-store-gateway",
    "thanos-compact",
    "thanos-query",
    "thanos-query-frontend",
    "alertmanager",
    "oauth2-proxy",
)


def command_lines(folder: Path, port: dict[str, int]) -> dict[str, list[str]]:
    """What to start, by part; writes the files that it names."""
    thanos = str(find_tool("thanos"))
    bucket = folder / "bucket.yaml"
    bucket.write_text(f"type: FILESYSTEM\nconfig: {{directory: {folder}/bucket}}\n")
    (folder / "bucket").mkdir()
    (folder / "ring.json").write_text(f'[{{"endpoints": ["127.0.0.1:{port["ingestor-grpc"]}"]}}]')
    (folder / "alertmanager.yml").write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    (folder / "rules.yml").write_text(
        "groups: [{name: recorded, rules: [{record: job:up:sum, expr: sum by (job) (up)}, "
        "{alert: Watchdog, expr: vector(1), labels: {severity: none}}]}]\n"
    )
    jobs = "".join(
        f"  - {{job_name: {part}, static_configs: [{{targets: ['127.0.0.1:{port[part]}']}}]}}\n" for part in PARTS
    )
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, evaluation_interval: 1s, external_labels: {cluster: recorded}}\n"
        f"rule_files: [{folder}/rules.yml]\n"
        f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{port['alertmanager']}']}}]}}]}}\n"
        f"remote_write: [{{name: thanos, url: 'http://127.0.0.1:{port['router-write']}/api/v1/receive'}}]\n"
        f"scrape_configs:\n{jobs}"
    )

    def part(name: str, *flags: str, grpc: str | None = None) -> list[str]:
        listen = [f"--http-address=127.0.0.1:{port[name]}"]
        if grpc:
            listen.append(f"--grpc-address=127.0.0.1:{port[grpc]}")
        return [thanos, *flags, *listen]

    return {
        "prometheus": [
            str(find_tool("prometheus")),
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/prometheus",
            "--storage.tsdb.retention.time=15d",
            "--storage.tsdb.retention.size=50GB",
            f"--web.listen-address=127.0.0.1:{port['prometheus']}",
        ],
        "thanos-receive-ingestor": part(
            "thanos-receive-ingestor",
            "receive",
            f"--tsdb.path={folder}/receive",
            f"--remote-write.address=127.0.0.1:{port['ingestor-write']}",
            f"--receive.capnproto-address=127.0.0.1:{port['ingestor-capnproto']}",
            '--label=receive_replica="0"',
            f"--objstore.config-file={bucket}",
            grpc="ingestor-grpc",
        ),
        "thanos-receive-router": part(
            "thanos-receive-router",
            "receive",
            f"--remote-write.address=127.0.0.1:{port['router-write']}",
            f"--receive.capnproto-address=127.0.0.1:{port['router-capnproto']}",
            f"--receive.hashrings-file={folder}/ring.json",
            '--label=receive="router"',
            grpc="router-grpc",
        ),
        "thanos-store-gateway": part(
            "thanos-store-gateway",
            "store",
            f"--data-dir={folder}/store",
            f"--objstore.config-file={bucket}",
            grpc="store-grpc",
        ),
        "thanos-compact": part(
            "thanos-compact",
            "compact",
            "--wait",
            "--wait-interval=5s",
            f"--data-dir={folder}/compact",
            f"--objstore.config-file={bucket}",
        ),
        "thanos-query": part(
            "thanos-query",
            "query",
            f"--endpoint=127.0.0.1:{port['ingestor-grpc']}",
            f"--endpoint=127.0.0.1:{port['store-grpc']}",
            "--query.replica-label=receive_replica",
            grpc="query-grpc",
        ),
        "thanos-query-frontend": part(
            "thanos-query-frontend",
            "query-frontend",
            f"--query-frontend.downstream-url=http://127.0.0.1:{port['thanos-query']}",
            "--query-range.response-cache-config=type: IN-MEMORY\nconfig: {max_size: 16MB}",
        ),
        "alertmanager": [
            str(find_tool("alertmanager")),
            f"--config.file={folder}/alertmanager.yml",
            f"--storage.path={folder}/alertmanager",
            f"--web.listen-address=127.0.0.1:{port['alertmanager']}",
            "--cluster.listen-address=127.0.0.1:0",
        ],
        "oauth2-proxy": [
            str(find_tool("oauth2-proxy")),
            f"--http-address=127.0.0.1:{port['proxy']}",
            f"--metrics-address=127.0.0.1:{port['oauth2-proxy']}",
            "--provider=oidc",
            "--skip-oidc-discovery",
            "--oidc-issuer-url=http://127.0.0.1:1/",
            "--login-url=http://127.0.0.1:1/login",
            "--redeem-url=http://127.0.0.1:1/redeem",
            "--oidc-jwks-url=http://127.0.0.1:1/keys",
            "--client-id=recorded",
            "--client-secret-file=/dev/null",
            f"--cookie-secret={'0' * 32}",
            "--email-domain=*",
            "--upstream=static://200",
        ],
    }


def get(port: int, path: str) -> str:
    """The body, whatever the status."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as refused:
        return refused.read().decode()


def trimmed(text: str) -> Iterator[str]:
    """TYPE lines, and the first label sets of each name."""
    seen: dict[str, set[str]] = {}
    for line in text.splitlines():
        if line.startswith("# TYPE"):
            yield line
        if not line or line.startswith("#"):
            continue
        name = re.split(r"[{ ]", line, maxsplit=1)[0]
        labels = re.sub(r'(le|quantile)="[^"]*",?', "", line.rpartition(" ")[0].removeprefix(name))
        known = seen.setdefault(name, set())
        if labels in known or len(known) < (SERIES_PER_NAME // 3 if name.endswith("_bucket") else SERIES_PER_NAME):
            known.add(labels)
            yield line


def main() -> None:
    """Start, use, record, stop."""
    ring = [f"{part}-{protocol}" for part in ("ingestor", "router") for protocol in ("grpc", "write", "capnproto")]
    others = (*ring, "store-grpc", "query-grpc", "proxy")
    port = dict(zip((*PARTS, *others), free_ports(len(PARTS) + len(others)), strict=True))
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        started: dict[str, subprocess.Popen[bytes]] = {}
        for part, line in command_lines(folder, port).items():
            log = stack.enter_context((folder / f"{part}.log").open("w"))
            started[part] = subprocess.Popen(line, stdout=log, stderr=log)
        try:
            time.sleep(25)
            for part, process in started.items():
                if process.poll() is not None:
                    sys.exit(f"{part} stopped: {(folder / f'{part}.log').read_text()[-2000:]}")
            now = time.time()
            for part in ("prometheus", "thanos-query", "thanos-query-frontend"):
                get(port[part], "/api/v1/query?query=up")
                get(port[part], f"/api/v1/query_range?query=up&start={now - 60:.0f}&end={now:.0f}&step=5")
            get(port["proxy"], "/")
            get(port["proxy"], "/oauth2/auth")
            time.sleep(5)
            FOLDER.mkdir(exist_ok=True)
            for part in PARTS:
                text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:9", get(port[part], "/metrics")).replace(name, "/data")
                (FOLDER / f"{part}.txt").write_text("\n".join(trimmed(text)) + "\n", encoding="utf-8")
                sys.stdout.write(f"{part}: {text.count('# TYPE')} families\n")
        finally:
            for process in started.values():  # Prometheus first: it sends what it still has
                process.terminate()
                process.wait(timeout=120)


if __name__ == "__main__":
    main()
