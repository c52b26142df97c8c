"""The model of a network flow: its two ends, its port, and how the caller is authenticated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network

from monitoring.blueprint.components.model import Component, Port

HTTPS = Port(name="https", number=443)
ANY = Port(name="any", number=0)
"""Every TCP port: where those who are called choose theirs."""


class Auth(StrEnum):
    """How the called side knows who calls; the first three do, the others need a reason."""

    MTLS = "mTLS"
    """Certificates on both sides."""
    TLS_TOKEN = "TLS, token"  # noqa: S105  (a name)
    """TLS, and in each request a token of Kubernetes or Entra, or a key that only the caller has."""
    SESSION = "session"
    """A person who signed in with Entra, or a machine with its password, in each request."""
    TLS = "TLS"
    """The caller knows the called side, not the other way round."""
    NONE = "none"

    @property
    def knows_the_caller(self) -> bool:
        """Whether the called side refuses a stranger."""
        return self not in {Auth.TLS, Auth.NONE}


@dataclass(frozen=True, kw_only=True)
class ApiServer:
    """The cluster's API server: Azure's, at an address that moves.

    `network` is where a private one answers, and calls from (None: a public address). Its calls to webhooks come
    out of the pods `agents` (konnectivity), or from `network` with API-server VNet integration.
    """

    name: str = "API server"
    network: IPv4Network | None
    agents: ClusterPods
    ports: tuple[Port, ...] = (HTTPS,)


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """The cluster's nodes; `own` is the pod's own node alone, by one of the `networks` that exist on each node."""

    name: str
    networks: tuple[IPv4Network, ...]
    own: bool = False
    ports: tuple[Port, ...]


@dataclass(frozen=True, kw_only=True)
class Cidr:
    """Addresses outside of the cluster; `name` says whose they are."""

    name: str
    networks: tuple[IPv4Network, ...]
    ports: tuple[Port, ...] = ()


@dataclass(frozen=True, kw_only=True)
class HostName:
    """A name outside of the cluster; `network` is where it answers (None: a public address).

    `title` is what all regions call it, where each has its own.
    """

    name: str
    title: str = ""
    network: IPv4Network | None = None
    ports: tuple[Port, ...] = (HTTPS,)


@dataclass(frozen=True, kw_only=True)
class ClusterPods:
    """Pods of the cluster that are not ours; no `namespace`: those of all namespaces but ours, no `labels`: all."""

    name: str
    namespace: str | None
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    ports: tuple[Port, ...] = ()


Side = Component | ApiServer | Nodes | Cidr | HostName | ClusterPods


@dataclass(frozen=True)
class Flow:
    """`source` opens connections to the named `port` of `target`. `reason` says why an unknown caller is no harm."""

    source: Side
    target: Side
    _: KW_ONLY
    port: str
    why: str
    auth: Auth
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.source.name} -> {self.target.name}:{self.port}"

    @property
    def opened(self) -> Port:
        """The port; KeyError where the target has none of that name."""
        for port in self.target.ports:
            if port.name == self.port:
                return port
        raise KeyError(str(self))
