"""The local system under attack: one region from its values, its load a fortieth of what it is, so its limits are too.

The limits are computed from the load as they are deployed; smaller, less has to be sent to reach them.
"""

from __future__ import annotations

import base64
import http.client
import json
import resource
import ssl
import subprocess
import time
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from monitoring.blueprint.components.workloads import GLOBAL_PATH, THANOS_PATH
from monitoring.blueprint.releases import request_limits
from monitoring.fleet import Fleet, Region
from monitoring.local import system as local
from monitoring.local.region import Program
from monitoring.local.tls import trusting
from tests.attacks.remote_write import HEADERS, packed, series
from tests.stack.processes import eventually, free_ports, running, tool

PATIENCE = 120
"""Seconds until an answer must have come."""

LISTENERS = ("-address", ".address")
"""How the flags end by which a part is told where to listen."""

ACTIVE_SERIES = 10_000
SAMPLES_PER_QUERY = 20_000
SLOWEST_QUERY = "15s"
"""In place of a minute."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    body: bytes

    @property
    def data(self) -> Any:
        """Of Prometheus' API."""
        return json.loads(self.body)["data"]


@dataclass(frozen=True, kw_only=True)
class Attacked:
    """What runs, and how it is spoken to."""

    region: Region
    system: local.System

    @property
    def folder(self) -> Path:
        """The region's files."""
        return self.system.folder / self.region.name

    @property
    def addresses(self) -> dict[str, Any]:
        """As `monitoring verify` takes them."""
        return self.system.addresses[self.region.name]

    def url(self, component: str, number: int = 0) -> str:
        """Where a pod answers; Thanos' interface below its path."""
        path = {"thanos-query": THANOS_PATH, "thanos-query-frontend": THANOS_PATH, "thanos-global-query": GLOBAL_PATH}
        return f"{self.addresses['components'][component][number]}{path.get(component, '')}"

    def program(self, pod: str) -> Program:
        """What was started."""
        (found,) = [program for program in self.system.programs if program.name == f"{self.region.name}/{pod}"]
        return found

    def client(self, *, shows: Path | None = None) -> ssl.SSLContext:
        """A client that trusts the region's roots."""
        return trusting(Path(self.addresses["trust"]), shows=shows)

    @property
    def sender(self) -> ssl.SSLContext:
        """A client that shows Prometheus' certificate."""
        return self.client(shows=Path(self.addresses["client_certificate"]))

    @property
    def machine(self) -> dict[str, str]:
        """The header of basic auth at oauth2-proxy."""
        password = Path(self.addresses["machine_password_file"]).read_text(encoding="utf-8")
        text = base64.b64encode(f"{self.addresses['machine']}:{password}".encode()).decode()
        return {"Authorization": f"Basic {text}"}

    def ask(self, url: str, *, form: Mapping[str, object] | None = None, **more: Any) -> Answer:
        """One request: GET, or with a form POST; `more` as `request` takes it."""
        more = {"context": self.client(), **more}
        if form is None:
            return request(url, **more)
        headers = {"Content-Type": "application/x-www-form-urlencoded", **more.pop("headers", {})}
        body = urllib.parse.urlencode(form).encode()
        return request(url, body=body, headers=headers, **more)

    def write(
        self, body: bytes | Iterator[bytes], *, address: str | None = None, context: ssl.SSLContext | None = None
    ) -> Answer:
        """A remote write with Prometheus' certificate, or another; to the router, or to another `address`."""
        url = f"https://{address or self.addresses['remote_write']}/api/v1/receive"
        return request(url, body=body, headers=HEADERS, context=context or self.sender)

    def others_are_served(self) -> None:
        """People ask through oauth2-proxy, and a sender writes; what it wrote is found."""
        for path in ("", THANOS_PATH):
            answer = self.ask(f"{self.addresses['proxy']}{path}/api/v1/query?query=up", headers=self.machine)
            assert (answer.status, bool(answer.data["result"])) == (200, True), answer.body[:300]
        now = time.time()
        assert self.write(packed(series({"__name__": "of_others"}, [(now, now)]))).status == 200
        eventually(lambda: self.newest("of_others") >= now)

    def newest(self, name: str) -> float:
        """The value that Query has of a series; 0 without one."""
        answer = self.ask(f"{self.url('thanos-query')}/api/v1/query?query={name}")
        return max((float(one["value"][1]) for one in answer.data["result"]), default=0.0)


def request(
    url: str,
    *,
    body: bytes | Iterator[bytes] | None = None,
    headers: Mapping[str, str] | None = None,
    context: ssl.SSLContext | None = None,
) -> Answer:
    """One request; a server may answer before it has read all of it, and close."""
    programs = urllib.parse.urlsplit(url)
    assert programs.hostname
    secure = programs.scheme == "https"
    connection = (
        http.client.HTTPSConnection(programs.hostname, programs.port, context=context, timeout=PATIENCE)
        if secure
        else http.client.HTTPConnection(programs.hostname, programs.port, timeout=PATIENCE)
    )
    target = f"{programs.path}?{programs.query}" if programs.query else programs.path
    try:
        try:
            connection.request("GET" if body is None else "POST", target, body=body, headers=dict(headers or {}))
        except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            if connection.sock is None:
                raise
        got = connection.getresponse()
        return Answer(status=got.status, body=got.read())
    finally:
        connection.close()


@contextmanager
def attacked_region(fleet: Fleet, region: Region, folder: Path) -> Iterator[Attacked]:
    """The region, once its samples are found at the front."""
    load = region.load.model_copy(update={"active_series": ACTIVE_SERIES, "samples_per_query": SAMPLES_PER_QUERY})
    small = region.model_copy(update={"load": load})
    settings = local.Settings(tool=lambda name: Path(tool(name)), azurite=False)
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setattr(request_limits, "QUERY_TIMEOUT", SLOWEST_QUERY)
        system = stack.enter_context(local.running(fleet, [small], folder, settings))
        made = Attacked(region=small, system=system)
        eventually(lambda: made.newest("up"))
        yield made


@dataclass(frozen=True, kw_only=True)
class Another:
    """A part that a test started: its ports by the flags that name them."""

    ports: Mapping[str, int]
    process: subprocess.Popen[bytes]

    def bound(self, memory: int) -> None:
        """From now on it may take as many bytes more, and dies of what takes them, as a pod does at its limit."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        taken = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmSize:"))
        resource.prlimit(self.process.pid, resource.RLIMIT_AS, (taken + memory, taken + memory))

    def address(self, flag: str) -> str:
        """`host:port` of a listener."""
        return f"127.0.0.1:{self.ports[flag]}"


@contextmanager
def another(
    target: Attacked,
    pod: str,
    folder: Path,
    *,
    without: tuple[str, ...] = (),
    more: Sequence[str] = (),
) -> Iterator[Another]:
    """A part once more, with ports of its own, `more` flags, and `without` those that begin so."""
    program = target.program(pod)
    own = [word.partition("=")[0] for word in program.line if word.partition("=")[0].endswith(LISTENERS)]
    ports = dict(zip(own, free_ports(len(own)), strict=True))
    line = [
        f"{flag}=127.0.0.1:{ports[flag]}" if (flag := word.partition("=")[0]) in ports else word
        for word in program.line
        if not word.startswith(without)
    ]
    web = ports.get("--http-address") or ports["--web.listen-address"]
    tls = target.client() if program.tls else None
    with running([*line, *more], log=folder / f"{pod}.log", port=web, tls=tls) as process:
        yield Another(ports=ports, process=process)


def own(folder: Path) -> list[str]:
    """Flags of another Prometheus: data of its own, nothing to scrape, nobody to write to."""
    (folder / "empty.yml").write_text("{}\n", encoding="utf-8")
    return [f"--storage.tsdb.path={folder}/data", f"--config.file={folder}/empty.yml"]
