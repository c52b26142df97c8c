"""Port-forwards a cluster's components to loopback with kubectl."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.workloads import PROMETHEUS, QUERY
from monitoring.clock import SYSTEM, Clock
from monitoring.fleet.model import Region
from monitoring.processes import free_ports, start, stop, wait_until_ready


@contextmanager
def forwarded(region: Region, *, folder: Path, kubectl: str = "kubectl", clock: Clock = SYSTEM) -> Iterator[Path]:
    """A file of addresses of the cluster that kubectl's context names: each Prometheus replica, and Query.

    Others stay out: their certificates do not name localhost, and oauth2-proxy is asked by its own name. RuntimeError
    with kubectl's last words where it reaches none.
    """
    wanted: list[tuple[Component, str, str]] = [
        (PROMETHEUS, f"pod/prometheus-prometheus-{replica}", "http-web")
        for replica in range(region.prometheus.replicas)
    ]
    wanted.append((QUERY, f"service/{QUERY.service}", "http"))
    roots = folder / "roots.pem"
    roots.write_text("".join(root.pem for root in region.trust), encoding="utf-8")
    components: dict[str, list[str]] = {}
    with ExitStack() as stack:
        for port, (component, target, name) in zip(free_ports(len(wanted)), wanted, strict=True):
            named = component.port(name)
            log = folder / f"{target.replace('/', '-')}.log"
            line = [kubectl, "port-forward", "-n", component.namespace, target, f"{port}:{named.number}"]
            process = start(line, log=log)
            stack.callback(stop, [process])
            wait_until_ready(process, port, None, log=log, tls=None, clock=clock)
            components.setdefault(component.name, []).append(f"{'https' if named.tls else 'http'}://localhost:{port}")
        file = folder / "addresses.json"
        file.write_text(json.dumps({region.name: {"components": components, "trust": str(roots)}}), encoding="utf-8")
        yield file
