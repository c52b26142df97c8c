"""What runs locally comes from the deployed values, and what differs is on the list."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.blueprint.components.workloads import COMPONENTS, RECEIVE_INGESTOR
from monitoring.blueprint.releases import federation
from monitoring.blueprint.values import flags
from monitoring.blueprint.values.charts import ROOT
from monitoring.commands.local import differences_table
from monitoring.fleet import load_fleet
from monitoring.local import blob, oauth2_proxy, operator, scrapes, sidecar, thanos
from monitoring.local.authorities import issue
from monitoring.local.differences import Differences
from monitoring.local.region import LocalRegion, Ports, Program
from tests.fake_clock import FakeClock
from tests.fleet.changed import at, changed

FLEET = load_fleet(ROOT / "tests" / "fleet" / "regions")
GOLDEN: dict[str, list[str]] = json.loads((ROOT / "tests" / "golden" / "flags.json").read_text(encoding="utf-8"))
STORE = {"type": "FILESYSTEM", "config": {"directory": "blocks"}}


@pytest.fixture
def local_region(tmp_path: Path) -> LocalRegion:
    (region,) = (one for one in FLEET.regions if one.global_view)
    root = issue("root", authority=True)
    made = LocalRegion(
        region=region,
        peers=FLEET.peers_of(region),
        folder=tmp_path,
        ports=Ports(),
        tool=Path,
        differences=Differences(),
        authority=issue("intermediate", by=root, authority=True),
        pods={},
    )
    made.vault.mkdir()
    made.issue_certificates(root)
    return made


def started(programs: Sequence[Program], component: str) -> list[str]:
    return next(list(program.line) for program in programs if program.component == component)


def selected(programs: Sequence[Program]) -> list[str]:
    """Which shard's owner a store gateway is told to be, of each that has shards."""
    return [
        word.partition("regex: ")[2].strip()
        for program in programs
        if program.component == "thanos-store-gateway"
        for word in program.line
        if word.startswith("--selector.relabel-config=")
    ]


def test_store_gateways_divide_the_blocks_among_those_that_run_here(local_region: LocalRegion) -> None:
    """Else the only one would leave out what its deployed neighbours have."""
    wider = changed(at("thanos.store_gateway.replicas", 4), of=local_region.region.name)
    alone = replace(local_region, region=wider, pods={"thanos-store-gateway": 1})
    assert selected(thanos.programs(alone, STORE)) == []
    four = selected(thanos.programs(replace(local_region, region=wider), STORE))
    assert four == [f"0 .*thanos-store-gateway-{pod}=0 .*|1 .*thanos-store-gateway-{pod}=1 .*" for pod in range(4)]


def test_without_a_memcached_here_each_caches_in_its_own_memory(local_region: LocalRegion) -> None:
    assert local_region.region.thanos.cache
    words = [word for program in thanos.programs(local_region, STORE) for word in program.line]
    assert not [word for word in words if "MEMCACHED" in word]
    assert any(word.startswith("--query-range.response-cache-config={type: IN-MEMORY") for word in words)


@pytest.mark.parametrize("component", [*thanos.COMPONENTS, *thanos.GLOBAL_VIEW], ids=lambda one: one.name)
def test_thanos_has_the_flags_that_the_chart_renders(local_region: LocalRegion, component: Any) -> None:
    (rendered,) = (names for title, names in GOLDEN.items() if title.split("/")[1] == component.name)
    assert sorted(flags.names(thanos.arguments(component, local_region))) == sorted(rendered)


def test_every_flag_is_as_deployed_or_on_the_list(local_region: LocalRegion) -> None:
    programs = thanos.programs(local_region, STORE)
    listed = {one.what for one in local_region.differences.all()}
    for component in thanos.COMPONENTS:
        deployed = set(thanos.arguments(component, local_region))
        changed = {flag for flag in started(programs, component.name)[2:] if flag not in deployed}
        unlisted = {flag for flag in changed if flag.partition("=")[0] not in listed}
        # the name of the pod, and folders of certificates
        assert {flag.partition("=")[0] for flag in unlisted} <= {
            "--label",
            *(flag for flag in flags.names(deployed) if "-tls-" in flag),
        }


def test_the_hashring_is_the_deployed_one_on_loopback(local_region: LocalRegion) -> None:
    line = started(thanos.programs(local_region, STORE), "thanos-receive-router")
    (file,) = (flag.partition("=")[2] for flag in line if flag.startswith("--receive.hashrings-file="))
    (ring,) = json.loads(Path(file).read_text(encoding="utf-8"))
    assert [one["az"] for one in ring["endpoints"]] == ["1", "2", "3"]
    assert [one["address"] for one in ring["endpoints"]] == [
        local_region.address(f"thanos-receive-ingestor-{number}", "grpc") for number in range(3)
    ]
    assert "--receive.hashrings-algorithm=ketama" in line


def test_prometheus_has_the_deployed_labels_queue_and_retention(local_region: LocalRegion) -> None:
    operator.prometheus(local_region, "prometheus-prometheus-1", [])
    config = yaml.safe_load((local_region.folder / "prometheus-prometheus-1" / "prometheus.yaml").read_text())
    region = local_region.region
    assert config["global"]["external_labels"] == {
        "prometheus": "monitoring/prometheus",
        "prometheus_replica": "prometheus-prometheus-1",
        "cluster": region.name,
        "environment": region.environment,
    }
    (queue,) = config["remote_write"]
    assert queue["queue_config"]["retry_on_http_429"] is True
    assert queue["queue_config"]["sample_age_limit"] == region.thanos.outage_window.prometheus
    assert queue["url"].startswith("https://127.0.0.1:")
    assert Path(queue["tls_config"]["cert_file"]).is_file()
    assert config["storage"]["tsdb"]["retention"]["time"] == region.prometheus.retention.prometheus


def test_the_sidecar_has_the_arguments_of_its_container(local_region: LocalRegion) -> None:
    line = sidecar.program(local_region, "prometheus-prometheus-0", Path("kube-rbac-proxy")).line
    deployed = federation.sidecar()["args"]
    assert flags.names(line[1:]) == [*flags.names(deployed), "--kubeconfig"]
    assert "--allow-paths=/federate" in line
    changed = {flag.partition("=")[0] for flag in line[1:] if flag not in deployed}
    assert changed == {flag.partition("=")[0] for flag in deployed if "/" in flag.partition("=")[2]} - {
        "--allow-paths"
    } | {"--secure-listen-address", "--kubeconfig"}


@pytest.mark.parametrize(("through_the_sidecar", "port"), [(True, "federate"), (False, "http-web")])
def test_replicas_are_federated_by_their_sidecar_where_there_is_one(
    local_region: LocalRegion, through_the_sidecar: bool, port: str
) -> None:
    other = local_region.peers[0].name
    (job,) = scrapes.federation(replace(local_region, running=[other]), through_the_sidecar=through_the_sidecar)
    pods = ("prometheus-prometheus-0", "prometheus-prometheus-1")
    assert job["static_configs"][0]["targets"] == [
        f"127.0.0.1:{local_region.ports.of(other, pod, port)}" for pod in pods
    ]


def test_every_certificate_of_the_region_is_made(local_region: LocalRegion) -> None:
    made = {folder.name for folder in (local_region.folder / "secrets").iterdir()}
    assert made == {one.certificate_secret for one in COMPONENTS if one.certificate}
    assert local_region.trust.read_text(encoding="utf-8").startswith("-----BEGIN CERTIFICATE-----")


def test_difference_is_listed_once_with_all_components() -> None:
    found, line = Differences(), ["--a=1", "--b=2"]
    found.flag("one", line, "a", "3", why="tests")
    found.flag("two", ["--a=1"], "a", "4", why="tests")
    found.flag("two", ["--b=2"], "b", "2", why="the same is none")
    assert line == ["--a=3", "--b=2"]
    (only,) = found.all()
    assert (only.programs, only.what, only.deployed, only.local) == (("one", "two"), "--a", "--a=1", "--a=3")


def test_fewer_local_pods_are_listed_as_difference(local_region: LocalRegion) -> None:
    assert local_region.pods_of(RECEIVE_INGESTOR, deployed=3) == [
        f"thanos-receive-ingestor-{number}" for number in range(3)
    ]
    assert not local_region.differences.all()[2:]


def test_differences_are_grouped_by_reason() -> None:
    found, line = Differences(), ["--a=1", "--b=2"]
    found.flag("one", line, "b", "9", why="second")
    found.flag("one", line, "a", "3", why="first")
    found.flag("two", ["--a=1"], "a", "4", why="first")
    table = differences_table(found.all())
    assert [list(column.cells) for column in table.columns] == [
        ["first", "second"],
        ["--a", "--b"],
        ["--a=1", "--b=2"],
        ["--a=3", "--b=9"],
        ["one and 1 more", "one"],
    ]


def test_the_container_is_asked_for_again_where_azurite_was_too_slow(local_region: LocalRegion, tmp_path: Path) -> None:
    """A client that has given up has made it all the same."""
    thanos_that_fails_once = tmp_path / "thanos"
    thanos_that_fails_once.write_text(f"#!/bin/sh\n[ -e {tmp_path}/asked ] || {{ touch {tmp_path}/asked; exit 1; }}\n")
    thanos_that_fails_once.chmod(0o755)
    fake = FakeClock()
    blob.make_container(replace(local_region, tool=lambda _: thanos_that_fails_once), {"config": {}}, clock=fake.clock)
    assert fake.slept == [1]
    assert (tmp_path / "asked").exists()


def test_missing_container_error_includes_thanos_output(local_region: LocalRegion) -> None:
    with pytest.raises(RuntimeError, match=r"no container in Azurite: .*config-file"):
        blob.make_container(replace(local_region, tool=lambda _: Path("ls")), {"config": {}}, clock=FakeClock().clock)


def test_process_flags_can_be_replaced() -> None:
    program = Program(name="a", component="a", region="a", line=["thanos", "--x=1", "--xy=2", "--wait"], port=1)
    assert program.with_flags({"x": "3", "new": "4"}).line == ["thanos", "--xy=2", "--wait", "--x=3", "--new=4"]
    assert program.line[1] == "--x=1"


def test_rule_groups_keep_their_interval_up_to_a_minute(local_region: LocalRegion) -> None:
    operator.write_rules(local_region)
    groups = {
        group["name"]: group.get("interval")
        for file in (local_region.folder / "rules").iterdir()
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
    }
    assert groups["performance_rules"] == "30s"
    assert groups["business_rules"] == "60s"
    assert groups["probed_certificate_alerts"] == "1m"
    noted = [one for one in local_region.differences.all() if "interval" in one.what]
    assert [(one.what, one.deployed, one.local) for one in noted] == [
        ("rules probed_certificate_alerts: interval", "5m", "1m")
    ]


def test_a_sign_in_that_began_at_no_page_ends_at_thanos(local_region: LocalRegion) -> None:
    program, _ = oauth2_proxy.sign_in(local_region, "oauth2-proxy-0", entra_port=1, pod_token=secrets.token_hex())
    config = yaml.safe_load((local_region.mounts("oauth2-proxy-0") / "alpha.yml").read_text(encoding="utf-8"))
    upstreams = {one["id"]: one for one in config["upstreamConfig"]["upstreams"]}
    frontend = f"http://{local_region.address('thanos-query-frontend-0', 'http')}"
    assert upstreams["/"]["uri"] == upstreams["/thanos/"]["uri"] == frontend
    assert (upstreams["/"]["path"], upstreams["/"]["rewriteTarget"]) == (r"^/\z", "/")
    assert upstreams["/api/v1/query"]["uri"].startswith("https://")  # Prometheus' own, as deployed
    (listed,) = (one for one in local_region.differences.all() if one.what == "upstream of /")
    assert listed.programs == (program.name,)
    assert listed.deployed.startswith("https://")
