"""The region's stack on a real API server, with the real controllers, scheduler and Prometheus operator.

The tests run in this order: what is installed is looked at, destroyed, installed as the base has it, and upgraded.
"""

from __future__ import annotations

import json

import pytest

from tests.cluster.conftest import Trial, Upgrade, stateful
from tests.cluster.deployment import Failed
from tests.cluster.kubectl import Object, Refused, named
from tests.cluster.readiness import lost_or_replaced, unready
from tests.cluster.references import dangling
from tests.cluster.stand_ins import made_by_stand_ins
from tests.stack.processes import eventually

pytestmark = pytest.mark.cluster


def _dangling(trial: Trial) -> list[str]:
    return trial.settled(lambda found: dangling(found, about=trial.ours))


def _complaints(trial: Trial) -> list[str]:
    """Of Pod Security and of the Prometheus operator: what they refuse, they say as an event."""
    return [
        f"{one['involvedObject']['kind']} {one['involvedObject']['name']}: {one['message']}"
        for one in trial.cluster.objects("events")
        if "violates PodSecurity" in one["message"]
        or (one["type"] == "Warning" and one["involvedObject"]["apiVersion"].startswith("monitoring.coreos.com/"))
    ]


def test_every_workload_has_all_its_pods_and_the_operator_has_made_its_own(installed: Trial) -> None:
    assert installed.unready() == []


def test_nothing_was_refused_by_pod_security_or_by_the_operator(installed: Trial) -> None:
    assert _complaints(installed) == []


def test_no_reference_dangles(installed: Trial) -> None:
    assert _dangling(installed) == []


def test_a_missing_secret_is_found(installed: Trial) -> None:
    """The check above, on this cluster with one thing broken."""
    name = "thanos-objstore"
    kept = installed.cluster.kubectl("get", "secret", name, "-n", "monitoring", "-o", "json")
    installed.cluster.kubectl("delete", "secret", name, "-n", "monitoring")
    try:
        found = dangling(installed.cluster.everything(), about=installed.ours)
    finally:
        installed.cluster.kubectl("create", "-f", "-", given=kept)
    assert found
    assert all(f"no Secret {name}" in one for one in found)


BROKEN = "broken"


def _privileged_deployment() -> Object:
    container = {"name": "one", "image": "example.org/one:1", "securityContext": {"privileged": True}}
    labels = {"app": BROKEN}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": BROKEN, "namespace": "monitoring"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def test_pods_that_break_pod_security_are_found(installed: Trial) -> None:
    cluster = installed.cluster
    cluster.create([_privileged_deployment()])
    try:
        told = eventually(lambda: [one for one in _complaints(installed) if "violates PodSecurity" in one])
        missing = unready(filter(installed.ours, cluster.everything()))
    finally:
        cluster.kubectl("delete", "deployment", BROKEN, "-n", "monitoring", "--wait")
        cluster.kubectl("delete", "events", "--all", "-n", "monitoring")
    assert all(one.startswith(f"ReplicaSet {BROKEN}-") and '"restricted:' in one for one in told)
    assert [one for one in missing if one.startswith(f"Deployment monitoring/{BROKEN}: must be 1, got 0, 0, 0")]


def test_a_monitor_that_the_operator_refuses_is_found(installed: Trial) -> None:
    cluster = installed.cluster
    monitors = [
        one for one in cluster.objects("servicemonitors") if one["metadata"]["name"] == "prometheus-alertmanager"
    ]
    (monitor,) = json.loads(json.dumps(monitors))
    monitor["metadata"] = {"name": BROKEN, "namespace": "monitoring", "labels": monitor["metadata"]["labels"]}
    monitor["spec"]["endpoints"][0]["tlsConfig"]["ca"] = {"configMap": {"name": "nowhere", "key": "root"}}
    cluster.create([monitor])
    try:
        told = eventually(lambda: [one for one in _complaints(installed) if BROKEN in one])
        ends = dangling(cluster.everything(), about=installed.ours)
    finally:
        cluster.kubectl("delete", "servicemonitor", BROKEN, "-n", "monitoring")
        cluster.kubectl("delete", "events", "--all", "-n", "monitoring")
    assert told
    assert ends == [f"ServiceMonitor monitoring/{BROKEN}: no ConfigMap nowhere with root"]


def test_a_second_plan_changes_nothing(installed: Trial) -> None:
    assert installed.deployment.changes() == []


def test_a_plan_tells_what_was_changed_by_hand(installed: Trial) -> None:
    installed.cluster.kubectl("delete", "priorityclass", "monitoring-critical")
    found = installed.deployment.changes()
    installed.deployment.apply()
    assert len(found) == 1
    assert found[0].startswith("kubernetes_priority_class_v1.")
    assert found[0].endswith(": create")


def test_what_holds_data_is_not_destroyed(installed: Trial) -> None:
    with pytest.raises(Failed, match="Instance cannot be destroyed"):
        installed.deployment.terraform("destroy", "-input=false", "-auto-approve")
    assert installed.deployment.changes() == []


def test_a_destroyed_region_leaves_its_data_and_nothing_that_runs(destroyed: Trial) -> None:
    left = destroyed.settled(lambda found: [named(one) for one in found if destroyed.ours(one) and not _stays(one)])
    assert left == []
    volumes = [one for one in destroyed.cluster.objects("persistentvolumes") if destroyed.ours(one)]
    assert any(one["spec"]["claimRef"]["name"].startswith("prometheus-") for one in volumes)
    assert {one["spec"]["persistentVolumeReclaimPolicy"] for one in volumes} == {"Retain"}


KEPT = ("Namespace", "PersistentVolume", "PersistentVolumeClaim")
"""What holds data, and the namespaces around it."""

OF_THE_CLUSTER = {"ServiceAccount": "default", "ConfigMap": "kube-root-ca.crt"}
"""What the cluster makes in each namespace."""


def _stays(one: Object) -> bool:
    """Helm leaves definitions of custom resources, and cert-manager the Secrets of certificates."""
    definition = one["kind"] == "CustomResourceDefinition" or one["metadata"].get("labels", {}).get(
        "kube-aggregator.kubernetes.io/automanaged"
    )
    by_cluster = OF_THE_CLUSTER.get(one["kind"]) == one["metadata"]["name"]
    return bool(definition) or by_cluster or one["kind"] in KEPT or made_by_stand_ins(one)


def test_what_is_left_can_be_deleted(destroyed: Trial) -> None:
    """A finalizer that nobody takes away, or an API that is gone, would keep a namespace for ever."""
    kubectl = destroyed.cluster.kubectl
    claim = {"name": "held", "namespace": "monitoring", "finalizers": ["example.org/nobody"]}
    destroyed.cluster.create([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": claim}])
    with pytest.raises(Refused, match="timed out"):
        kubectl("delete", "namespace", "monitoring", "--timeout=10s")
    kubectl("patch", "configmap", "held", "-n", "monitoring", "--type=merge", '-p={"metadata":{"finalizers":null}}')
    left = [one for one in destroyed.cluster.objects("namespaces", "persistentvolumes") if destroyed.ours(one)]
    for one in left:
        kubectl("delete", one["kind"], one["metadata"]["name"], "--ignore-not-found", "--timeout=120s")


def test_an_upgrade_keeps_what_holds_data(upgraded: Upgrade) -> None:
    assert any(one["kind"] == "StatefulSet" for one in upgraded.before)
    assert lost_or_replaced(upgraded.before, stateful(upgraded.trial.cluster)) == []


def test_everything_is_ready_after_an_upgrade(upgraded: Upgrade) -> None:
    assert upgraded.trial.unready() == []
    assert _complaints(upgraded.trial) == []
    assert _dangling(upgraded.trial) == []
    assert upgraded.trial.deployment.changes() == []
