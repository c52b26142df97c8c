"""The exporter of the managed Redis: job `azure-redis`.

The chart mounts nothing but Kubernetes Secrets, so the password goes from Key Vault into one: the driver keeps it
there as long as some pod mounts the class, and the exporter's own pod cannot. A pod that only waits does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitoring.blueprint.components.workloads import (
    POOL_LABELS,
    PRIORITY_CLASS,
    REDIS_CREDENTIALS,
    REDIS_EXPORTER,
    REDIS_SECRETS,
    TOLERATIONS,
)
from monitoring.blueprint.objects import key_vault
from monitoring.blueprint.releases.pod_settings import of_database, scheduling
from monitoring.blueprint.values.charts import versions
from monitoring.blueprint.values.confinement import confined
from monitoring.blueprint.values.layers import nested
from monitoring.fleet.model import Region
from monitoring.fleet.sources import Redis

JOB = "azure-redis"

KNOWN_AFTER_APPLY = {f"extraManifests[0].{key_vault.CLIENT_ID}": REDIS_CREDENTIALS.name}

WAITING_USER = 65535
"""The user of the pause image."""


def computed(region: Region) -> Mapping[str, Any]:
    """All that depends on the region, or that other modules know; empty where the region owns no Redis."""
    database = region.databases.redis if region.databases else None
    return nested(_values(region, database)) if database else {}


def _values(region: Region, database: Redis) -> dict[str, Any]:
    secret = database.password_secret
    return {
        **scheduling(""),
        "serviceAccount": {"create": False, "name": REDIS_EXPORTER.service_account},
        # rediss: TLS, with the server's certificate and name verified against the roots of the image
        "redisAddress": f"rediss://{database.host}:{database.port}",
        "auth.enabled": True,
        "auth.redisPasswordFile.secret": {"name": REDIS_SECRETS, "key": secret},
        "extraManifests": [
            key_vault.secret_provider_class(REDIS_SECRETS, region, (secret,), synced_to=REDIS_SECRETS),
            credentials(),
            account(),
        ],
        "serviceMonitor.relabelings": of_database(JOB, database.host, database.port),
    }


def account() -> dict[str, Any]:
    """The exporter's account. The chart's own would mount its token, and no key of the chart says otherwise."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {
            "name": REDIS_EXPORTER.service_account,
            "namespace": REDIS_EXPORTER.namespace,
            "labels": dict(REDIS_EXPORTER.labels),
        },
        "automountServiceAccountToken": False,
    }


def credentials() -> dict[str, Any]:
    """The pod that mounts the class and waits."""
    container = {
        "name": "pause",
        "image": versions().reference("pause"),
        "resources": {"requests": {"cpu": "1m", "memory": "8Mi"}, "limits": {"memory": "16Mi"}},
        "securityContext": confined(),
        "volumeMounts": [key_vault.mount()],
    }
    pod = {
        "serviceAccountName": REDIS_CREDENTIALS.service_account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "nodeSelector": dict(POOL_LABELS),
        "tolerations": TOLERATIONS,
        "priorityClassName": PRIORITY_CLASS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": WAITING_USER,
            "runAsGroup": WAITING_USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [key_vault.volume(REDIS_SECRETS)],
    }
    labels = dict(REDIS_CREDENTIALS.labels)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": REDIS_CREDENTIALS.name, "namespace": REDIS_CREDENTIALS.namespace, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
