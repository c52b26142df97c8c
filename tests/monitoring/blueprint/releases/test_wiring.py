"""How the parts of a region are wired, in the final values of trial-alpha: addresses, names, files, places, by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from monitoring.blueprint.releases import releases
from monitoring.blueprint.releases.pod_settings import checksum
from monitoring.blueprint.releases.release import to_yaml
from monitoring.fleet import Fleet

Found = dict[str, Mapping[str, Any]]

ROOTS = {"configMap": {"name": "trust-bundle", "key": "roots.pem"}}
TRUST_VOLUME = {"name": "trust", "configMap": {"name": "trust-bundle"}}
TRUST_MOUNT = {"name": "trust", "mountPath": "/etc/oversight/trust", "readOnly": True}
TLS_MOUNT = {"name": "tls", "mountPath": "/etc/oversight/tls", "readOnly": True}
VAULT_MOUNT = {"name": "key-vault", "mountPath": "/mnt/key-vault", "readOnly": True}


def tls_volume(secret: str) -> dict[str, Any]:
    return {"name": "tls", "secret": {"secretName": secret}}


def vault_volume(of: str) -> dict[str, Any]:
    csi = {"driver": "secrets-store.csi.k8s.io", "readOnly": True, "volumeAttributes": {"secretProviderClass": of}}
    return {"name": "key-vault", "csi": csi}


def shown(secret: str) -> dict[str, Any]:
    return {
        "cert": {"secret": {"name": secret, "key": "tls.crt"}},
        "keySecret": {"name": secret, "key": "tls.key"},
    }


@pytest.fixture(scope="module")
def found(fleet: Fleet) -> Found:
    region = fleet.region("trial-alpha")
    return {one.name: one.values for one in releases(region, fleet.peers_of(region))}


@pytest.fixture(scope="module")
def stack(found: Found) -> Any:
    return found["kube-prometheus-stack"]


def test_prometheus_calls_by_tls_under_the_name_that_it_checks(stack: Any) -> None:
    spec, alertmanager = stack["prometheus"]["prometheusSpec"], stack["alertmanager"]["alertmanagerSpec"]
    ours, theirs = "prometheus-prometheus.monitoring.svc", "prometheus-alertmanager.monitoring.svc"
    assert stack["prometheus"]["serviceMonitor"] == {"scheme": "https", "tlsConfig": {"ca": ROOTS, "serverName": ours}}
    assert stack["alertmanager"]["serviceMonitor"] == {
        "scheme": "https",
        "tlsConfig": {"ca": ROOTS, "serverName": theirs},
    }
    assert alertmanager["tlsConfig"] == {"ca": ROOTS, "serverName": theirs}
    assert spec["remoteWrite"][0]["tlsConfig"] == {
        "ca": ROOTS,
        "serverName": "thanos-receive-router.monitoring.svc",
        **shown("prometheus-tls"),
    }
    assert spec["web"]["tlsConfig"] == {**shown("prometheus-tls"), "minVersion": "TLS13"}
    assert alertmanager["web"]["tlsConfig"] == {**shown("alertmanager-tls"), "minVersion": "TLS13"}


def test_alertmanagers_gossip_with_a_certificate_on_both_sides(stack: Any) -> None:
    assert stack["alertmanager"]["alertmanagerSpec"]["clusterTLS"] == {
        "server": {
            **shown("alertmanager-tls"),
            "client_ca": ROOTS,
            "clientAuthType": "RequireAndVerifyClientCert",
            "minVersion": "TLS13",
        },
        "client": {
            "ca": ROOTS,
            "serverName": "prometheus-alertmanager.monitoring.svc",
            **shown("alertmanager-tls"),
        },
    }


def test_files_are_where_flags_look_for_them(found: Found, stack: Any) -> None:
    spec, alertmanager = stack["prometheus"]["prometheusSpec"], stack["alertmanager"]["alertmanagerSpec"]
    federation = {"name": "federation", "configMap": {"name": "prometheus-federation"}}
    assert spec["volumes"] == [tls_volume("prometheus-tls"), TRUST_VOLUME, federation]
    assert spec["volumeMounts"] == [TLS_MOUNT, TRUST_MOUNT]
    assert spec["containers"][0]["volumeMounts"] == [
        TLS_MOUNT,
        TRUST_MOUNT,
        {"name": "federation", "mountPath": "/etc/oversight/federation", "readOnly": True},
    ]
    assert spec["containers"][0]["ports"] == [{"name": "federate", "containerPort": 9443}]
    assert (alertmanager["volumes"], alertmanager["volumeMounts"]) == ([vault_volume("alertmanager")], [VAULT_MOUNT])
    assert stack["grafana"]["extraConfigmapMounts"] == [
        {"name": "trust", "configMap": "trust-bundle", "mountPath": "/etc/oversight/trust", "readOnly": True}
    ]
    proxy = found["oauth2-proxy"]
    assert proxy["extraVolumes"] == [vault_volume("oauth2-proxy"), TRUST_VOLUME]
    assert proxy["extraVolumeMounts"] == [VAULT_MOUNT, TRUST_MOUNT]
    thanos: Any = found["thanos"]
    for part, secret in (
        (thanos["query"], "thanos-query-tls"),
        (thanos["receive"]["router"], "thanos-receive-router-tls"),
        (found["thanos-global"]["query"], "thanos-global-query-tls"),
    ):
        assert part["extraVolumes"] == [tls_volume(secret), TRUST_VOLUME]
        assert part["extraVolumeMounts"] == [TLS_MOUNT, TRUST_MOUNT]
    postgres = found["prometheus-postgres-exporter"]
    assert postgres["extraVolumes"] == [vault_volume("postgres-exporter")]
    assert postgres["extraVolumeMounts"] == [VAULT_MOUNT]


def source(name: str, uid: str, url: str, *, kind: str = "Thanos", default: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "uid": uid,
        "type": "prometheus",
        "access": "proxy",
        "url": url,
        "isDefault": default,
        "jsonData": {"httpMethod": "POST", "prometheusType": kind, "timeInterval": "30s"},
    }


def test_grafana_default_data_source_is_thanos(stack: Any, fleet: Fleet) -> None:
    front = "http://thanos-{}query-frontend.monitoring.svc:10902/thanos/{}"
    alertmanager = {
        "name": "Alertmanager",
        "uid": "alertmanager",
        "type": "alertmanager",
        "access": "proxy",
        "url": "https://prometheus-alertmanager.monitoring.svc:9093/alertmanager",
        "jsonData": {"implementation": "prometheus", "handleGrafanaManagedAlerts": False},
    }
    prometheus = "https://prometheus-prometheus.monitoring.svc:9090/"
    everywhere = [
        source("Thanos", "thanos", front.format("", ""), default=True),
        source("Prometheus", "prometheus", prometheus, kind="Prometheus"),
        alertmanager,
    ]
    view = source("Thanos global", "thanos-global", front.format("global-", "global/"))
    assert stack["grafana"]["additionalDataSources"] == [*everywhere, view]
    other = releases(fleet.region("trial-beta"), ())
    values: Any = next(one.values for one in other if one.name == "kube-prometheus-stack")
    assert values["grafana"]["additionalDataSources"] == everywhere


def test_federated_series_are_not_remote_written(stack: Any, fleet: Fleet) -> None:
    (queue,) = stack["prometheus"]["prometheusSpec"]["remoteWrite"]
    assert queue["writeRelabelConfigs"] == [{"sourceLabels": ["__name__"], "regex": "federated:.*", "action": "drop"}]
    region = fleet.region("trial-beta")
    other: Any = next(one.values for one in releases(region, ()) if one.name == "kube-prometheus-stack")
    assert "writeRelabelConfigs" not in other["prometheus"]["prometheusSpec"]["remoteWrite"][0]


def test_global_query_flags_are_as_stated(found: Found) -> None:
    *flags, endpoints = found["thanos-global"]["query"]["extraArgs"]
    assert flags == [
        "--query.auto-downsampling",
        "--query.timeout=1m",
        "--query.max-concurrent-select=32",
        "--web.external-prefix=/thanos/global",
    ]
    name, _, text = endpoints.partition("=")
    assert name == "--endpoint.sd-config"
    asked = {
        "thanos-query.monitoring.svc:10901": "thanos-query.monitoring.svc",
        "query.trial-beta.metrics.trial.internal:10901": "query.trial-beta.metrics.trial.internal",
        "query.trial-gamma.metrics.trial.internal:10901": "query.trial-gamma.metrics.trial.internal",
    }
    assert yaml.safe_load(text) == {
        "endpoints": [
            {
                "address": address,
                "strict": True,
                "group": True,
                "service_config": '{"methodConfig": [{"name": [{}], "timeout": "4s"}]}',
                "client_config": {
                    "server_name": server,
                    "tls_config": {
                        "ca_file": "/etc/oversight/trust/roots.pem",
                        "cert_file": "/etc/oversight/tls/tls.crt",
                        "key_file": "/etc/oversight/tls/tls.key",
                    },
                },
            }
            for address, server in asked.items()
        ]
    }


PLACED = [
    ("kube-prometheus-stack", path)
    for path in (
        "prometheusOperator",
        "prometheusOperator.admissionWebhooks.deployment",
        "prometheus.prometheusSpec",
        "alertmanager.alertmanagerSpec",
        "kube-state-metrics",
        "grafana",
    )
]
PLACED += [("thanos", path) for path in ("receive.ingestor", "receive.router", "storeGateway", "compact", "query")]
PLACED += [("thanos", "queryFrontend"), ("thanos-global", "query"), ("thanos-global", "queryFrontend")]
PLACED += [(name, "") for name in ("oauth2-proxy", "prometheus-postgres-exporter", "prometheus-redis-exporter")]
TOLERATIONS = [{"key": "workload", "operator": "Equal", "value": "monitoring", "effect": "NoSchedule"}]


@pytest.mark.parametrize(("name", "path"), PLACED)
def test_each_workload_has_node_selector_and_priority_class(found: Found, name: str, path: str) -> None:
    part: Any = found[name]
    for key in path.split(".") if path else ():
        part = part[key]
    assert (part["nodeSelector"], part["tolerations"], part["priorityClassName"]) == (
        {"workload": "monitoring"},
        TOLERATIONS,
        "monitoring-critical",
    )


def test_crd_upgrade_job_runs_on_monitoring_nodes(stack: Any) -> None:
    job = stack["crds"]["upgradeJob"]
    assert (job["nodeSelector"], job["tolerations"]) == ({"workload": "monitoring"}, TOLERATIONS)
    assert "priorityClassName" not in job


def test_spread_constraints_select_the_pods_of_their_own_part(found: Found, stack: Any) -> None:
    (prometheus,) = stack["prometheus"]["prometheusSpec"]["topologySpreadConstraints"]
    assert prometheus["additionalLabelSelectors"] == "OnResource"
    for part, labels in (
        (
            stack["alertmanager"]["alertmanagerSpec"],
            {"app.kubernetes.io/name": "alertmanager", "alertmanager": "prometheus"},
        ),
        (
            stack["grafana"],
            {"app.kubernetes.io/name": "grafana", "app.kubernetes.io/instance": "kube-prometheus-stack"},
        ),
        (
            found["oauth2-proxy"],
            {"app.kubernetes.io/name": "oauth2-proxy", "app.kubernetes.io/instance": "oauth2-proxy"},
        ),
    ):
        (constraint,) = part["topologySpreadConstraints"]
        assert constraint["labelSelector"] == {"matchLabels": labels}


def test_trust_bundle_checksum_annotates_pods_that_read_it_once(found: Found, stack: Any) -> None:
    thanos: Any = found["thanos"]
    annotated = [
        stack["prometheus"]["prometheusSpec"]["podMetadata"]["annotations"],
        stack["alertmanager"]["alertmanagerSpec"]["podMetadata"]["annotations"],
        stack["grafana"]["podAnnotations"],
        found["oauth2-proxy"]["podAnnotations"],
        thanos["query"]["podAnnotations"],
        thanos["receive"]["router"]["podAnnotations"],
        found["thanos-global"]["query"]["podAnnotations"],
    ]
    assert len({one["oversight.com/trust"] for one in annotated}) == 1
    assert len(thanos["receive"]["router"]["podAnnotations"]["oversight.com/hashring"]) == 16
    assert len(annotated[0]["oversight.com/federation"]) == 16


def test_a_checksum_changes_with_any_part_and_with_their_order() -> None:
    found = [checksum(parts) for parts in ((1, 2), (2, 1), (1,), (12,), ("1, 2",))]
    assert len(set(found)) == len(found)
    assert checksum(("a", 1)) == checksum(["a", "1"])
    assert {len(one) for one in found} == {16}


def test_cluster_scrape_jobs_and_limits_are_as_stated(stack: Any) -> None:
    assert stack["kubelet"] == {"serviceMonitor": {"interval": "15s", "sampleLimit": 300_000, "targetLimit": 1_000}}
    assert stack["kubeApiServer"] == {"serviceMonitor": {"sampleLimit": 300_000}}
    assert stack["kube-state-metrics"]["prometheus"] == {"monitor": {"sampleLimit": 300_000}}
    assert stack["prometheus-node-exporter"]["prometheus"] == {"monitor": {"targetLimit": 1_000}}
    assert stack["prometheus-node-exporter"]["service"] == {"annotations": {"prometheus.io/scrape": "false"}}
    labels = stack["prometheus"]["prometheusSpec"]["podMetadata"]["labels"]
    assert labels == {"azure.workload.identity/use": "true"}


def relabelled(job: str, instance: str) -> list[dict[str, str]]:
    return [
        {"targetLabel": "job", "replacement": job},
        {"targetLabel": "instance", "replacement": instance},
        {"action": "labeldrop", "regex": "pod|container|endpoint|service"},
    ]


def test_exporters_ask_the_regions_databases_with_a_password_of_the_vault(found: Found) -> None:
    postgres: Any = found["prometheus-postgres-exporter"]
    assert postgres["config"]["datasource"] == {
        "host": "psql.trial.example",
        "port": "6432",
        "database": "trial",
        "user": "trial_exporter",
        "passwordFile": "/mnt/key-vault/postgres-exporter-trial",
        "sslmode": "verify-full",
        "extraParams": "connect_timeout=5&application_name=postgres_exporter",
    }
    assert postgres["serviceAccount"] == {"create": False, "name": "postgres-exporter"}
    assert postgres["serviceMonitor"]["relabelings"] == relabelled("azure-sql", "psql.trial.example:6432")
    redis: Any = found["prometheus-redis-exporter"]
    assert redis["redisAddress"] == "rediss://redis.trial.example:10000"
    assert redis["auth"] == {
        "enabled": True,
        "redisPasswordFile": {"secret": {"name": "redis-exporter", "key": "redis-exporter-trial"}},
    }
    assert redis["serviceMonitor"]["relabelings"] == relabelled("azure-redis", "redis.trial.example:10000")


def test_secret_sync_pod_runs_only_pause(found: Found) -> None:
    _, waiting, _ = found["prometheus-redis-exporter"]["extraManifests"]
    labels = {
        "app.kubernetes.io/name": "redis-credentials",
        "app.kubernetes.io/instance": "prometheus-redis-exporter",
    }
    assert (waiting["apiVersion"], waiting["kind"]) == ("apps/v1", "Deployment")
    assert waiting["metadata"] == {"name": "redis-credentials", "namespace": "monitoring", "labels": labels}
    assert waiting["spec"]["selector"] == {"matchLabels": labels}
    assert waiting["spec"]["replicas"] == 1
    pod = dict(waiting["spec"]["template"]["spec"])
    (container,) = pod.pop("containers")
    assert container.pop("image").startswith("registry.k8s.io/pause:")
    assert container == {
        "name": "pause",
        "resources": {"requests": {"cpu": "1m", "memory": "8Mi"}, "limits": {"memory": "16Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [VAULT_MOUNT],
    }
    assert pod == {
        "serviceAccountName": "redis-credentials",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "nodeSelector": {"workload": "monitoring"},
        "tolerations": TOLERATIONS,
        "priorityClassName": "monitoring-critical",
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65535,
            "runAsGroup": 65535,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumes": [vault_volume("redis-exporter")],
    }


def test_values_are_printed_as_readable_yaml() -> None:
    assert to_yaml({}) == "{}\n"
    assert to_yaml({"b": "x\ny\n", "a": {"d": 1, "c": "ä"}}) == "a:\n  c: ä\n  d: 1\nb: |\n  x\n  y\n"
    shared = ["one"]
    assert to_yaml({"a": shared, "b": shared}) == "a:\n- one\nb:\n- one\n"
    assert to_yaml({"a": {"x": shared, "y": shared}}) == "a:\n  x:\n  - one\n  y:\n  - one\n"
