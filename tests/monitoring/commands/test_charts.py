"""`monitoring charts --record`, with a helm that "pulls" what the test wants."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitoring.__main__ import main
from monitoring.blueprint.values.charts import parse_versions
from monitoring.commands import charts as command
from monitoring.errors import CannotHave
from monitoring.rendering import charts

VERSIONS = """\
# a comment that stays
kubernetes: {{oldest: "1.36", newest: "1.37"}}
charts:
  one: # why this one
    address: oci://example.test/charts
    version: 1.2.3
    digest: null
  two:
    address: oci://example.test/charts
    version: 4.5.6
    digest: {two} # since May
  own:
    address: charts/objects
    version: 1.0.0
    digest: null
images: {{}}

# of images
digests:
  gone.test/old:v1: sha256:{gone}
  registry.test/kept:v1: {kept}
  registry.test/missing:v1: null
"""
RENDERED = ["registry.test/kept:v1", "registry.test/missing:v1", "registry.test/new:v1"]
KEPT = f"sha256:{'1' * 64}"
NEW = f"sha256:{'2' * 64}"
DIGESTS = {name: f"sha256:{hashlib.sha256(f'{name}'.encode()).hexdigest()}" for name in ("one", "two", "else")}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its versions.yaml; helm writes a chart's name as its package, and knows no chart `gone`."""
    helm = tmp_path / "bin" / "helm"
    helm.parent.mkdir()
    helm.write_text(
        '#!/bin/sh\nname="${2##*/}"; [ "$name" != gone ] || { echo "no such chart" >&2; exit 1; }\n'
        'printf %s "$name" >"$6/$name-$4.tgz"\n'
    )
    helm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{helm.parent}:/usr/bin:/bin")
    monkeypatch.setattr(charts, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(command, "ROOT", tmp_path)
    file = tmp_path / "helm-values" / "versions.yaml"
    file.parent.mkdir()
    monkeypatch.setattr(command, "versions", lambda: parse_versions(file, name="versions.yaml"))
    (tmp_path / "tests" / "golden").mkdir(parents=True)
    (tmp_path / "tests" / "golden" / "images.json").write_text(json.dumps({"images": RENDERED}))
    monkeypatch.setattr(command, "image_digest", ask)
    return file


def ask(image: str) -> str:
    """A registry that has the new image alone."""
    if image != "registry.test/new:v1":
        raise CannotHave(f"{image}: its registry must give a manifest, got 404")
    return NEW


def filled(two: str) -> str:
    """versions.yaml with this digest of the second chart."""
    return VERSIONS.format(two=two, gone="0" * 64, kept=KEPT)


def charts_part(text: str) -> str:
    return text.partition("# of images")[0]


def record(repository: Path, text: str) -> Result:
    repository.write_text(text)
    return CliRunner().invoke(main, ["charts", "--record"])


def test_all_digests_are_recorded_at_once_and_nothing_else_changes(repository: Path) -> None:
    text = filled("null")
    result = record(repository, text)
    assert result.exit_code == 2, "one image is not to be had"
    expected = text.replace("digest: null", f"digest: {DIGESTS['one']}", 1)
    expected = expected.replace("null # since May", f"{DIGESTS['two']} # since May", 1)
    assert charts_part(repository.read_text()) == charts_part(expected)


def test_a_recorded_digest_is_never_replaced(repository: Path) -> None:
    text = filled(DIGESTS["else"])
    result = record(repository, text)
    assert result.exit_code == 2
    assert f"two-4.5.6.tgz must have the digest {DIGESTS['else']}" in result.stderr
    assert f"got {DIGESTS['two']}" in result.stderr
    assert f"digest: {DIGESTS['else']}" in repository.read_text()


def test_a_chart_that_is_not_to_be_had_is_told_and_the_others_are_recorded(repository: Path) -> None:
    result = record(repository, filled("null").replace("  one:", "  gone:"))
    assert result.exit_code == 2
    assert "no such chart" in result.stderr
    assert charts_part(repository.read_text()).count("digest: null") == 2
    assert DIGESTS["two"] in repository.read_text()


def test_without_record_nothing_is_pulled_or_written(repository: Path) -> None:
    text = filled(DIGESTS["two"])
    repository.write_text(text)
    result = CliRunner().invoke(main, ["charts"])
    assert result.exit_code == 0
    assert repository.read_text() == text
    assert not (repository.parents[1] / "cache").exists()
    assert "own" not in result.output


def test_rows_of_images_are_those_that_are_rendered_and_what_is_recorded_stays(repository: Path) -> None:
    result = record(repository, filled(DIGESTS["two"]))
    assert result.exit_code == 2
    assert result.stderr == "registry.test/missing:v1: its registry must give a manifest, got 404\n"
    assert repository.read_text().partition("# of images\n")[2] == (
        f"digests:\n  registry.test/kept:v1: {KEPT}\n  registry.test/missing:v1: null\n  registry.test/new:v1: {NEW}\n"
    )


def test_images_are_listed_with_their_digest_and_why_one_runs_by_its_tag(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write_text(filled("null"))
    monkeypatch.setattr(command, "WITHOUT_KEY", {"registry.test/missing": "its chart has no key"})
    shown = CliRunner().invoke(main, ["charts"]).stdout
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines()]
    assert ["registry.test/missing", "v1", "none"] in rows
    assert ["registry.test/new", "v1", "none"] in rows
    assert [row[:2] for row in rows if row and row[-1].startswith("sha256:1111")] == [["registry.test/kept", "v1"]]
    assert "registry.test/missing:v1 runs by its tag: its chart has no key" in shown.splitlines()
