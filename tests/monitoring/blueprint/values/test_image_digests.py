"""Every image that is rendered has a row, and its digest reaches what Helm is given."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.blueprint import releases as made
from monitoring.blueprint.objects import drill
from monitoring.blueprint.releases import checked_releases, federation, prometheus_redis_exporter, releases
from monitoring.blueprint.releases.thanos_cache import with_cache
from monitoring.blueprint.values.charts import versions
from monitoring.blueprint.values.image_digests import DIGEST_KEYS, WITHOUT_KEY, digest_faults, digest_values, images
from monitoring.errors import InvalidInput
from monitoring.fleet import load_fleet

ROOT = Path(__file__).parents[4]
RECORD: dict[str, Any] = json.loads((ROOT / "tests" / "golden" / "images.json").read_text())
REGIONS = ROOT / "tests" / "fleet" / "regions"


def digest_of(image: str) -> str:
    """Another for each image."""
    return f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"


RECORDED = versions().model_copy(update={"digests": {image: digest_of(image) for image in RECORD["images"]}})


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every digest were recorded."""
    for module in (made, federation, prometheus_redis_exporter, drill):
        monkeypatch.setattr(module, "versions", lambda: RECORDED)


def test_the_record_is_of_the_pinned_charts() -> None:
    assert RECORD["charts"] == {name: chart.version for name, chart in versions().charts.items()}, "make record"


def test_every_rendered_image_has_a_row_and_every_row_is_rendered() -> None:
    assert list(versions().digests) == RECORD["images"], "python -m monitoring charts --record"


def test_every_pinned_image_is_rendered_at_its_version() -> None:
    assert {image.name for image in versions().images.values()} <= set(RECORD["images"])


def test_no_image_is_rendered_in_two_versions() -> None:
    """A digest is found by the image's name."""
    names = [image.rpartition(":")[0] for image in RECORD["images"]]
    assert sorted(set(names)) == names


@pytest.mark.usefixtures("recorded")
def test_every_digest_reaches_the_values_of_a_release() -> None:
    fleet = load_fleet(ROOT / "regions")
    region = fleet.region("prod-eastus")
    given = "".join(
        yaml.safe_dump(dict(release.values)) for release in releases(with_cache(region), fleet.peers_of(region))
    )
    missing = [image for image in RECORD["images"] if digest_of(image).removeprefix("sha256:") not in given]
    assert missing == ["docker.io/oliver006/redis_exporter:v1.89.0"]
    assert [image.rpartition(":")[0] for image in missing] == list(WITHOUT_KEY)


def test_a_key_takes_the_digest_in_the_words_of_its_chart() -> None:
    """As the real charts were rendered: kube-state-metrics' `sha` is the only one with the algorithm."""
    stack, thanos = digest_values("kube-prometheus-stack", RECORDED), digest_values("thanos", RECORDED)
    ksm = digest_of("registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.20.0")
    assert stack["kube-state-metrics.image.sha"] == ksm
    assert stack["grafana.image.sha"] == digest_of("docker.io/grafana/grafana:13.2.0").removeprefix("sha256:")
    assert stack["crds.upgradeJob.image.busybox.tag"] == f"1.37.0@{digest_of('docker.io/busybox:1.37.0')}"
    assert thanos == {"image.digest": digest_of("quay.io/thanos/thanos:v0.42.4")}


def test_the_digest_of_an_image_that_was_moved_to_another_tag_is_not_given() -> None:
    thanos = versions().images["thanos"].model_copy(update={"tag": "v0.43.0"})
    moved = RECORDED.model_copy(update={"images": {**versions().images, "thanos": thanos}})
    assert digest_values("thanos", moved) == {}
    assert moved.reference("thanos") == "quay.io/thanos/thanos:v0.43.0"


def test_without_a_recorded_digest_nothing_is_set() -> None:
    none = versions().model_copy(update={"digests": dict.fromkeys(RECORD["images"])})
    assert [digest_values(release, none) for release in DIGEST_KEYS] == [{}] * len(DIGEST_KEYS)


@pytest.mark.usefixtures("recorded")
def test_an_override_of_an_image_that_runs_by_its_digest_is_refused(tmp_path: Path) -> None:
    """The tag would change nothing: the digest alone says what runs."""
    for file in REGIONS.glob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text())
    alpha = yaml.safe_load((tmp_path / "trial-alpha.yaml").read_text())
    alpha.setdefault("helm_values", {}).setdefault("thanos", {})["image"] = {"tag": "v0.43.0"}
    (tmp_path / "trial-alpha.yaml").write_text(yaml.safe_dump(alpha))
    with pytest.raises(InvalidInput) as refused:
        checked_releases(load_fleet(tmp_path))
    (problem,) = refused.value.problems
    assert problem.path == "helm_values.thanos.image.tag"
    assert problem.message.startswith("must be changed in helm-values/versions.yaml")


ONE = "registry.test/team/one:v1"


@pytest.mark.parametrize(
    "manifest",
    [
        {"spec": {"containers": [{"image": ONE}]}},
        {"kind": "Prometheus", "spec": {"image": ONE}},
        {"spec": {"containers": [{"image": f"{ONE}@sha256:{'1' * 64}", "args": ["--other=a.b:1"]}]}},
        {"spec": {"containers": [{"args": [f"--config-reloader={ONE}"]}]}},
    ],
    ids=["container", "operator's", "another digest", "flag"],
)
def test_an_image_is_found_wherever_it_stands_and_told_unless_it_runs_by_its_digest(manifest: dict[str, Any]) -> None:
    pinned = versions().model_copy(update={"digests": {ONE: digest_of(ONE)}})
    assert images([manifest]) == [ONE]
    (fault,) = digest_faults(manifest, pinned)
    assert fault.startswith(f"image must be {ONE}@{digest_of(ONE)}, got {ONE}")


def test_the_digest_of_an_older_tag_is_told() -> None:
    pinned = versions().model_copy(update={"digests": {ONE: digest_of(ONE)}})
    bumped = ONE.replace(":v1", ":v2")
    (fault,) = digest_faults({"spec": {"image": f"{bumped}@{digest_of(ONE)}"}}, pinned)
    assert fault == f"image must be {bumped}, got {bumped}@{digest_of(ONE)}"


def test_the_recorded_pods_run_by_the_recorded_digests() -> None:
    workloads = json.loads((ROOT / "tests" / "golden" / "workloads.json").read_text())
    assert images(workloads), "the record names images"
    assert [fault for row in workloads for fault in digest_faults(row, versions())] == [], "make record"


def test_an_image_with_its_digest_or_without_a_recorded_one_is_right() -> None:
    pinned = versions().model_copy(update={"digests": {ONE: digest_of(ONE), "registry.test/two:v1": None}})
    containers = [{"image": f"{ONE}@{digest_of(ONE)}"}, {"image": "registry.test/two:v1"}]
    assert list(digest_faults({"spec": {"containers": containers}}, pinned)) == []
