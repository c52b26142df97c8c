"""What is not as it was asked to be is told; what is, is not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.kubectl import Object
from tests.cluster.readiness import lost_or_replaced, unready, unreconciled


def _object(kind: str, name: str = "one", *, generation: int = 1, uid: str = "u", **rest: Any) -> Object:
    metadata = {"name": name, "namespace": "here", "generation": generation, "uid": uid}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **rest}


def _scaled(kind: str, *, ready: int, updated: int = 2, total: int = 2, seen: int = 1) -> Object:
    status = {"readyReplicas": ready, "updatedReplicas": updated, "replicas": total, "observedGeneration": seen}
    return _object(kind, spec={"replicas": 2}, status=status)


def _daemons(*, wanted: int, ready: int) -> Object:
    status = {"desiredNumberScheduled": wanted, "numberReady": ready, "updatedNumberScheduled": wanted}
    return _object("DaemonSet", status={**status, "observedGeneration": 1})


PENDING = {
    "phase": "Pending",
    "conditions": [{"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}],
}


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (_scaled("Deployment", ready=2), []),
        (_scaled("Deployment", ready=1), ["Deployment here/one: must be 2, got 1, 2, 2"]),
        (_scaled("StatefulSet", ready=2, updated=1), ["StatefulSet here/one: must be 2, got 2, 1, 2"]),
        (_scaled("StatefulSet", ready=2, total=3), ["StatefulSet here/one: must be 2, got 2, 2, 3"]),
        (_scaled("StatefulSet", ready=2, seen=0), ["StatefulSet here/one: must be 2, got 2, 2, 2"]),
        (_daemons(wanted=2, ready=2), []),
        (_daemons(wanted=2, ready=1), ["DaemonSet here/one: must be 2, got 1, 2"]),
        (_daemons(wanted=0, ready=0), ["DaemonSet here/one: must be 1, got 0, 0"]),
        (_object("Job", spec={}, status={"succeeded": 1}), []),
        (_object("Job", spec={}, status={"failed": 1}), ["Job here/one: must be 1, got 0"]),
        (_object("Pod", status={"phase": "Succeeded"}), []),
        (_object("Pod", status={"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}), []),
        (_object("Pod", status=PENDING), ["Pod here/one: must be 1, got 0 (0/3 nodes are available)"]),
        (_object("PersistentVolumeClaim", status={"phase": "Bound"}), []),
        (
            _object("PersistentVolumeClaim", status={"phase": "Pending"}),
            ["PersistentVolumeClaim here/one: must be 1, got 0"],
        ),
        (_object("Service", status={}), []),
    ],
)
def test_what_is_not_ready_is_told(one: Object, told: list[str]) -> None:
    assert unready([one]) == told


def _reconciled(kind: str, **conditions: str) -> Object:
    rows = [{"type": name, "status": state, "message": "why"} for name, state in conditions.items()]
    return _object(kind, status={"conditions": rows})


GOOD = [_reconciled(kind, Reconciled="True", Available="True") for kind in ("Prometheus", "Alertmanager")]


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        (GOOD, []),
        (GOOD[:1], ["no Alertmanager"]),
        (
            [GOOD[0], _reconciled("Alertmanager", Reconciled="False", Available="True")],
            ["Alertmanager here/one: Reconciled is False (why)"],
        ),
        (
            [GOOD[1], _object("Prometheus")],
            ["Prometheus here/one: Available is Unknown", "Prometheus here/one: Reconciled is Unknown"],
        ),
    ],
)
def test_what_the_operator_has_not_made_is_told(objects: list[Object], told: list[str]) -> None:
    assert unreconciled(objects) == told


def test_what_was_lost_or_replaced_is_told() -> None:
    before = [_object("StatefulSet", name, uid=name) for name in ("kept", "lost", "replaced")]
    after = [_object("StatefulSet", "kept", uid="kept"), _object("StatefulSet", "replaced", uid="new")]
    assert lost_or_replaced(before, after) == ["StatefulSet here/lost is gone", "StatefulSet here/replaced is another"]
