"""What a region's drill asks and promises (`monitoring.drill`), and the job that does it once a day."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cache

import yaml

from monitoring.blueprint.components.model import NAMESPACE
from monitoring.blueprint.components.workloads import DRILL, POOL_LABELS, PRIORITY_CLASS, PROMETHEUS, TOLERATIONS
from monitoring.blueprint.objects.objstore import objstore
from monitoring.blueprint.scraping.jobs import job_name
from monitoring.blueprint.values.charts import ROOT, versions
from monitoring.blueprint.values.confinement import confined
from monitoring.blueprint.values.manifests import Manifest
from monitoring.drill.plan import VARIABLE, Plan, Promise
from monitoring.fleet.model import Peer, Region

HOUR, DAY = 3600.0, 86400.0

RECOVERY_POINT = {"raw": 4 * HOUR, "five_minutes": 3 * DAY, "one_hour": 17 * DAY}
"""How old the newest sample in Blob may be, in seconds.

Raw: an ingestor writes a block of two hours when its head holds three (`tsdb/head.go`, `compactable`), so the newest
sample is one to three hours old; the fourth is for the upload and a restart. The others: Thanos' compactor downsamples
what it has merged to two days (5m) and to fourteen (1h), and is given a day and three more.
"""

KNOWN_SERIES = f'up{{job="{job_name(PROMETHEUS)}"}}'
"""Every Prometheus scrapes itself: 1 at each scrape, for as long as it lives."""


def plan(region: Region, *, since: float | None) -> Plan:
    """What the drill of a region asks; `since` is when it began, in seconds since 1970."""
    kept = region.thanos.retention.by_resolution
    return Plan(
        series=KNOWN_SERIES,
        interval=region.prometheus.scrape_interval.seconds,
        promise=Promise(
            recovery_point=RECOVERY_POINT,
            retention={name: float(duration.seconds) for name, duration in kept.items()},
        ),
        since=since,
    )


SCHEDULE = "17 4 * * *"
"""Once a day, in UTC; not on the hour, when everybody's jobs begin."""
SHOWN = 600.0
"""Seconds for Prometheus to read the result: twenty scrapes."""
DEADLINE = 4 * 3600
"""Seconds after which a drill that hangs is ended."""
CODE = ("monitoring/__init__.py", "monitoring/clock.py", "monitoring/errors.py", "monitoring/processes.py")
"""Files that the drill's own import. A test runs them all with the standard library alone."""
MEMORY = {"requests": {"cpu": "100m", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "3Gi"}}
"""A Store Gateway's index cache and chunk pool, as `capacity.long_term.STORE_MEMORY`, and a day's samples."""

_BINARY = "/drill/bin"


@cache
def code() -> dict[str, str]:
    """The drill's files by their path, the same in every region."""
    files = [*CODE, *(file.relative_to(ROOT).as_posix() for file in sorted((ROOT / "monitoring/drill").glob("*.py")))]
    return {file: (ROOT / file).read_text(encoding="utf-8") for file in files}


def drill_job(region: Region, peers: Sequence[Peer]) -> Iterator[Manifest]:  # noqa: ARG001  (a maker of objects)
    """The code as a ConfigMap, and the CronJob that runs it beside a Thanos."""
    files = code()
    keys = {path: path.replace("/", ".") for path in files}
    metadata = {"name": DRILL.name, "namespace": NAMESPACE, "labels": dict(DRILL.labels)}
    yield {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "data": {keys[path]: text for path, text in files.items()},
    }
    yield {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": metadata,
        "spec": {
            "schedule": SCHEDULE,
            "timeZone": "Etc/UTC",
            "concurrencyPolicy": "Forbid",
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 3,
            "jobTemplate": {
                "spec": {
                    "backoffLimit": 1,
                    "activeDeadlineSeconds": DEADLINE,
                    "template": {
                        "metadata": {
                            "labels": {**DRILL.labels, "azure.workload.identity/use": "true"},
                            "annotations": {
                                "prometheus.io/scrape": "true",
                                "prometheus.io/port": str(DRILL.port("http").number),
                                "oversight.com/drill": hashlib.sha256(json.dumps(files).encode()).hexdigest()[:16],
                            },
                        },
                        "spec": _pod(region, keys),
                    },
                }
            },
        },
    }


def _pod(region: Region, keys: dict[str, str]) -> dict[str, object]:
    return {
        "serviceAccountName": DRILL.service_account,
        "automountServiceAccountToken": False,
        "restartPolicy": "Never",
        "priorityClassName": PRIORITY_CLASS,
        "nodeSelector": dict(POOL_LABELS),
        "tolerations": TOLERATIONS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65534,
            "runAsGroup": 65534,
            "fsGroup": 65534,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "initContainers": [
            {
                "name": "thanos",
                "image": versions().reference("thanos"),
                "command": ["cp", "/bin/thanos", f"{_BINARY}/thanos"],
                "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "256Mi"}},
                "securityContext": confined(),
                "volumeMounts": [{"name": "bin", "mountPath": _BINARY}],
            }
        ],
        "containers": [
            {
                "name": "drill",
                "image": versions().reference("python"),
                "command": ["python", "-m", "monitoring.drill.job"],
                "workingDir": "/drill/code",
                "env": [{"name": VARIABLE, "value": _asked(region)}, {"name": "PYTHONDONTWRITEBYTECODE", "value": "1"}],
                "ports": [{"name": port.name, "containerPort": port.number} for port in DRILL.ports],
                "resources": MEMORY,
                "securityContext": confined(),
                "volumeMounts": [
                    {"name": "bin", "mountPath": _BINARY, "readOnly": True},
                    {"name": "code", "mountPath": "/drill/code", "readOnly": True},
                    {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  (a volume of its own)
                ],
            }
        ],
        "volumes": [
            {"name": "bin", "emptyDir": {"sizeLimit": "512Mi"}},
            {
                "name": "code",
                "configMap": {"name": DRILL.name, "items": [{"key": key, "path": path} for path, key in keys.items()]},
            },
            {"name": "tmp", "emptyDir": {"sizeLimit": "10Gi"}},  # index headers
        ],
    }


def _asked(region: Region) -> str:
    """What the job is told (`monitoring.drill.job.Job`); no secret: the pod's identity signs in."""
    asked = {
        "objstore": yaml.safe_load(objstore(region)),
        "plan": asdict(plan(region, since=None)),
        "thanos": f"{_BINARY}/thanos",
        "port": DRILL.port("http").number,
        "shown": SHOWN,
    }
    return json.dumps(asked, sort_keys=True)
