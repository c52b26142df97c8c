"""Prometheus and Alertmanager command lines and files, as prometheus-operator would make them.

Follows prometheus-operator 0.93: pkg/prometheus/promcfg.go, pkg/prometheus/server/statefulset.go,
pkg/alertmanager/statefulset.go. Deployed first, and then what differs here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from monitoring.blueprint.components.model import NAMESPACE, Component
from monitoring.blueprint.components.workloads import ALERTMANAGER, ALERTMANAGER_PATH, KUBE_PROMETHEUS_STACK, PROMETHEUS
from monitoring.blueprint.releases.release import to_yaml
from monitoring.fleet.quantities import Duration
from monitoring.local.region import ADDRESSES, FOLDERS, SECONDS, LocalRegion, Program

SCRAPE_INTERVAL = "2s"
_RENAMED = {"retry_on_rate_limit": "retry_on_http_429"}
_OWN = "prometheus/prometheus"

WATCHDOG = {"alert": "Watchdog", "expr": "vector(1)", "labels": {"severity": "none"}}
"""As the chart's own rules have it (general.rules); the rest of those rules is about Kubernetes."""


def snake_case_keys(value: object) -> object:
    """Keys as Prometheus' files have them: `maxShards` as `max_shards`."""
    if isinstance(value, Mapping):
        words = {key: re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower() for key in value}
        return {_RENAMED.get(words[key], words[key]): snake_case_keys(below) for key, below in value.items()}
    return [snake_case_keys(below) for below in value] if isinstance(value, list) else value


def tls(local_region: LocalRegion, config: Mapping[str, Any], *, owner: Component) -> dict[str, Any]:
    """A `tlsConfig` as Prometheus' files have it: the operator mounts ConfigMaps and Secrets as files."""
    made: dict[str, Any] = {}
    if "ca" in config:
        made["ca_file"] = str(local_region.trust)
    if "client_ca" in config:
        made["client_ca_file"] = str(local_region.trust)
    if "cert" in config:
        made["cert_file"] = str(local_region.secret(owner) / config["cert"]["secret"]["key"])
        made["key_file"] = str(local_region.secret(owner) / config["keySecret"]["key"])
    names = {"serverName": "server_name", "minVersion": "min_version", "clientAuthType": "client_auth_type"}
    return {**made, **{names[key]: value for key, value in config.items() if key in names}}


def prometheus(local_region: LocalRegion, pod: str, jobs: Iterable[dict[str, Any]]) -> Program:
    """One replica, with its files."""
    name, folder = f"{local_region.region.name}/{pod}", local_region.mounts(pod)
    values = local_region.values(KUBE_PROMETHEUS_STACK)
    spec = values["prometheus"]["prometheusSpec"]
    config = {
        "global": {
            "scrape_interval": spec["scrapeInterval"],
            "evaluation_interval": spec["evaluationInterval"],
            "external_labels": {
                "prometheus": f"{NAMESPACE}/prometheus",
                **({} if spec.get("replicaExternalLabelNameClear") else {"prometheus_replica": pod}),
                **spec["externalLabels"],
            },
        },
        "storage": {
            "tsdb": {
                "retention": {"time": spec["retention"], "size": spec["retentionSize"]},
                "out_of_order_time_window": spec["tsdb"]["outOfOrderTimeWindow"],
            }
        },
        "rule_files": [str(local_region.folder / "rules" / "*.yaml")],
        "alerting": {
            "alert_relabel_configs": [{"action": "labeldrop", "regex": "prometheus_replica"}],
            "alertmanagers": [_alertmanagers(local_region)],
        },
        "remote_write": [_remote_write(local_region, name, queue) for queue in spec.get("remoteWrite", ())],
        "scrape_configs": list(jobs),
    }
    for key in ("scrape_interval", "evaluation_interval"):
        local_region.differences.put(name, config, ["global", key], SCRAPE_INTERVAL, why=SECONDS)
    _write(folder / "prometheus.yaml", config)
    _write(folder / "web.yaml", {"tls_server_config": tls(local_region, spec["web"]["tlsConfig"], owner=PROMETHEUS)})
    flags = [
        "--config.file=/etc/prometheus/config_out/prometheus.env.yaml",
        "--storage.tsdb.path=/prometheus",
        "--web.listen-address=:9090",
        f"--web.external-url={spec['externalUrl']}",
        "--web.route-prefix=/",
        "--web.config.file=/etc/prometheus/web_config/web-config.yaml",
        f"--query.max-concurrency={spec['query']['maxConcurrency']}",
        f"--query.max-samples={spec['query']['maxSamples']}",
        f"--query.timeout={spec['query']['timeout']}",
    ]
    _changed(
        local_region,
        name,
        flags,
        {"config.file": folder / "prometheus.yaml", "storage.tsdb.path": folder / "data"},
        {"web.listen-address": local_region.address(pod, "http-web")},
        {"web.config.file": folder / "web.yaml"},
    )
    return Program(
        name=name,
        component=PROMETHEUS.name,
        region=local_region.region.name,
        line=[str(local_region.tool("prometheus")), *flags],
        port=local_region.port(pod, "http-web"),
        tls=True,
    )


LONGEST_GROUP_INTERVAL = Duration.parse("1m")


def write_rules(local_region: LocalRegion) -> None:
    """The rule files: those of the values, as they are, and the one alert of the chart that is needed here."""
    folder = local_region.folder / "rules"
    folder.mkdir()
    for name, content in local_region.values(KUBE_PROMETHEUS_STACK)["additionalPrometheusRulesMap"].items():
        _write(
            folder / f"{name}.yaml", {"groups": [_evaluated_soon(group, local_region) for group in content["groups"]]}
        )
    local_region.differences.note(
        "all", "rules of the chart", "about Kubernetes, and Watchdog", "Watchdog alone", why="no Kubernetes"
    )
    _write(folder / "watchdog.yaml", {"groups": [{"name": "general.rules", "rules": [WATCHDOG]}]})


def _evaluated_soon(group: Mapping[str, Any], local_region: LocalRegion) -> dict[str, Any]:
    """The group, evaluated at least every minute: the first time comes somewhere within the interval."""
    interval = group.get("interval", SCRAPE_INTERVAL)
    if Duration.parse(interval).seconds <= LONGEST_GROUP_INTERVAL.seconds:
        return dict(group)
    shorter = LONGEST_GROUP_INTERVAL.prometheus
    local_region.differences.note("all", f"rules {group['name']}: interval", interval, shorter, why=SECONDS)
    return {**group, "interval": shorter}


def alertmanager(local_region: LocalRegion, pod: str, pods: Iterable[str], *, receiver: str) -> Program:
    """One of the Alertmanagers `pods`; what would tell people calls the URL `receiver` instead."""
    name, folder = f"{local_region.region.name}/{pod}", local_region.mounts(pod)
    values = local_region.values(KUBE_PROMETHEUS_STACK)["alertmanager"]
    spec = values["alertmanagerSpec"]
    flags = [
        "--config.file=/etc/alertmanager/config_out/alertmanager.env.yaml",
        "--storage.path=/alertmanager",
        f"--data.retention={spec['retention']}",
        "--cluster.listen-address=[$(POD_IP)]:9094",
        "--web.listen-address=:9093",
        f"--web.external-url={spec['externalUrl']}",
        f"--web.route-prefix={spec['routePrefix']}",
        f"--cluster.label={NAMESPACE}/prometheus",
        *(f"--cluster.peer={one}.alertmanager-operated:9094" for one in pods),
        "--cluster.reconnect-timeout=5m",
        "--web.config.file=/etc/alertmanager/web_config/web-config.yaml",
        "--cluster.tls-config=/etc/alertmanager/cluster_tls_config/cluster-tls-config.yaml",
    ]
    _write(folder / "web.yaml", {"tls_server_config": tls(local_region, spec["web"]["tlsConfig"], owner=ALERTMANAGER)})
    gossip = {
        f"tls_{side}_config": tls(local_region, spec["clusterTLS"][side], owner=ALERTMANAGER)
        for side in spec["clusterTLS"]
    }
    _write(folder / "gossip.yaml", gossip)
    (folder / "alertmanager.yaml").write_text(_routing(local_region, name, values, receiver=receiver), encoding="utf-8")
    peers = [local_region.address(one, "mesh-tcp") for one in pods]
    local_region.differences.flag(name, flags, "cluster.peer", *peers, why=ADDRESSES)
    local_region.differences.flag(name, flags, "cluster.settle-timeout", "1s", why=SECONDS)
    _changed(
        local_region,
        name,
        flags,
        {"config.file": folder / "alertmanager.yaml", "storage.path": folder / "data"},
        {
            "cluster.listen-address": local_region.address(pod, "mesh-tcp"),
            "cluster.advertise-address": local_region.address(pod, "mesh-tcp"),
            "web.listen-address": local_region.address(pod, "http-web"),
        },
        {"web.config.file": folder / "web.yaml", "cluster.tls-config": folder / "gossip.yaml"},
    )
    return Program(
        name=name,
        component=ALERTMANAGER.name,
        region=local_region.region.name,
        line=[str(local_region.tool("alertmanager")), *flags],
        port=local_region.port(pod, "http-web"),
        ready=f"{ALERTMANAGER_PATH}/-/ready",
        tls=True,
    )


def write_notifications(local_region: LocalRegion, *, receiver: str) -> None:
    """The templates of notifications, and a file per secret of Alertmanager: the URL of a receiver, or a key."""
    folder = local_region.folder / "alertmanager"
    folder.mkdir()
    for name, text in local_region.values(KUBE_PROMETHEUS_STACK)["alertmanager"]["templateFiles"].items():
        (folder / name).write_text(text, encoding="utf-8")
    for secret in local_region.region.alerting.secrets():
        (local_region.vault / secret).write_text(f"{receiver}/{local_region.region.name}/{secret}", encoding="utf-8")
    local_region.differences.note(
        "alertmanager", "secrets of Key Vault", "URLs and keys of receivers", receiver, why="nobody is called"
    )


def _routing(local_region: LocalRegion, name: str, values: Any, *, receiver: str) -> str:
    config = yaml.safe_load(yaml.safe_dump(values["config"]))
    for number, route in enumerate(config["route"]["routes"]):
        if "group_wait" in route:
            local_region.differences.note(name, f"route {number}: group_wait", route["group_wait"], "0s", why=SECONDS)
            route["group_wait"] = "0s"
    text = to_yaml(config)
    for one in local_region.region.alerting.used_receivers().values():
        deployed = f"https://{one.host}/"
        if deployed in text:
            local_region.differences.note(name, deployed, deployed, receiver, why="nobody is called")
            text = text.replace(deployed, f"{receiver}/{local_region.region.name}/")
    return local_region.text(name, text, ALERTMANAGER)


def _alertmanagers(local_region: LocalRegion) -> dict[str, Any]:
    """The chart writes `scheme`, `tlsConfig` and the prefix of Alertmanager's values into Prometheus' alerting."""
    spec = local_region.values(KUBE_PROMETHEUS_STACK)["alertmanager"]["alertmanagerSpec"]
    pods = local_region.pods_of(ALERTMANAGER, deployed=spec["replicas"])
    return {
        "scheme": spec["scheme"],
        "path_prefix": spec["routePrefix"],
        "tls_config": tls(local_region, spec["tlsConfig"], owner=PROMETHEUS),
        "static_configs": [{"targets": [local_region.address(pod, "http-web") for pod in pods]}],
    }


def _remote_write(local_region: LocalRegion, name: str, queue: Mapping[str, Any]) -> dict[str, Any]:
    made: Any = snake_case_keys({key: value for key, value in queue.items() if key != "tlsConfig"})
    made["url"] = local_region.text(name, queue["url"], PROMETHEUS)
    return {**made, "tls_config": tls(local_region, queue["tlsConfig"], owner=PROMETHEUS)}


def _changed(
    local_region: LocalRegion,
    name: str,
    flags: list[str],
    files: Mapping[str, Path],
    addresses: Mapping[str, str],
    more_files: Mapping[str, Path],
) -> None:
    for flag, file in {**files, **more_files}.items():
        local_region.differences.flag(name, flags, flag, file, why=FOLDERS)
    for flag, address in addresses.items():
        local_region.differences.flag(name, flags, flag, address, why=ADDRESSES)


def _write(file: Path, content: object) -> None:
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
