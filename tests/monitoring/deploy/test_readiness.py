"""What must be there before a stack meets the real state: all that is missing at once, and nothing of a trial."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from monitoring.__main__ import main
from monitoring.blueprint.values.charts import Chart, Image, KubernetesRange, Versions
from monitoring.deploy import readiness
from monitoring.deploy.saved_plan import keep
from monitoring.rendering import charts
from monitoring.synthesis import provider_locks

KUBERNETES = KubernetesRange(oldest="1.36", newest="1.37")
REGIONS = Path(__file__).parents[2] / "fleet" / "regions"
ZEROS = "00000000-0000-0000-0000-000000000000"
PACKAGE = b"a chart's package"
DIGEST = f"sha256:{hashlib.sha256(PACKAGE).hexdigest()}"
PLACE = f"charts/sha256-{hashlib.sha256(PACKAGE).hexdigest()}/thanos-1.2.3.tgz"


@pytest.fixture
def regions(tmp_path: Path) -> Path:
    return shutil.copytree(REGIONS, tmp_path / "regions")


@pytest.fixture(autouse=True)
def pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One chart with a digest, whose package has been pulled; no lock file is committed."""
    chart = Chart(name="thanos", address="oci://example.test/charts", version="1.2.3", digest=DIGEST)
    pins = Versions(kubernetes=KUBERNETES, charts={"thanos": chart}, images={}, digests={})
    monkeypatch.setattr(readiness, "versions", lambda: pins)
    monkeypatch.setattr(charts, "CACHE", tmp_path / "cache")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "thanos-1.2.3.tgz").write_bytes(PACKAGE)
    monkeypatch.setattr(provider_locks, "FOLDER", tmp_path / "providers")
    (tmp_path / "providers").mkdir()


def synthesized(
    tmp_path: Path,
    name: str = "trial-alpha",
    *,
    release: dict[str, str] | None = None,
    state: str = "azurerm",
    providers: tuple[str, ...] = (),
) -> Path:
    body: dict[str, Any] = {
        "terraform": {"backend": {state: {}}, "required_providers": {key: {} for key in providers}},
        "resource": {"helm_release": {"one": release or {"chart": PLACE}}},
    }
    folder = tmp_path / "out" / "stacks" / name
    folder.mkdir(parents=True)
    (folder / "cdk.tf.json").write_text(json.dumps(body))
    return folder


def ready(tmp_path: Path, name: str = "trial-alpha", *, command: str = "ready") -> Result:
    line = [command, name, "--regions", str(tmp_path / "regions"), "--outdir", str(tmp_path / "out")]
    return CliRunner().invoke(main, line)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def without_roots(regions: Path) -> None:
    common = regions / "_common.yaml"
    text = common.read_text()
    start, end = text.index("trust:"), text.index("disk_snapshots:")
    common.write_text(f"{text[:start]}trust: []\n{text[end:]}")


@pytest.mark.usefixtures("regions")
def test_a_complete_stack_is_ready_and_its_chart_lies_where_the_json_names_it(tmp_path: Path) -> None:
    stack = synthesized(tmp_path)
    result = ready(tmp_path)
    assert (result.exit_code, result.output) == (0, "")
    assert (stack / PLACE).read_bytes() == PACKAGE


@pytest.mark.parametrize("state", ["azurerm", "local"])
def test_another_package_than_the_recorded_one_never_reaches_terraform(
    state: str, tmp_path: Path, regions: Path
) -> None:
    stack = synthesized(tmp_path, state=state)
    (tmp_path / "cache" / "thanos-1.2.3.tgz").write_bytes(b"another")
    result = ready(tmp_path)
    assert regions.is_dir()
    assert result.exit_code == 2
    assert result.stderr == (
        f"thanos-1.2.3.tgz must have the digest {DIGEST} of helm-values/versions.yaml, "
        f"got sha256:{hashlib.sha256(b'another').hexdigest()}\n"
    )
    assert not (stack / PLACE).exists()


def test_all_that_is_missing_is_told_at_once(tmp_path: Path, regions: Path) -> None:
    edit(regions / "_common.yaml", "22222222-2222-4222-8222-222222222222", ZEROS)
    synthesized(
        tmp_path, release={"chart": "thanos", "repository": "oci://example.test"}, providers=("helm", "azurerm")
    )
    result = ready(tmp_path)
    assert result.exit_code == 1
    digest, lock, zeros = result.stderr.splitlines()
    assert zeros == "regions/_common.yaml:5: tenant_id must be filled in before a deploy, got zeros"
    assert digest.startswith("helm-values/versions.yaml:")
    assert "charts.thanos.digest must be recorded before a deploy" in digest
    assert lock == (
        "providers/azurerm+helm.lock.hcl: must hold the providers' checksums before a deploy "
        "(make lock-providers), got no such file"
    )


@pytest.mark.usefixtures("regions")
def test_an_image_without_a_recorded_digest_is_not_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = {"quay.io/thanos/thanos:v0.42.4": None, "registry.k8s.io/pause:3.10": DIGEST}
    chart = Chart(name="thanos", address="oci://example.test/charts", version="1.2.3", digest=DIGEST)
    moved = {"moved": Image(registry="quay.io", repository="team/app", tag="v2.0")}
    pins = Versions(kubernetes=KUBERNETES, charts={"thanos": chart}, images=moved, digests=images)
    monkeypatch.setattr(readiness, "versions", lambda: pins)
    synthesized(tmp_path)
    result = ready(tmp_path)
    assert result.exit_code == 1
    moved_line, line = result.stderr.splitlines()
    assert "digests.quay.io/team/app:v2.0 must be recorded before a deploy" in moved_line
    assert line.startswith("helm-values/versions.yaml:")
    assert "digests.quay.io/thanos/thanos:v0.42.4 must be recorded before a deploy" in line


def test_a_region_without_a_root_is_not_ready(tmp_path: Path, regions: Path) -> None:
    synthesized(tmp_path)
    without_roots(regions)
    result = ready(tmp_path)
    assert result.exit_code == 1
    assert result.stderr == (
        "regions/_common.yaml:101: trust must hold a root before a deploy, got none: "
        "what needs the bundle does not start\n"
    )


def test_zeros_of_another_region_are_not_this_ones(tmp_path: Path, regions: Path) -> None:
    edit(regions / "trial-beta.yaml", "location:", f"subscription_id: {ZEROS}\nlocation:")
    for name in ("trial-alpha", "trial-beta", "fleet"):
        synthesized(tmp_path, name)
    assert ready(tmp_path).exit_code == 0
    assert "regions/trial-beta.yaml:" in ready(tmp_path, "trial-beta").stderr
    assert "subscription_id must be filled in" in ready(tmp_path, "fleet").stderr


def test_the_fleet_needs_no_root_and_no_id_that_regions_alone_read(tmp_path: Path, regions: Path) -> None:
    synthesized(tmp_path, "fleet")
    without_roots(regions)
    assert ready(tmp_path, "fleet").exit_code == 0


def test_a_trial_with_a_local_state_may_have_zeros(tmp_path: Path, regions: Path) -> None:
    edit(regions / "_common.yaml", "22222222-2222-4222-8222-222222222222", ZEROS)
    synthesized(tmp_path, state="local", release={"chart": "thanos", "repository": "oci://x"}, providers=("helm",))
    assert ready(tmp_path).exit_code == 0


@pytest.mark.usefixtures("regions")
def test_recorded_checksums_make_it_ready(tmp_path: Path) -> None:
    synthesized(tmp_path, providers=("helm",))
    assert ready(tmp_path).exit_code == 1
    (tmp_path / "providers" / "helm.lock.hcl").touch()
    assert ready(tmp_path).exit_code == 0


@pytest.mark.usefixtures("regions")
def test_a_stack_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    synthesized(tmp_path)
    result = ready(tmp_path, "trial-x")
    assert (result.exit_code, result.stderr) == (1, "STACK: must be one of trial-alpha, got trial-x\n")


@pytest.fixture
def terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A terraform that only writes what it was called with into this file."""
    calls = tmp_path / "calls"
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$*" >>"{calls}"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return calls


@pytest.mark.parametrize("command", ["plan", "deploy"])
def test_terraform_does_not_see_what_is_not_ready(command: str, tmp_path: Path, regions: Path, terraform: Path) -> None:
    without_roots(regions)
    stack = synthesized(tmp_path)
    (stack / "plan.tfplan").write_text("a plan")
    keep(stack, changes=True)
    result = ready(tmp_path, command=command)
    assert result.exit_code == 1
    assert "trust must hold a root before a deploy" in result.stderr
    assert not terraform.exists()


@pytest.mark.usefixtures("regions")
def test_a_deploy_holds_the_charts_against_their_digests_once_more(tmp_path: Path, terraform: Path) -> None:
    stack = synthesized(tmp_path)
    assert ready(tmp_path).exit_code == 0
    (stack / "plan.tfplan").write_text("a plan")
    keep(stack, changes=True)
    (stack / PLACE).write_bytes(b"another")
    result = ready(tmp_path, command="deploy")
    assert result.exit_code == 0, result.output
    assert (stack / PLACE).read_bytes() == PACKAGE
    assert terraform.read_text().splitlines() == [
        f"-chdir={stack} init -input=false",
        f"-chdir={stack} apply -input=false -lock-timeout=10m plan.tfplan",
    ]


@pytest.mark.usefixtures("regions")
def test_terraform_that_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    synthesized(tmp_path)
    result = ready(tmp_path, command="plan")
    assert result.exit_code == 2
    assert result.stderr.startswith("terraform is not on PATH (1.11 or newer")
