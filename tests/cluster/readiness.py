"""What has not become what it was asked to be, told from the objects of a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tests.cluster.kubectl import Object, named


def unready(objects: Iterable[Object]) -> list[str]:
    """Workloads without all their pods of the newest version, pods that are not ready, claims without a volume."""
    return sorted(_unready(objects))


def _unready(objects: Iterable[Object]) -> Iterator[str]:
    for one in objects:
        spec, status = one.get("spec") or {}, one.get("status") or {}
        if one["kind"] in {"Deployment", "StatefulSet"}:
            wanted = spec["replicas"]
            got = [status.get("readyReplicas", 0), status.get("updatedReplicas", 0), status.get("replicas", 0)]
        elif one["kind"] == "DaemonSet":
            # a DaemonSet for no node runs nowhere, and its status would call that complete
            wanted = status.get("desiredNumberScheduled", 0) or 1
            got = [status.get("numberReady", 0), status.get("updatedNumberScheduled", 0)]
        elif one["kind"] == "Job":
            wanted, got = spec.get("completions", 1), [status.get("succeeded", 0)]
        elif one["kind"] == "Pod":
            wanted, got = 1, [int(_settled(status))]
        elif one["kind"] == "PersistentVolumeClaim":
            wanted, got = 1, [int(status["phase"] == "Bound")]
        else:
            continue
        seen = status.get("observedGeneration", one["metadata"].get("generation"))
        if any(number != wanted for number in got) or seen != one["metadata"].get("generation", seen):
            yield f"{named(one)}: must be {wanted}, got {', '.join(map(str, got))}{_reasons(status)}"


def _settled(status: Mapping[str, object]) -> bool:
    return status.get("phase") == "Succeeded" or _condition(status, "Ready") == "True"


def _condition(status: Mapping[str, object], kind: str) -> str:
    conditions = status.get("conditions")
    rows = conditions if isinstance(conditions, list) else []
    return next((row["status"] for row in rows if row["type"] == kind), "Unknown")


def _reasons(status: Mapping[str, object]) -> str:
    conditions = status.get("conditions")
    rows = conditions if isinstance(conditions, list) else []
    told = [row["message"] for row in rows if row["status"] != "True" and row.get("message")]
    return f" ({'; '.join(told)})" if told else ""


def unreconciled(objects: Iterable[Object], *, kinds: Iterable[str] = ("Prometheus", "Alertmanager")) -> list[str]:
    """What the operator has not made, or has not found ready; and kinds of which there is none."""
    items = list(objects)
    faults = [f"no {kind}" for kind in kinds if not any(one["kind"] == kind for one in items)]
    faults += [
        f"{named(one)}: {kind} is {_condition(one.get('status') or {}, kind)}{_reasons(one.get('status') or {})}"
        for one in items
        if one["kind"] in kinds
        for kind in ("Reconciled", "Available")
        if _condition(one.get("status") or {}, kind) != "True"
    ]
    return sorted(faults)


def lost_or_replaced(before: Iterable[Object], after: Iterable[Object]) -> list[str]:
    """Objects that are gone, or another of the same name."""
    now = {named(one): one["metadata"]["uid"] for one in after}
    return sorted(
        f"{named(one)} is {'gone' if named(one) not in now else 'another'}"
        for one in before
        if now.get(named(one)) != one["metadata"]["uid"]
    )
