"""The exporters of managed databases: only where a region owns one, TLS verified, passwords as files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from monitoring.blueprint.components.workloads import POSTGRES_EXPORTER, REDIS_CREDENTIALS
from monitoring.blueprint.objects import key_vault
from monitoring.blueprint.releases import checked_releases, prometheus_redis_exporter, releases
from monitoring.blueprint.releases.release import to_yaml
from monitoring.blueprint.values.manifests import pod_faults
from monitoring.errors import InvalidInput
from monitoring.fleet import Fleet, Region, load_fleet
from monitoring.fleet.sources import Databases

EXPORTERS = ("prometheus-postgres-exporter", "prometheus-redis-exporter")


def _values(region: Region) -> dict[str, Any]:
    return {release.name: release.values for release in releases(region, ()) if release.name in EXPORTERS}


@pytest.fixture(scope="module")
def postgres(zoned: Region) -> Any:
    return _values(zoned)["prometheus-postgres-exporter"]


@pytest.fixture(scope="module")
def redis(zoned: Region) -> Any:
    return _values(zoned)["prometheus-redis-exporter"]


def _owned(region: Region) -> Databases:
    assert region.databases is not None
    return region.databases


def test_exporters_run_where_the_databases_are_owned(fleet: Fleet) -> None:
    found = {region.name: tuple(_values(region)) for region in fleet.regions}
    assert found == {"trial-alpha": EXPORTERS, "trial-beta": (), "trial-gamma": ()}


@pytest.mark.parametrize(("missing", "left"), [("postgresql", EXPORTERS[1]), ("redis", EXPORTERS[0])])
def test_region_may_have_only_one_database(zoned: Region, missing: str, left: str) -> None:
    databases = _owned(zoned).model_copy(update={missing: None})
    assert list(_values(zoned.model_copy(update={"databases": databases}))) == [left]


def test_values_for_an_exporter_that_the_region_has_not_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "regions"
    shutil.copytree(Path(__file__).parents[3] / "fleet" / "regions", folder)
    file = folder / "trial-beta.yaml"
    file.write_text(file.read_text() + "helm_values:\n  prometheus-redis-exporter: {replicaCount: 2}\n")
    with pytest.raises(InvalidInput, match=r"helm_values\.prometheus-redis-exporter must be a release with values"):
        checked_releases(load_fleet(folder))


def test_postgresql_is_asked_by_verified_tls_with_a_password_from_a_file(postgres: Any, zoned: Region) -> None:
    source, database = postgres["config"]["datasource"], _owned(zoned).postgresql
    assert database is not None
    assert source["sslmode"] == "verify-full"
    assert (source["host"], source["port"], source["user"]) == (database.host, str(database.port), database.user)
    assert source["passwordFile"] == f"{key_vault.FOLDER}/{database.password_secret}"
    assert not source.keys() & {"password", "passwordSecret"}
    assert postgres["extraVolumeMounts"] == [key_vault.mount()]


def test_redis_is_asked_by_verified_tls_with_a_password_from_a_file(redis: Any, zoned: Region) -> None:
    database = _owned(zoned).redis
    assert database is not None
    assert redis["redisAddress"] == f"rediss://{database.host}:{database.port}"
    assert "skip-tls-verification" not in to_yaml(redis)
    assert redis["auth"]["redisPasswordFile"]["secret"] == {"name": "redis-exporter", "key": database.password_secret}
    assert "redisPassword" not in redis["auth"]


def test_the_secret_that_redis_exporter_mounts_is_kept_from_key_vault(redis: Any) -> None:
    provider, keeper, _ = redis["extraManifests"]
    (synced,) = provider["spec"]["secretObjects"]
    secret = redis["auth"]["redisPasswordFile"]["secret"]
    assert synced["secretName"] == secret["name"]
    assert [one["key"] for one in synced["data"]] == [secret["key"]]
    pod = keeper["spec"]["template"]["spec"]
    assert pod["volumes"][0]["csi"]["volumeAttributes"]["secretProviderClass"] == provider["metadata"]["name"]
    assert pod["serviceAccountName"] == REDIS_CREDENTIALS.service_account


def test_the_pod_that_waits_fits_pod_security_restricted() -> None:
    assert list(pod_faults(prometheus_redis_exporter.credentials())) == []


def test_redis_exporter_service_account_mounts_no_token(redis: Any) -> None:
    account = redis["extraManifests"][2]
    assert redis["serviceAccount"] == {"create": False, "name": "redis-exporter"}
    assert (account["kind"], account["metadata"]["name"]) == ("ServiceAccount", "redis-exporter")
    assert account["automountServiceAccountToken"] is False


def test_redis_exporter_accepts_no_target_parameter(redis: Any) -> None:
    assert redis["extraArgs"]["disable-scrape-endpoint"] == "true"


@pytest.mark.parametrize(("name", "job"), [(EXPORTERS[0], "azure-sql"), (EXPORTERS[1], "azure-redis")])
def test_database_series_have_no_exporter_pod_labels(zoned: Region, name: str, job: str) -> None:
    rules = _values(zoned)[name]["serviceMonitor"]["relabelings"]
    replaced = {rule["targetLabel"]: rule["replacement"] for rule in rules if "targetLabel" in rule}
    assert replaced["job"] == job
    assert replaced["instance"].endswith(("psql.trial.example:6432", "redis.trial.example:10000"))
    assert {"action": "labeldrop", "regex": "pod|container|endpoint|service"} in rules


def test_each_exporter_mounts_its_own_secret(zoned: Region, unzoned: Region) -> None:
    assert POSTGRES_EXPORTER.secrets(zoned) == ("postgres-exporter-trial",)
    assert REDIS_CREDENTIALS.secrets(zoned) == ("redis-exporter-trial",)
    assert POSTGRES_EXPORTER.secrets(unzoned) == REDIS_CREDENTIALS.secrets(unzoned) == ()
