"""A reference whose end is missing is told, whatever the object; one whose end is there is not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.kubectl import Object
from tests.cluster.references import dangling


def _object(kind: str, name: str = "one", *, namespace: str | None = "here", **rest: Any) -> Object:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **rest}


def _pod(**spec: Any) -> Object:
    return _object("Pod", spec={"containers": [], **spec})


def _container(**rest: Any) -> Object:
    return _pod(containers=[{"name": "c", **rest}])


def _custom(kind: str, **spec: Any) -> Object:
    return {**_object(kind, spec=spec), "apiVersion": "monitoring.coreos.com/v1"}


SECRET = _object("Secret", "s", data={"k": ""})
CONFIG = _object("ConfigMap", "c", data={"k": ""})
ACCOUNT = _object("ServiceAccount", "a")
SERVICE = _object("Service", "v", spec={})
CLASS = _object("PriorityClass", "p", namespace=None)
STORAGE = _object("StorageClass", "t", namespace=None)
CLAIM = _object("PersistentVolumeClaim", "m", spec={})
VOLUME = _object("PersistentVolume", "d", namespace=None, spec={})
ROLE = _object("ClusterRole", "r", namespace=None)
KEY_VAULT = _object("SecretProviderClass", "q", spec={})
ISSUER = _object("ClusterIssuer", "i", namespace=None)
GATEWAY = _object("Gateway", "g", namespace="there")
WORKLOAD = _object("StatefulSet", "w", spec={"serviceName": "v"})

TEMPLATE = {"template": {"spec": {"containers": [], "serviceAccountName": "a"}}}
WITH_SECRET = {"spec": {"containers": [], "volumes": [{"name": "x", "secret": {"secretName": "s"}}]}}
IN_A_CRON_JOB = {"jobTemplate": {"spec": {"template": WITH_SECRET}}}


@pytest.mark.parametrize(
    ("one", "end", "told"),
    [
        (_pod(serviceAccountName="a"), ACCOUNT, "Pod here/one: no ServiceAccount a"),
        (_pod(priorityClassName="p"), CLASS, "Pod here/one: no PriorityClass p"),
        (_pod(imagePullSecrets=[{"name": "s"}]), SECRET, "Pod here/one: no Secret s"),
        (_pod(volumes=[{"name": "x", "secret": {"secretName": "s"}}]), SECRET, "Pod here/one: no Secret s"),
        (_pod(volumes=[{"name": "x", "configMap": {"name": "c"}}]), CONFIG, "Pod here/one: no ConfigMap c"),
        (
            _pod(volumes=[{"name": "x", "projected": {"sources": [{"secret": {"name": "s"}}]}}]),
            SECRET,
            "Pod here/one: no Secret s",
        ),
        (
            _pod(volumes=[{"name": "x", "persistentVolumeClaim": {"claimName": "m"}}]),
            CLAIM,
            "Pod here/one: no PersistentVolumeClaim m",
        ),
        (
            _pod(volumes=[{"name": "x", "csi": {"volumeAttributes": {"secretProviderClass": "q"}}}]),
            KEY_VAULT,
            "Pod here/one: no SecretProviderClass q",
        ),
        (_container(envFrom=[{"configMapRef": {"name": "c"}}]), CONFIG, "Pod here/one: no ConfigMap c"),
        (
            _container(env=[{"valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]),
            SECRET,
            "Pod here/one: no Secret s with k",
        ),
        (
            _pod(initContainers=[{"name": "i", "envFrom": [{"secretRef": {"name": "s"}}]}]),
            SECRET,
            "Pod here/one: no Secret s",
        ),
        (_object("Deployment", spec=TEMPLATE), ACCOUNT, "Deployment here/one: no ServiceAccount a"),
        (_object("CronJob", spec=IN_A_CRON_JOB), SECRET, "CronJob here/one: no Secret s"),
        (_object("StatefulSet", spec={"serviceName": "v"}), SERVICE, "StatefulSet here/one: no Service v"),
        (
            _object("PersistentVolumeClaim", spec={"storageClassName": "t"}),
            STORAGE,
            "PersistentVolumeClaim here/one: no StorageClass t",
        ),
        (
            _object("PersistentVolumeClaim", spec={"volumeName": "d"}),
            VOLUME,
            "PersistentVolumeClaim here/one: no PersistentVolume d",
        ),
        (
            _object("PersistentVolume", namespace=None, spec={"claimRef": {"name": "m", "namespace": "here"}}),
            CLAIM,
            "PersistentVolume one: no PersistentVolumeClaim here/m",
        ),
        (
            _object("RoleBinding", roleRef={"kind": "ClusterRole", "name": "r"}),
            ROLE,
            "RoleBinding here/one: no ClusterRole r",
        ),
        (
            _object(
                "ClusterRoleBinding",
                namespace=None,
                roleRef={"kind": "ClusterRoleBinding", "name": "one"},
                subjects=[{"kind": "ServiceAccount", "name": "a", "namespace": "here"}],
            ),
            ACCOUNT,
            "ClusterRoleBinding one: no ServiceAccount here/a",
        ),
        (
            _object(
                "ValidatingWebhookConfiguration",
                namespace=None,
                webhooks=[{"clientConfig": {"service": {"name": "v", "namespace": "here"}}}],
            ),
            SERVICE,
            "ValidatingWebhookConfiguration one: no Service here/v",
        ),
        (
            _object("HorizontalPodAutoscaler", spec={"scaleTargetRef": {"kind": "StatefulSet", "name": "w"}}),
            WORKLOAD,
            "HorizontalPodAutoscaler here/one: no StatefulSet w",
        ),
        (
            _object("Certificate", spec={"secretName": "s", "issuerRef": {"kind": "ClusterIssuer", "name": "i"}}),
            ISSUER,
            "Certificate here/one: no ClusterIssuer i",
        ),
        (
            _object("SecretProviderClass", spec={"secretObjects": [{"secretName": "s", "data": [{"key": "k"}]}]}),
            SECRET,
            "SecretProviderClass here/one: no Secret s with k",
        ),
        (
            _object("HTTPRoute", spec={"parentRefs": [{"name": "g", "namespace": "there"}]}),
            GATEWAY,
            "HTTPRoute here/one: no Gateway there/g",
        ),
        (
            _object("HTTPRoute", spec={"rules": [{"backendRefs": [{"name": "v"}]}]}),
            SERVICE,
            "HTTPRoute here/one: no Service here/v",
        ),
        (_custom("Prometheus", secrets=["s"]), SECRET, "Prometheus here/one: no Secret s"),
        (_custom("Prometheus", configMaps=["c"]), CONFIG, "Prometheus here/one: no ConfigMap c"),
        (_custom("Alertmanager", configSecret="s"), SECRET, "Alertmanager here/one: no Secret s"),
        (
            _custom("Prometheus", alerting={"alertmanagers": [{"name": "v", "namespace": "here"}]}),
            SERVICE,
            "Prometheus here/one: no Service here/v",
        ),
        (
            _custom("ServiceMonitor", endpoints=[{"tlsConfig": {"ca": {"configMap": {"name": "c", "key": "k"}}}}]),
            CONFIG,
            "ServiceMonitor here/one: no ConfigMap c with k",
        ),
        (
            _custom("Prometheus", remoteWrite=[{"tlsConfig": {"keySecret": {"name": "s", "key": "k"}}}]),
            SECRET,
            "Prometheus here/one: no Secret s with k",
        ),
    ],
)
def test_a_missing_end_is_told(one: Object, end: Object, told: str) -> None:
    others = [
        SECRET,
        CONFIG,
        ACCOUNT,
        SERVICE,
        CLASS,
        STORAGE,
        CLAIM,
        VOLUME,
        ROLE,
        KEY_VAULT,
        ISSUER,
        GATEWAY,
        WORKLOAD,
    ]
    assert dangling([one, *others]) == []
    assert dangling([one, *(other for other in others if other is not end)], about=lambda it: it is one) == [told]


def test_a_missing_key_is_told() -> None:
    one = _pod(volumes=[{"name": "x", "secret": {"secretName": "s", "items": [{"key": "other"}]}}])
    assert dangling([one, SECRET]) == ["Pod here/one: no Secret s with other"]


def test_what_is_in_another_namespace_is_missing() -> None:
    one = _pod(serviceAccountName="a")
    assert dangling([one, _object("ServiceAccount", "a", namespace="there")]) == ["Pod here/one: no ServiceAccount a"]


def test_optional_references_may_have_no_end() -> None:
    optional = {"name": "gone", "key": "k", "optional": True}
    assert dangling([_container(env=[{"valueFrom": {"secretKeyRef": optional}}])]) == []
    assert dangling([_custom("Prometheus", remoteWrite=[{"tlsConfig": {"keySecret": optional}}])]) == []


def _labelled(**labels: str) -> Object:
    ports = [{"name": "http", "containerPort": 80}]
    pod = _container(ports=ports)
    return {**pod, "metadata": {**pod["metadata"], "labels": labels}}


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (_object("Service", spec={"selector": {"app": "x"}}), []),
        (_object("Service", spec={"selector": {"app": "y"}}), ["Service here/one: selects no pod"]),
        (_object("Service", spec={"selector": {"app": "x"}, "ports": [{"targetPort": "http"}]}), []),
        (
            _object("Service", spec={"selector": {"app": "x"}, "ports": [{"targetPort": "grpc"}]}),
            ["Service here/one: no container has the port grpc"],
        ),
        (
            _object("PodDisruptionBudget", spec={"selector": {"matchLabels": {"app": "y"}}}),
            ["PodDisruptionBudget here/one: selects no pod"],
        ),
    ],
)
def test_a_selector_that_selects_nothing_is_told(one: Object, told: list[str]) -> None:
    assert dangling([one, _labelled(app="x")]) == told


@pytest.mark.parametrize(("replicas", "told"), [(1, ["ReplicaSet here/one: no ServiceAccount a"]), (0, [])])
def test_a_revision_of_the_past_refers_to_nothing(replicas: int, told: list[str]) -> None:
    assert dangling([_object("ReplicaSet", spec={"replicas": replicas, **TEMPLATE})]) == told
