"""Terraform itself takes the stacks: `make test-terraform`, where terraform and the providers can be had."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import cdktf
import pytest

from constructs.fleet_stack import FleetStack
from constructs.region_stack import RegionStack
from monitoring.blueprint.releases import releases
from monitoring.synthesis.release_values import values_files, write_values
from tests.constructs.synthesized import NO_ZONES, TWO_ZONES, ZONES, fleet

pytestmark = pytest.mark.terraform


@pytest.fixture(autouse=True)
def _terraform() -> None:
    """Terraform is on PATH; without it the matcher would say no more than False."""
    if not shutil.which("terraform"):
        pytest.fail("terraform is not on PATH: these tests need it, and the providers (make test-terraform)")


def expect_valid_terraform(folder: Path) -> None:
    """AssertionError with what terraform says, unless `terraform init` and `validate` take what an app wrote there."""
    if not cdktf.Testing.to_be_valid_terraform(str(folder)):
        raise AssertionError("\n".join(_refusal(stack) for stack in sorted((folder / "stacks").iterdir())))


def _refusal(stack: Path) -> str:
    """The matcher keeps what terraform says for itself, so it is asked again."""
    for arguments in (["init", "-input=false", "-no-color"], ["validate", "-no-color"]):
        done = subprocess.run(["terraform", *arguments], cwd=stack, capture_output=True, text=True, check=False)  # noqa: S607
        if done.returncode:
            hint = "the providers of the stack must be at hand" if arguments[0] == "init" else "the stack is not valid"
            return f"terraform {arguments[0]} of {stack.name}: {hint}\n{done.stdout[-500:]}{done.stderr}"
    return f"terraform takes {stack.name} now; cdktf's matcher did not"


def test_terraform_validates_the_fleet_stack(tmp_path: Path) -> None:
    app = cdktf.App(outdir=str(tmp_path))
    FleetStack(app, regions=fleet().regions, local_state=True)
    app.synth()
    expect_valid_terraform(tmp_path)


@pytest.mark.parametrize("name", [ZONES, NO_ZONES, TWO_ZONES])
def test_terraform_validates_a_region_stack(name: str, tmp_path: Path) -> None:
    app = cdktf.App(outdir=str(tmp_path))
    region = fleet().region(name)
    made = releases(region, fleet().peers_of(region))
    RegionStack(app, region=region, releases=made, local_state=True)
    app.synth()
    write_values(values_files(tmp_path / "stacks" / name, made))
    expect_valid_terraform(tmp_path)


def builtin(folder: Path, **overrides: str) -> Path:
    """A stack of Terraform's own resource alone, which needs no provider to be fetched."""
    app = cdktf.App(outdir=str(folder))
    stack = cdktf.TerraformStack(app, "builtin")
    cdktf.LocalBackend(stack, path="terraform.tfstate")
    resource = cdktf.DataResource(stack, "data")
    for name, value in overrides.items():
        resource.add_override(name, value)
    app.synth()
    return folder


def test_valid_arguments_pass_validation(tmp_path: Path) -> None:
    expect_valid_terraform(builtin(tmp_path))


def test_unknown_argument_fails_validation_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"(?s)terraform validate of builtin: the stack is not valid.*no_argument"):
        expect_valid_terraform(builtin(tmp_path, no_argument="x"))


def test_unavailable_provider_is_reported(tmp_path: Path) -> None:
    synthesized = builtin(tmp_path) / "stacks" / "builtin" / "cdk.tf.json"
    synthesized.write_text('{"terraform": {"required_providers": {"gone": {"source": "provider.invalid/trial/gone"}}}}')
    with pytest.raises(
        AssertionError, match=r"(?s)terraform init of builtin: the providers of the stack must be at hand.*trial/gone"
    ):
        expect_valid_terraform(tmp_path)
