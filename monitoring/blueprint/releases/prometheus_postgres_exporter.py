"""The exporter of the managed PostgreSQL: job `azure-sql`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitoring.blueprint.components.workloads import POSTGRES_EXPORTER, POSTGRES_SECRETS
from monitoring.blueprint.objects import key_vault
from monitoring.blueprint.releases.pod_settings import of_database, scheduling
from monitoring.blueprint.values.layers import nested
from monitoring.fleet.model import Region
from monitoring.fleet.sources import PostgreSql

JOB = "azure-sql"

KNOWN_AFTER_APPLY = {f"extraManifests[0].{key_vault.CLIENT_ID}": POSTGRES_EXPORTER.name}


def computed(region: Region) -> Mapping[str, Any]:
    """All that depends on the region, or that other modules know; empty where the region owns no PostgreSQL."""
    database = region.databases.postgresql if region.databases else None
    return nested(_values(region, database)) if database else {}


def _values(region: Region, database: PostgreSql) -> dict[str, Any]:
    return {
        **scheduling(""),
        "serviceAccount": {"create": False, "name": POSTGRES_EXPORTER.service_account},
        "config.datasource.host": database.host,
        "config.datasource.port": str(database.port),
        "config.datasource.database": database.database,
        "config.datasource.user": database.user,
        "config.datasource.passwordFile": f"{key_vault.FOLDER}/{database.password_secret}",
        "extraVolumes": [key_vault.volume(POSTGRES_SECRETS)],
        "extraVolumeMounts": [key_vault.mount()],
        "extraManifests": [key_vault.secret_provider_class(POSTGRES_SECRETS, region, (database.password_secret,))],
        "serviceMonitor.relabelings": of_database(JOB, database.host, database.port),
    }
