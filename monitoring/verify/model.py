"""The model of a check, its result and the checked deployment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.workloads import ALERTMANAGER, ALERTMANAGER_PATH, PROMETHEUS, QUERY, THANOS_PATH
from monitoring.fleet import Region
from monitoring.verify.client import Client, UnreachableError


class State(StrEnum):
    """What became of a check."""

    OK = "ok"
    FAILED = "failed"
    TOO_YOUNG = "too young"
    """What is asked for takes longer than the deployment has been there."""
    NOT_HERE = "not here"
    """The addresses name no such part."""
    UNREACHABLE = "unreachable"


class NotHereError(Exception):
    """The addresses name no such part."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a check found; `hint` says what to look at where it failed."""

    check: str
    state: State
    evidence: str
    hint: str = ""

    @property
    def good(self) -> bool:
        """Whether nothing speaks against it."""
        return self.state in {State.OK, State.TOO_YOUNG, State.NOT_HERE}


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A region's addresses: URLs of `components`, one for each pod that is asked on its own.

    `remote_write` and `query_grpc` are `host:port`. `receiver` shows at /calls what people would be told (on one
    machine alone); without it `may_alert` allows a test alert to be sent to people. `regions` are those of which the
    global view must have something.
    """

    region: Region
    components: Mapping[str, Sequence[str]]
    remote_write: str | None = None
    query_grpc: str | None = None
    proxy: str | None = None
    receiver: str | None = None
    may_alert: bool = False
    regions: Sequence[str] = ()

    @property
    def prometheuses(self) -> Sequence[str]:
        """URLs of the replicas."""
        return self.of(PROMETHEUS)

    @property
    def alertmanagers(self) -> Sequence[str]:
        """URLs, each with its prefix."""
        return [url + ALERTMANAGER_PATH for url in self.of(ALERTMANAGER)]

    @property
    def query(self) -> str:
        """The URL of the region's Query, with its prefix."""
        return self.of(QUERY)[0] + THANOS_PATH

    def of(self, component: Component) -> Sequence[str]:
        """URLs of a component; NotHereError where there are none."""
        urls = self.components.get(component.name)
        if not urls:
            raise NotHereError(component.name)
        return urls


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check hands back; its name and hint stand in the table of checks."""

    good: bool
    evidence: str
    state: State | None = None

    @property
    def outcome(self) -> State:
        """The state."""
        return self.state or (State.OK if self.good else State.FAILED)


def good(evidence: str) -> Finding:
    """Nothing speaks against it."""
    return Finding(good=True, evidence=evidence)


def bad(evidence: str) -> Finding:
    """It does not hold."""
    return Finding(good=False, evidence=evidence)


Ask = Callable[[Client, Deployment], Finding]


@dataclass(frozen=True, kw_only=True)
class Check:
    """A criterion: its name, how it is asked, and what to look at where it does not hold."""

    name: str
    ask: Ask
    hint: str


def vector(client: Client, url: str, query: str, **more: str) -> list[tuple[dict[str, str], float]]:
    """The series of an instant query: labels and value; UnreachableError with what is said instead."""
    answer = client.get(f"{url}/api/v1/query", query=query, **more)
    said: Any = answer.json()
    if "data" not in said:
        raise UnreachableError(f"{url} does not answer {query}: {answer.text[:200]}")
    return [(one["metric"], float(one["value"][1])) for one in said["data"]["result"]]


def scalar(client: Client, url: str, query: str, **more: str) -> float | None:
    """The value of a query with one series; None where there is none."""
    found = vector(client, url, query, **more)
    return found[0][1] if found else None
