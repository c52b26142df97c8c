"""The model of a workload: its pods, ports, Service, certificate and Azure role assignments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from monitoring.fleet.model import Region

NAMESPACE = "monitoring"
"""Pod Security `restricted`."""

NODE_NAMESPACE = "monitoring-node"
"""Pod Security `privileged`: node-exporter alone, which reads the host."""


class Grant(StrEnum):
    """What a workload may do in Azure, as the name of a built-in role."""

    BLOB_WRITE = "Storage Blob Data Contributor"
    BLOB_READ = "Storage Blob Data Reader"
    SECRETS_READ = "Key Vault Secrets User"
    MACHINES_READ = "Reader"


@dataclass(frozen=True, kw_only=True)
class Port:
    """A named port of a pod; `protocol` as Kubernetes writes it, `service` the Service's number where it differs.

    `tls`: it speaks HTTPS, with the component's certificate.
    """

    name: str
    number: int
    protocol: str = "TCP"
    service: int | None = None
    tls: bool = False


class Usage(StrEnum):
    """What a certificate is good for, as cert-manager writes it."""

    SERVER = "server auth"
    CLIENT = "client auth"


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """What a component's certificate says, besides the Service's name.

    `pods_of` is the headless Service below which single pods have names; `local` adds localhost, for a neighbour
    in the pod.
    """

    usages: tuple[Usage, ...]
    pods_of: str | None = None
    local: bool = False


def _no_secrets(region: Region) -> tuple[str, ...]:  # noqa: ARG001  (what a component without secrets says)
    return ()


@dataclass(frozen=True, kw_only=True)
class Component:
    """One workload: `labels` select its pods, `service` is the Service that others call.

    `aliases` are Services of ours beside the chart's own, by which others know the component (`objects/services.py`).
    `certificate` (None: it speaks no TLS of ours) is issued into the Secret `certificate_secret`. `grants` (empty:
    no Azure identity) are the roles of its workload identity; `secrets` says the names of the Key Vault secrets that
    it may read in a region. With `host_network` its pods have the address of their node. `workload` is the name of
    what makes its pods, where it is another.
    """

    name: str
    release: str
    namespace: str = NAMESPACE
    labels: Mapping[str, str] = field(hash=False)
    ports: tuple[Port, ...]
    service: str | None = None
    aliases: tuple[str, ...] = ()
    service_account: str
    certificate: Certificate | None = None
    grants: tuple[Grant, ...] = ()
    secrets: Callable[[Region], tuple[str, ...]] = _no_secrets
    host_network: bool = False
    workload: str = ""

    def port(self, name: str) -> Port:
        """The port of that name; `KeyError` names those that exist."""
        for port in self.ports:
            if port.name == name:
                return port
        raise KeyError(f"{self.name} has no port {name!r}, only {[port.name for port in self.ports]}")

    @property
    def host(self) -> str:
        """The name by which a pod of any namespace reaches the Service, and which its certificate carries."""
        if self.service is None:
            raise ValueError(f"{self.name} has no Service")
        return f"{self.service}.{self.namespace}.svc"

    @property
    def certificate_secret(self) -> str:
        """The Secret into which cert-manager writes the certificate: tls.crt, tls.key."""
        return f"{self.name}-tls"

    def address(self, port: str) -> str:
        """`host:port` by which a pod of any namespace reaches the Service."""
        named = self.port(port)
        return f"{self.host}:{named.service or named.number}"

    def url(self, port: str) -> str:
        """By which a pod of any namespace calls the Service: scheme, host and port."""
        return f"{'https' if self.port(port).tls else 'http'}://{self.address(port)}"
