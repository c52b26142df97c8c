"""versions.yaml is strict: exact versions, known keys, real digests."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from monitoring.blueprint.values.charts import KubernetesRange, parse_versions, versions
from monitoring.errors import InvalidInput

GOOD = """kubernetes: {oldest: "1.36", newest: "1.37"}
charts:
  one: {address: "oci://example.com/charts", version: 1.2.3, digest: null}
images:
  main: {registry: example.com, repository: main, tag: v1.2.3}
digests: {"example.com/main:v1.2.3": null}
"""


def _parse(tmp_path: Path, text: str) -> None:
    (tmp_path / "versions.yaml").write_text(text)
    parse_versions(tmp_path / "versions.yaml", name="versions.yaml")


def test_good_versions_are_read(tmp_path: Path) -> None:
    _parse(tmp_path, GOOD)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("1.2.3, digest", "1.2, digest", "versions.yaml:3: charts.one.version"),
        ("1.2.3, digest", "^1.2.3, digest", "versions.yaml:3: charts.one.version"),
        ("digest: null", "digest: abc", "versions.yaml:3: charts.one.digest"),
        ("oci://", "http://", "versions.yaml:3: charts.one.address"),
        ("tag: v1.2.3", "tag: latest", "versions.yaml:5: images.main.tag"),
        ("tag:", "tagg:", "images.main.tagg"),
        ('"1.37"', "1.37", "versions.yaml:1: kubernetes.newest"),
        ('"1.36"', '"1.36.2"', "versions.yaml:1: kubernetes.oldest"),
        ('"1.36"', '"1.38"', "versions.yaml:1: kubernetes Value error, oldest must not be above newest"),
    ],
)
def test_what_is_not_pinned_is_refused_at_its_line(tmp_path: Path, old: str, new: str, place: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        _parse(tmp_path, GOOD.replace(old, new))
    assert place in str(caught.value)


def test_the_repositorys_own_versions_are_good() -> None:
    assert versions().charts["thanos"].address.startswith("oci://")


def test_both_ends_and_all_between_are_supported() -> None:
    supported = KubernetesRange(oldest="1.35", newest="1.37")
    assert supported.minors == ("1.35", "1.36", "1.37")
    assert supported.ends == ("1.35", "1.37")
    assert KubernetesRange(oldest="1.37", newest="1.37").ends == ("1.37",)


def test_kubectl_is_at_most_one_minor_version_from_every_supported_cluster() -> None:
    """Kubernetes' policy of version skew; the CRD job's kubectl meets them all."""
    _, minor, _ = versions().images["kubectl"].tag.removeprefix("v").split(".")
    for supported in versions().kubernetes.minors:
        assert abs(int(supported.removeprefix("1.")) - int(minor)) <= 1


def test_a_chart_of_the_repository_says_the_pinned_version() -> None:
    local = {chart.name: chart for chart in versions().charts.values() if chart.folder}
    assert local.keys() == {"objects"}
    for chart in local.values():
        assert chart.folder
        own = yaml.safe_load((chart.folder / "Chart.yaml").read_text())
        assert (own["name"], own["version"]) == (chart.name, chart.version)
