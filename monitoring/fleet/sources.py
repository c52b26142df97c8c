"""Monitored resources outside of the cluster: virtual machines and databases."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

from monitoring.fleet.base import HostName, Model, ResourceGroupName, pattern
from monitoring.fleet.quantities import Duration

_SECRET_NAME = "(postgres|redis)-exporter-[a-z0-9-]+"  # noqa: S105  (a name)


def _secret_name(value: object) -> object:
    # what was given is not repeated: it may be the secret itself
    if not isinstance(value, str) or not re.fullmatch(_SECRET_NAME, value):
        raise ValueError(
            "must be the name of a Key Vault secret, postgres-exporter-… or redis-exporter-… in small letters, digits "
            "and hyphens, got something else; a secret itself never belongs here"
        )
    return value


ExporterSecret = Annotated[
    str, BeforeValidator(_secret_name, json_schema_input_type=Annotated[str, pattern(f"^{_SECRET_NAME}$", longest=127)])
]
"""Name of a Key Vault secret that an exporter reads. No password begins so: one in place of its name is refused."""

PortNumber = Annotated[int, Field(ge=1, le=65535)]
SqlName = Annotated[str, pattern(r"^[A-Za-z_][A-Za-z0-9_-]*$", longest=63)]


class AzureVms(Model):
    """Virtual machines beside the cluster that Prometheus finds by Azure's own API (docs/discovery.md).

    `port` is their node exporter's. `expected_machines` and `expected_scale_sets` size the calls to Azure
    (azure_calls.py); the machines of scale sets count among the machines.
    """

    resource_group: ResourceGroupName
    port: PortNumber
    refresh: Duration
    expected_machines: int = Field(ge=0, le=5000)
    expected_scale_sets: int = Field(ge=0, le=500)


class PostgreSql(Model):
    """A managed PostgreSQL server; `user` has the role pg_monitor, and its password is a secret of the vault."""

    host: HostName
    port: PortNumber
    database: SqlName
    user: SqlName
    password_secret: ExporterSecret


class Redis(Model):
    """A managed Redis; the secret holds `{"rediss://<host>:<port>": "<access key>"}`, as the exporter reads it."""

    host: HostName
    port: PortNumber
    password_secret: ExporterSecret


class Databases(Model):
    """The databases that this region owns: their exporters run here, and in no other region."""

    postgresql: PostgreSql | None
    redis: Redis | None
