"""cdktn makes of every stack what cdktf makes, apart from versions and one provider's source."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engines.comparison import differences

ROOT = Path(__file__).parents[2]
CDKTF, CDKTN = ROOT / ".venv" / "bin" / "python", ROOT / "engines" / "cdktn" / ".venv" / "bin" / "python"

VERSION = ('"0.21.0"', '"0.23.4"')
AZURERM = ('"4.55.0"', '"4.81.0"')
KUBERNETES_SOURCE = ('"kubernetes"', '"hashicorp/kubernetes"')
"""What may differ: the same provider for Terraform, for which `hashicorp/` is what a source without a slash means."""

pytestmark = pytest.mark.engine


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """The folders that both engines wrote of the same regions."""

    cdktf: Path
    cdktn: Path


def synthesize(regions: Path, outdir: Path, *, python: Path, engine: str) -> Path:
    """Run main.py in the engine's own environment, with its own Node; the folder that it wrote."""
    assert python.exists(), f"{python.relative_to(ROOT)} is missing: make test-engine installs it"
    others = {key: value for key, value in os.environ.items() if key not in {"JSII_NODE", "NODE_OPTIONS"}}
    asked = {"OVERSIGHT_REGIONS": str(regions), "CDKTF_OUTDIR": str(outdir), "OVERSIGHT_ENGINE": engine}
    done = subprocess.run(
        [python, "main.py"], cwd=ROOT, env={**others, **asked}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return outdir


@pytest.fixture(scope="module", params=["regions", "tests/fleet/regions"])
def outputs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    regions, folder = ROOT / request.param, tmp_path_factory.mktemp("engines")
    return Outputs(
        cdktf=synthesize(regions, folder / "cdktf", python=CDKTF, engine="cdktf"),
        cdktn=synthesize(regions, folder / "cdktn", python=CDKTN, engine="cdktn"),
    )


def allowed(outdir: Path) -> dict[str, tuple[str | None, str | None]]:
    """What may differ in the stacks of the folder, and must."""
    found: dict[str, tuple[str | None, str | None]] = {"manifest.json:/version": VERSION}
    stacks = sorted(folder.name for folder in (outdir / "stacks").iterdir())
    assert len(stacks) == 4
    for stack in stacks:
        file = f"stacks/{stack}/cdk.tf.json:"
        found[f"{file}////metadata/version"] = VERSION
        found[f"{file}/terraform/required_providers/azurerm/version"] = AZURERM
        if stack != "fleet":
            found[f"{file}/terraform/required_providers/kubernetes/source"] = KUBERNETES_SOURCE
    return found


def test_both_engines_make_the_same_of_every_stack(outputs: Outputs) -> None:
    assert differences(outputs.cdktf, outputs.cdktn) == allowed(outputs.cdktf)


def test_a_difference_made_on_purpose_is_reported(outputs: Outputs, tmp_path: Path) -> None:
    changed = shutil.copytree(outputs.cdktn, tmp_path / "changed")
    file = next(file for file in sorted(changed.glob("stacks/*/cdk.tf.json")) if file.parent.name != "fleet")
    stack = json.loads(file.read_text())
    label, disk = next(iter(stack["resource"]["azurerm_managed_disk"].items()))
    before, disk["storage_account_type"] = disk["storage_account_type"], "Standard_LRS"
    file.write_text(json.dumps(stack))
    found = differences(outputs.cdktf, changed)
    place = f"stacks/{file.parent.name}/cdk.tf.json:/resource/azurerm_managed_disk/{label}/storage_account_type"
    assert found.items() - allowed(outputs.cdktf).items() == {(place, (json.dumps(before), '"Standard_LRS"'))}


def test_the_packages_of_the_second_engine_fit_each_other() -> None:
    assert CDKTN.exists(), "make test-engine installs it"
    done = subprocess.run([CDKTN, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "No broken requirements found.\n")
