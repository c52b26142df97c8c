"""What Helm is given: one sentence per decision, on regions with and without zones."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.blueprint.components.model import NODE_NAMESPACE
from monitoring.blueprint.components.workloads import (
    COMPONENTS,
    DYNAMIC_STORAGE_CLASS,
    POOL_LABELS,
    PRIORITY_CLASS,
    STATIC_STORAGE_CLASS,
)
from monitoring.blueprint.objects.objstore import objstore
from monitoring.blueprint.releases import checked_releases, kube_prometheus_stack, releases
from monitoring.blueprint.releases.release import Release, to_yaml
from monitoring.blueprint.values.charts import versions
from monitoring.errors import InvalidInput
from monitoring.fleet import Fleet, Region, load_fleet
from monitoring.fleet.yaml_file import merged

ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"


def _releases(region: Region) -> dict[str, Release]:
    return {release.name: release for release in releases(region, ())}


@pytest.fixture(scope="module")
def stack(zoned: Region) -> Any:
    return _releases(zoned)["kube-prometheus-stack"].values


@pytest.fixture(scope="module")
def thanos(zoned: Region) -> Any:
    return _releases(zoned)["thanos"].values


@pytest.fixture(scope="module")
def proxy(zoned: Region) -> Any:
    return _releases(zoned)["oauth2-proxy"].values


def _spec(stack: Any) -> Any:
    return stack["prometheus"]["prometheusSpec"]


def test_releases_are_ordered_with_mounted_objects_first(zoned: Region) -> None:
    made = releases(zoned, ())
    assert [release.name for release in made] == [
        "objects",
        "kube-prometheus-stack",
        "thanos-cache",
        "thanos",
        "thanos-global",
        "oauth2-proxy",
        "prometheus-postgres-exporter",
        "prometheus-redis-exporter",
    ]
    for index, release in enumerate(made):
        assert set(release.after) <= {before.name for before in made[:index]}
        assert index == 0 or "objects" in release.after


def test_prometheus_has_the_regions_sizes(stack: Any, zoned: Region) -> None:
    spec = _spec(stack)
    assert spec["replicas"] == zoned.prometheus.replicas
    assert (spec["retention"], spec["retentionSize"]) == ("10d", "16GB")
    assert spec["resources"]["limits"] == {"cpu": "1", "memory": "2Gi"}


def test_prometheus_names_its_cluster_and_environment(stack: Any, zoned: Region) -> None:
    assert _spec(stack)["externalLabels"] == {"cluster": zoned.name, "environment": zoned.environment}


def test_replicas_spread_hard_over_zones_or_over_hosts(zoned: Region, unzoned: Region) -> None:
    for region, key in ((zoned, ZONE), (unzoned, HOST)):
        made = _releases(region)
        spec = _spec(made["kube-prometheus-stack"].values)
        ingestor: Any = made["thanos"].values
        for constraint in (
            *spec["topologySpreadConstraints"],
            *ingestor["receive"]["ingestor"]["topologySpreadConstraints"],
        ):
            assert constraint["topologyKey"] == key
            assert constraint["whenUnsatisfiable"] == "DoNotSchedule"


def test_prometheus_never_shares_a_host(stack: Any) -> None:
    assert (_spec(stack)["podAntiAffinity"], _spec(stack)["podAntiAffinityTopologyKey"]) == ("hard", HOST)


def test_the_volume_template_stays_when_a_volume_grows(zoned: Region) -> None:
    grown = zoned.model_copy(
        update={"prometheus": zoned.prometheus.model_copy(update={"volume_size": zoned.thanos.compactor.volume_size})}
    )
    template = _spec(_releases(grown)["kube-prometheus-stack"].values)["storageSpec"]["volumeClaimTemplate"]
    assert template == _spec(_releases(zoned)["kube-prometheus-stack"].values)["storageSpec"]["volumeClaimTemplate"]
    assert template["spec"]["storageClassName"] == STATIC_STORAGE_CLASS


def test_remote_write_does_not_hammer_a_receiver_that_is_down(zoned: Region) -> None:
    queue = kube_prometheus_stack.remote_write(zoned)["queueConfig"]
    assert (queue["capacity"], queue["maxSamplesPerSend"], queue["batchSendDeadline"]) == (10000, 5000, "5s")
    assert (queue["minBackoff"], queue["maxBackoff"], queue["maxShards"]) == ("1s", "30s", 20)


def test_remote_write_retries_on_http_429(zoned: Region) -> None:
    assert kube_prometheus_stack.remote_write(zoned)["queueConfig"]["retryOnRateLimit"] is True


def test_outage_window_is_one_setting(stack: Any, thanos: Any) -> None:
    assert _spec(stack)["remoteWrite"][0]["queueConfig"]["sampleAgeLimit"] == "2h"
    assert "--tsdb.out-of-order.time-window=2h" in thanos["receive"]["ingestor"]["extraArgs"]


def test_objects_of_every_team_are_selected(stack: Any) -> None:
    kinds = ("serviceMonitor", "podMonitor", "probe", "rule", "scrapeConfig")
    assert not any(_spec(stack)[f"{kind}SelectorNilUsesHelmValues"] for kind in kinds)


@pytest.mark.parametrize("part", ["kubeControllerManager", "kubeEtcd", "kubeScheduler", "kubeProxy"])
def test_monitors_of_the_managed_aks_control_plane_are_disabled(stack: Any, part: str) -> None:
    assert stack[part] == {"enabled": False}


def test_the_lifecycle_endpoint_is_off(stack: Any) -> None:
    assert _spec(stack)["reloadStrategy"] == "ProcessSignal"


def test_the_crd_job_has_pinned_images(stack: Any) -> None:
    image = stack["crds"]["upgradeJob"]["image"]
    for name in ("busybox", "kubectl"):
        assert image[name] == versions().images[name].model_dump()


def test_alertmanager_forms_a_cluster_below_the_regions_host(stack: Any, zoned: Region) -> None:
    spec = stack["alertmanager"]["alertmanagerSpec"]
    assert spec["replicas"] == zoned.alertmanager.replicas
    assert spec["externalUrl"] == f"https://{zoned.access.host}/alertmanager"
    assert spec["routePrefix"] == "/alertmanager"
    assert spec["storage"]["volumeClaimTemplate"]["spec"]["storageClassName"] == DYNAMIC_STORAGE_CLASS


def test_alertmanager_finds_its_secrets_by_an_account_of_terraforms(stack: Any) -> None:
    assert stack["alertmanager"]["serviceAccount"] == {"create": False, "name": "prometheus-alertmanager"}
    spec = stack["alertmanager"]["alertmanagerSpec"]
    (volume,), (mount,) = spec["volumes"], spec["volumeMounts"]
    assert volume["csi"]["volumeAttributes"] == {"secretProviderClass": stack["extraManifests"][0]["metadata"]["name"]}
    assert (mount["name"], mount["readOnly"]) == (volume["name"], True)


def test_grafana_keeps_no_state_and_no_password(stack: Any) -> None:
    grafana = stack["grafana"]
    assert grafana["persistence"] == {"enabled": False}
    assert grafana["env"]["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert grafana["grafana.ini"]["auth"]["disable_login_form"] is True
    assert grafana["rbac"] == {"namespaced": True, "useExistingRole": "grafana"}


def test_grafana_and_its_sidecars_write_to_volumes_alone(stack: Any) -> None:
    """The sidecars ask Python for a temporary folder, and end where there is none."""
    grafana, tmp = stack["grafana"], {"name": "tmp", "mountPath": "/tmp"}  # noqa: S108  (a mount)
    assert grafana["extraEmptyDirMounts"] == [tmp]
    assert [grafana["sidecar"][of]["extraMounts"] for of in ("dashboards", "datasources")] == [[tmp], [tmp]]


def test_two_webhooks_are_never_on_one_node(stack: Any) -> None:
    webhook = stack["prometheusOperator"]["admissionWebhooks"]["deployment"]
    (term,) = webhook["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["topologyKey"] == "kubernetes.io/hostname"
    assert term["labelSelector"]["matchLabels"]["app"] == "kube-prometheus-stack-operator-webhook"
    # as many nodes as replicas are enough for a rollout
    assert webhook["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}


def test_grafana_fetches_no_plugins(stack: Any) -> None:
    """It has no way to grafana.com, and the updater would fail on the sources' own plugin."""
    assert stack["grafana"]["grafana.ini"]["plugins"] == {"preinstall_disabled": True, "plugin_admin_enabled": False}


def test_grafana_is_scraped_below_its_sub_path(stack: Any) -> None:
    assert stack["grafana"]["grafana.ini"]["server"]["serve_from_sub_path"] is True
    assert stack["grafana"]["serviceMonitor"] == {"path": "/grafana/metrics"}


def test_grafana_asks_the_regions_own_sources(stack: Any) -> None:
    sources = {source["name"]: source["url"] for source in stack["grafana"]["additionalDataSources"]}
    assert sources == {
        "Thanos": "http://thanos-query-frontend.monitoring.svc:10902/thanos/",
        "Prometheus": "https://prometheus-prometheus.monitoring.svc:9090/",
        "Alertmanager": "https://prometheus-alertmanager.monitoring.svc:9093/alertmanager",
        "Thanos global": "http://thanos-global-query-frontend.monitoring.svc:10902/thanos/global/",
    }


def test_node_exporter_runs_on_every_node_in_a_namespace_of_its_own(stack: Any) -> None:
    exporter = stack["prometheus-node-exporter"]
    assert exporter["namespaceOverride"] == NODE_NAMESPACE
    assert exporter["tolerations"] == [{"operator": "Exists"}]


def test_the_ring_is_ketama_with_the_regions_factor(thanos: Any) -> None:
    assert "--receive.hashrings-algorithm=ketama" in thanos["receive"]["router"]["extraArgs"]
    assert thanos["receive"]["replicationFactor"] == 3


def test_routers_restart_when_the_ring_changes(zoned: Region, thanos: Any) -> None:
    receive = zoned.thanos.receive.model_copy(update={"replicas": 6, "ring": 6})
    grown = zoned.model_copy(update={"thanos": zoned.thanos.model_copy(update={"receive": receive})})
    other: Any = _releases(grown)["thanos"].values
    assert other["receive"]["router"]["podAnnotations"] != thanos["receive"]["router"]["podAnnotations"]


def test_ingestors_carry_the_region_and_never_the_cluster(thanos: Any, zoned: Region) -> None:
    labels = [flag for flag in thanos["receive"]["ingestor"]["extraArgs"] if flag.startswith("--label=")]
    assert labels == [f'--label=region="{zoned.location}"']


def test_an_ingestor_has_time_to_write_its_head(thanos: Any) -> None:
    assert thanos["receive"]["ingestor"]["terminationGracePeriodSeconds"] == 900


def test_ingestors_refuse_samples_too_far_in_the_future(thanos: Any) -> None:
    assert "--tsdb.too-far-in-future.time-window=5m" in thanos["receive"]["ingestor"]["extraArgs"]


def test_blob_keeps_each_resolution_as_long_as_the_region_says(thanos: Any) -> None:
    flags = thanos["compact"]["extraArgs"]
    for flag in ("--retention.resolution-raw=14d", "--retention.resolution-5m=90d", "--retention.resolution-1h=1y"):
        assert flag in flags
    assert thanos["compact"]["deduplication"]["enabled"] is True


def test_queries_deduplicate_prometheus_replicas(thanos: Any) -> None:
    assert thanos["additionalReplicaLabels"] == ["prometheus_replica"]


def test_the_store_is_reached_without_a_key(zoned: Region, thanos: Any) -> None:
    config = yaml.safe_load(objstore(zoned))["config"]
    assert config.keys() == {"storage_account", "container", "endpoint", "storage_create_container", "max_retries"}
    assert config["max_retries"] == 3
    assert thanos["objstoreConfig"]["create"] is False


@pytest.mark.parametrize("component", [one for one in COMPONENTS if one.grants], ids=lambda one: one.name)
def test_accounts_of_workload_identities_are_terraforms(zoned: Region, component: Any) -> None:
    text = to_yaml(_releases(zoned)[component.release].values)
    assert f"name: {component.service_account}\n" in text
    assert "azure.workload.identity/client-id" not in text


def test_people_sign_in_by_entra_without_a_client_secret(proxy: Any, zoned: Region) -> None:
    (provider,) = proxy["alphaConfig"]["configData"]["providers"]
    assert provider["provider"] == "entra-id"
    assert provider["microsoftEntraIDConfig"] == {"federatedTokenAuth": True}
    assert provider["allowedGroups"] == [zoned.access.allowed_group]
    assert proxy["config"]["emailDomains"] == [zoned.access.email_domain]
    assert "clientSecret" not in to_yaml(proxy)


def test_oauth2_proxy_trusts_only_the_gateway_to_forward(proxy: Any, zoned: Region) -> None:
    (network,) = zoned.access.trusted_proxies
    assert f"--trusted-proxy-ip={network}" in proxy["extraArgs"]


def test_the_session_cookie_is_tied_to_host_and_tls(proxy: Any) -> None:
    flags = proxy["extraArgs"]
    assert {"--cookie-name=__Host-oversight", "--cookie-secure=true", "--cookie-samesite=lax"} <= set(flags)
    assert "--session-cookie-minimal=true" in flags
    assert not [flag for flag in flags if flag.startswith("--cookie-refresh")]


def test_oauth2_proxy_has_two_replicas_and_the_regions_host(proxy: Any, zoned: Region) -> None:
    assert proxy["replicaCount"] == 2
    assert proxy["gatewayApi"]["hostnames"] == [zoned.access.host]
    assert proxy["gatewayApi"]["gatewayRef"] == {"name": "front", "namespace": "edge", "sectionName": "web"}


def test_only_client_ids_of_secret_providers_are_known_after_apply(zoned: Region) -> None:
    made = _releases(zoned)
    assert {name: dict(release.known_after_apply) for name, release in made.items() if release.known_after_apply} == {
        "oauth2-proxy": {"extraObjects[0].spec.parameters.clientID": "oauth2-proxy"},
        "kube-prometheus-stack": {"extraManifests[0].spec.parameters.clientID": "alertmanager"},
        "prometheus-postgres-exporter": {"extraManifests[0].spec.parameters.clientID": "postgres-exporter"},
        "prometheus-redis-exporter": {"extraManifests[0].spec.parameters.clientID": "redis-credentials"},
    }
    for release in made.values():
        for path in release.known_after_apply:
            values: Any = release.values
            assert values[path.partition("[")[0]][0]["kind"] == "SecretProviderClass"


def test_stateful_releases_are_not_rolled_back_in_the_middle(zoned: Region) -> None:
    made = _releases(zoned)
    assert {name for name, release in made.items() if not release.atomic} == {"kube-prometheus-stack", "thanos"}
    assert made["thanos"].timeout >= 3 * 900


def test_every_placed_part_is_on_the_monitoring_nodes(thanos: Any) -> None:
    parts = [thanos["receive"]["ingestor"], thanos["receive"]["router"]]
    parts += [thanos[part] for part in ("storeGateway", "compact", "query", "queryFrontend")]
    for part in parts:
        assert part["nodeSelector"] == POOL_LABELS
        assert part["priorityClassName"] == PRIORITY_CLASS
        assert part["resources"]["requests"].keys() == {"cpu", "memory"}


def test_the_same_region_gives_the_same_text(zoned: Region) -> None:
    first, second = ([to_yaml(one.values) for one in releases(zoned, ())] for _ in range(2))
    assert first == second
    assert not [text for text in first if "&id" in text]


def _fleet_with(tmp_path: Path, text: str) -> Fleet:
    folder = tmp_path / "regions"
    shutil.copytree(Path(__file__).parents[3] / "fleet" / "regions", folder)
    file = folder / "trial-gamma.yaml"
    file.write_text(file.read_text() + text)
    return load_fleet(folder)


def test_a_regions_own_value_wins_and_is_listed(tmp_path: Path) -> None:
    text = "helm_values:\n  thanos:\n    logLevel: debug\n    query: {replicas: 3}\n"
    made = {one.name: one for one in checked_releases(_fleet_with(tmp_path, text))["trial-gamma"]}
    values: Any = made["thanos"].values
    assert (values["logLevel"], values["query"]["replicas"]) == ("debug", 3)
    assert tuple(map(str, made["thanos"].overrides)) == ("logLevel", "query.replicas (instead of 2)")
    assert made["kube-prometheus-stack"].overrides == ()


def test_region_value_faults_are_reported_together_with_lines(tmp_path: Path) -> None:
    text = "helm_values:\n  thanos:\n    query: {replica: 3}\n    logLevel: 5\n  thanoss: {}\n"
    with pytest.raises(InvalidInput) as caught:
        checked_releases(_fleet_with(tmp_path, text))
    first = (Path(__file__).parents[3] / "fleet" / "regions" / "trial-gamma.yaml").read_text().count("\n") + 1
    assert [str(problem) for problem in caught.value.problems] == [
        f"regions/trial-gamma.yaml:{first + 2}: helm_values.thanos.query.replica is no value of the chart, "
        "did you mean query.replicas?",
        f"regions/trial-gamma.yaml:{first + 3}: helm_values.thanos.logLevel must be a string, got 5",
        f"regions/trial-gamma.yaml:{first + 4}: helm_values.thanoss must be a release with values, one of "
        "kube-prometheus-stack, thanos, oauth2-proxy",
    ]


def test_a_region_cannot_put_a_list_of_its_own_in_place_of_all_objects(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"helm_values\.objects must be a release with values, one of kube-prom"):
        checked_releases(_fleet_with(tmp_path, "helm_values:\n  objects: {objects: []}\n"))


@pytest.mark.parametrize(
    ("static", "computed", "message"),
    [
        ({"querry": {}}, {}, "helm-values/thanos.yaml: querry is no value of the chart, did you mean query?"),
        ({}, {"query": {"replica": 1}}, "monitoring/blueprint/releases/thanos.py: query.replica is no value"),
        ({"logFormat": "json"}, {"logFormat": "json"}, "helm-values/thanos.yaml: logFormat must be set in one place"),
    ],
)
def test_a_fault_in_any_layer_names_the_layers_file(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, static: Any, computed: Any, message: str
) -> None:
    import dataclasses

    from monitoring.blueprint import releases as module
    from monitoring.fleet.yaml_file import YamlFile

    recipe = next(one for one in module.RECIPES if one.name == "thanos")
    broken = dataclasses.replace(recipe, computed=lambda *_: computed)
    source = YamlFile(name="helm-values/thanos.yaml", data=merged({}, static), lines={})
    monkeypatch.setattr(module, "RECIPES", (broken,))
    monkeypatch.setattr(module, "static_values", lambda _: source)
    with pytest.raises(InvalidInput) as caught:
        checked_releases(fleet)
    assert message in str(caught.value)


def test_a_token_of_terraform_is_no_value(tmp_path: Path) -> None:
    text = "helm_values: {thanos: {query: {podAnnotations: {a: '${TfToken[TOKEN.1]}'}}}}\n"
    with pytest.raises(InvalidInput) as caught:
        checked_releases(_fleet_with(tmp_path, text))
    message = "helm_values.thanos.query.podAnnotations.a must be plain data, got a Terraform token"
    assert re.fullmatch(rf"regions/trial-gamma\.yaml:\d+: {re.escape(message)}", str(caught.value))


def test_of_very_many_wrong_keys_the_first_hundred_are_told(tmp_path: Path) -> None:
    keys = ", ".join(f"replicaz{number}: 1" for number in range(5000))
    with pytest.raises(InvalidInput) as caught:
        checked_releases(_fleet_with(tmp_path, f"helm_values: {{thanos: {{query: {{{keys}}}}}}}\n"))
    assert len(caught.value.problems) == 100
