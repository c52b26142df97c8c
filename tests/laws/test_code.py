"""What holds for the code itself: one direction of imports, and the traps of cdktf in Python."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

MAY_IMPORT = {
    "monitoring.fleet": {"monitoring.errors", "monitoring.fleet"},
    "monitoring.blueprint": {"monitoring.errors", "monitoring.drill.plan", "monitoring.fleet", "monitoring.blueprint"},
    "monitoring.drill": {"monitoring.errors", "monitoring.clock", "monitoring.processes", "monitoring.drill"},
    "monitoring.bindings": {"monitoring.bindings", "jsii", "cdktf"},
    "monitoring.clock": set(),
    "monitoring.processes": {"monitoring.clock"},
    "monitoring.console": set(),
    "monitoring.synthesis": {"monitoring.errors", "monitoring.blueprint", "monitoring.synthesis"},
    "monitoring.rendering": {"monitoring.errors", "monitoring.blueprint", "monitoring.rendering"},
    "monitoring.effective": {"monitoring.fleet", "monitoring.blueprint", "monitoring.effective"},
    "monitoring.review": {
        "monitoring.fleet",
        "monitoring.blueprint",
        "monitoring.effective",
        "monitoring.cost",
        "monitoring.review",
    },
    "monitoring.deploy": {
        "monitoring.errors",
        "monitoring.fleet",
        "monitoring.blueprint",
        "monitoring.rendering",
        "monitoring.review",
        "monitoring.synthesis",
        "monitoring.deploy",
    },
    "monitoring.verify": {
        "monitoring.errors",
        "monitoring.processes",
        "monitoring.clock",
        "monitoring.fleet",
        "monitoring.blueprint",
        "monitoring.verify",
    },
    "monitoring.doctor": {
        "monitoring.fleet",
        "monitoring.blueprint",
        "monitoring.prerequisites",
        "monitoring.doctor",
    },
    "monitoring.prerequisites": {
        "monitoring.errors",
        "monitoring.fleet",
        "monitoring.blueprint",
        "monitoring.prerequisites",
    },
    "monitoring.local": {
        "monitoring.errors",
        "monitoring.bindings",
        "monitoring.processes",
        "monitoring.clock",
        "monitoring.fleet",
        "monitoring.blueprint",
        "monitoring.local",
    },
    "monitoring.bench": {
        "monitoring.errors",
        "monitoring.bindings",
        "monitoring.processes",
        "monitoring.clock",
        "monitoring.fleet",
        "monitoring.blueprint",
        "monitoring.local",
        "monitoring.bench",
    },
    "monitoring.cost": {"monitoring.errors", "monitoring.fleet", "monitoring.blueprint", "monitoring.cost"},
    "monitoring.exposition": {"monitoring.errors", "monitoring.exposition"},
    "monitoring.commands": {"monitoring"},
    "constructs": {
        "monitoring.errors",
        "monitoring.fleet",
        "monitoring.blueprint",
        "constructs",
        "cdktf",
        "jsii",
    },
    "oversight_metrics": set(),  # it ships into other services
}
"""fleet <- blueprint <- {constructs, commands} <- main: what each room may take from ours and from cdktf."""

GUARDED = ("monitoring", "constructs", "main", "cdktf", "cdktn", "jsii")
SHIPPED = ("oversight_metrics", "prometheus_client")
"""All that what ships may import, apart from the standard library."""


def imports(source: str) -> Iterator[str]:
    """Dotted names that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith((f"{package}.", f"{package}_"))


def wrong_imports(room: str, source: str) -> list[str]:
    """Imports of ours or of cdktf that the room must not have."""
    return [
        name
        for name in imports(source)
        if any(_within(name, package) for package in GUARDED)
        and not any(_within(name, package) for package in MAY_IMPORT[room])
    ]


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_package_imports_follow_the_layer_order(room: str) -> None:
    path = ROOT / room.replace(".", "/")
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
    assert files
    assert {file.name: wrong for file in files if (wrong := wrong_imports(room, file.read_text()))} == {}


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("monitoring.fleet", "from monitoring.blueprint import release"),
        ("monitoring.blueprint", "def f():\n    import cdktf"),
        ("monitoring.blueprint", "from cdktf_cdktf_provider_azurerm.managed_disk import ManagedDisk"),
        ("monitoring.review", "from monitoring.commands import values"),
        ("monitoring.exposition", "from monitoring.commands import lint_metrics"),
        ("monitoring.commands", "import jsii"),
        ("monitoring.commands", "from constructs.object_store import ObjectStore"),
        ("constructs", "from monitoring.commands import values"),
        ("constructs", "from cdktn_provider_azurerm.managed_disk import ManagedDisk"),
        ("oversight_metrics", "from monitoring.errors import Problem"),
    ],
)
def test_import_against_the_layer_order_is_reported(room: str, source: str) -> None:
    assert wrong_imports(room, source)


def private_imports(package: str, source: str) -> list[str]:
    """Modules and names with a leading underscore that are taken from another room than the package's own."""
    taken = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            taken += [name for name in names if any(re.match(r"_[^_]", part) for part in name.split("."))]
    return [name for name in taken if not name.startswith(f"{package}.") and name.split(".")[0] in OURS]


OURS = ("monitoring", "constructs", "oversight_metrics")


def test_private_names_are_used_only_in_their_package() -> None:
    files = [file for room in OURS for file in sorted((ROOT / room).rglob("*.py"))] + [ROOT / "main.py"]
    found = {
        file.name: taken
        for file in files
        if (taken := private_imports(".".join(file.parent.relative_to(ROOT).parts), file.read_text()))
    }
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "from monitoring.commands._options import as_json",
        "from monitoring.commands import _options",
        "from monitoring.fleet.model import _parsed",
    ],
)
def test_private_name_used_elsewhere_is_reported(source: str) -> None:
    assert private_imports("monitoring.local", source)
    assert not private_imports("monitoring.commands" if "commands" in source else "monitoring.fleet", source)


def undeclared_imports(source: str) -> list[str]:
    """Imports that a service which installs oversight_metrics may not have."""
    return [name for name in imports(source) if name.partition(".")[0] not in {*SHIPPED, *sys.stdlib_module_names}]


def test_shipped_package_imports_only_declared_dependencies() -> None:
    files = sorted((ROOT / "oversight_metrics").glob("*.py"))
    assert {file.name: wrong for file in files if (wrong := undeclared_imports(file.read_text()))} == {}
    assert undeclared_imports("import starlette.routing") == ["starlette.routing"]


@pytest.mark.parametrize("module", ["monitoring.blueprint.releases", "monitoring.__main__"])
def test_blueprint_imports_do_not_start_jsii(module: str) -> None:
    code = f"import sys, {module}; sys.exit('jsii' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def first_import(source: str) -> str:
    """The first import that is not from __future__."""
    return next(name for name in imports(source) if name != "__future__")


@pytest.mark.parametrize("file", ["main.py", "tests/conftest.py"])
def test_fast_bindings_are_imported_before_cdktf(file: str) -> None:
    assert first_import((ROOT / file).read_text()).startswith("monitoring.bindings")


def test_other_import_before_the_fast_bindings_is_reported() -> None:
    assert first_import("import cdktf\nimport monitoring.bindings") == "cdktf"


def dicts_in_lists(source: str) -> list[int]:
    """Lines with a dict literal directly in a list: jsii drops its optional snake_case keys without a word."""
    return [
        element.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.List | ast.ListComp)
        for element in (node.elts if isinstance(node, ast.List) else [node.elt])
        if isinstance(element, ast.Dict | ast.DictComp)
        or (isinstance(element, ast.Call) and isinstance(element.func, ast.Name) and element.func.id == "dict")
    ]


def test_constructs_put_typed_structs_into_lists() -> None:
    found = {file.name: dicts_in_lists(file.read_text()) for file in (ROOT / "constructs").rglob("*.py")}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "source", ["x = [{'a_b': 1}]", "x = [{'a': k} for k in y]", "x = [1, dict(a_b=1)]", "f(spec=[[{}]])"]
)
def test_untyped_dict_in_a_struct_list_is_reported(source: str) -> None:
    assert dicts_in_lists(source)


def test_constructs_folder_extends_the_installed_constructs_package() -> None:
    assert not (ROOT / "constructs" / "__init__.py").exists(), (
        "constructs/ has no __init__.py on purpose: the PyPI package `constructs` extends its path, so the folder "
        "joins it. With an __init__.py it would hide the package and cdktf would not start."
    )
