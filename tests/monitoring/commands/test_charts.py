"""`monitoring charts --record`, with a helm that "pulls" what the test wants."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitoring.__main__ import main
from monitoring.blueprint.values.charts import parse_versions
from monitoring.commands import charts as command
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
"""
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
    return file


def record(repository: Path, text: str) -> Result:
    repository.write_text(text)
    return CliRunner().invoke(main, ["charts", "--record"])


def test_all_digests_are_recorded_at_once_and_nothing_else_changes(repository: Path) -> None:
    text = VERSIONS.format(two="null")
    result = record(repository, text)
    assert result.exit_code == 0, result.output
    expected = text.replace("digest: null", f"digest: {DIGESTS['one']}", 1)
    assert repository.read_text() == expected.replace("null # since May", f"{DIGESTS['two']} # since May", 1)


def test_a_recorded_digest_is_never_replaced(repository: Path) -> None:
    text = VERSIONS.format(two=DIGESTS["else"])
    result = record(repository, text)
    assert result.exit_code == 2
    assert f"two-4.5.6.tgz must have the digest {DIGESTS['else']}" in result.stderr
    assert f"got {DIGESTS['two']}" in result.stderr
    assert f"digest: {DIGESTS['else']}" in repository.read_text()


def test_a_chart_that_is_not_to_be_had_is_told_and_the_others_are_recorded(repository: Path) -> None:
    result = record(repository, VERSIONS.format(two="null").replace("  one:", "  gone:"))
    assert result.exit_code == 2
    assert "no such chart" in result.stderr
    assert repository.read_text().count("digest: null") == 2
    assert DIGESTS["two"] in repository.read_text()


def test_without_record_nothing_is_pulled_or_written(repository: Path) -> None:
    text = VERSIONS.format(two=DIGESTS["two"])
    repository.write_text(text)
    result = CliRunner().invoke(main, ["charts"])
    assert result.exit_code == 0
    assert repository.read_text() == text
    assert not (repository.parents[1] / "cache").exists()
    assert "own" not in result.output
