"""Checksums of providers: recorded by the real Terraform from a mirror with a package of ours, and what they refuse."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitoring.__main__ import main
from monitoring.deploy.terraform import TerraformFailed, make_plan
from monitoring.synthesis import provider_locks
from monitoring.synthesis.provider_locks import copy_locks

PLATFORMS = ("linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64")
SOURCE = "provider.invalid/trial/fake"


def stack(outdir: Path, name: str, *providers: str) -> Path:
    folder = outdir / "stacks" / name
    folder.mkdir(parents=True)
    required = {key: {"source": SOURCE, "version": "1.2.3"} for key in providers}
    (folder / "cdk.tf.json").write_text(json.dumps({"terraform": {"required_providers": required}}))
    return folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where lock files are committed; none yet."""
    monkeypatch.setattr(provider_locks, "FOLDER", tmp_path / "providers")
    (tmp_path / "providers").mkdir()
    return tmp_path / "providers"


def test_each_set_of_providers_has_one_file_copied_to_every_stack_that_needs_it(tmp_path: Path, folder: Path) -> None:
    one, two = stack(tmp_path, "one", "b", "a"), stack(tmp_path, "two", "a", "b")
    other, none = stack(tmp_path, "other", "a"), stack(tmp_path, "none")
    (folder / "a+b.lock.hcl").write_text("checksums")
    (missing,) = copy_locks(tmp_path)
    assert [(at / ".terraform.lock.hcl").read_text() for at in (one, two)] == ["checksums", "checksums"]
    assert not any((at / ".terraform.lock.hcl").exists() for at in (other, none))
    assert str(missing).startswith("providers/a.lock.hcl: must hold the providers' checksums before a deploy")


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A mirror that holds the provider for every platform. It is never started, so its program may be any text."""
    if not shutil.which("terraform"):
        pytest.fail("terraform is not on PATH: these tests need it (make test-terraform)")
    for platform in PLATFORMS:
        package(tmp_path / "mirror", platform, f"a program for {platform}")
    return tmp_path / "mirror"


def package(mirror: Path, platform: str, program: str) -> None:
    file = mirror / SOURCE / f"terraform-provider-fake_1.2.3_{platform}.zip"
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("terraform-provider-fake_v1.2.3", program)


def record(tmp_path: Path, mirror: Path) -> Result:
    line = ["lock-providers", "--outdir", str(tmp_path / "out"), "--mirror", str(mirror)]
    return CliRunner().invoke(main, line)


def init(stack: Path, mirror: Path) -> subprocess.CompletedProcess[str]:
    """`terraform init` as a plan does it, with the mirror in the registry's place."""
    settings = stack.parent / "terraform.rc"
    settings.write_text(f'provider_installation {{ filesystem_mirror {{ path = "{mirror}" }} }}')
    return subprocess.run(
        ["terraform", "init", "-input=false", "-no-color", "-lockfile=readonly"],  # noqa: S607
        cwd=stack,
        env={**os.environ, "TF_CLI_CONFIG_FILE": str(settings)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.terraform
def test_checksums_are_recorded_for_every_platform_and_taken(tmp_path: Path, folder: Path, mirror: Path) -> None:
    trial = stack(tmp_path / "out", "trial", "fake")
    result = record(tmp_path, mirror)
    assert (result.exit_code, result.output) == (0, "providers/fake.lock.hcl\n")
    assert (folder / "fake.lock.hcl").read_text().count('"h1:') == 4
    (trial / ".terraform.lock.hcl").unlink()
    assert list(copy_locks(tmp_path / "out")) == []
    assert init(trial, mirror).returncode == 0


@pytest.mark.terraform
def test_another_package_than_the_recorded_one_is_refused(tmp_path: Path, folder: Path, mirror: Path) -> None:
    trial = stack(tmp_path / "out", "trial", "fake")
    record(tmp_path, mirror)
    assert (folder / "fake.lock.hcl").is_file()
    for platform in PLATFORMS:
        package(mirror, platform, "another program")
    done = init(trial, mirror)
    assert done.returncode == 1
    assert "doesn't match any of the checksums" in " ".join(done.stderr.split())


@pytest.mark.terraform
@pytest.mark.usefixtures("folder")
def test_a_plan_takes_no_provider_that_the_committed_file_does_not_name(
    tmp_path: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    trial = stack(tmp_path / "out", "trial", "fake")
    record(tmp_path, mirror)
    settings = tmp_path / "terraform.rc"
    settings.write_text(f'provider_installation {{ filesystem_mirror {{ path = "{mirror}" }} }}')
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(settings))
    monkeypatch.setenv("TF_CLI_ARGS", "-no-color")
    (trial / ".terraform.lock.hcl").write_text("")
    with pytest.raises(TerraformFailed):
        make_plan(trial)
    assert "Provider dependency changes detected" in capfd.readouterr().err


@pytest.mark.terraform
def test_a_package_that_is_not_to_be_had_leaves_no_file(tmp_path: Path, folder: Path, mirror: Path) -> None:
    stack(tmp_path / "out", "trial", "fake")
    next(mirror.rglob("*_darwin_arm64.zip")).unlink()
    assert record(tmp_path, mirror).exit_code == 1
    assert list(folder.iterdir()) == []
