"""Which engine makes the Terraform JSON: cdktf, or its continuation CDK Terrain (cdktn).

The source imports cdktf's names. With OVERSIGHT_ENGINE=cdktn (`make synth ENGINE=cdktn`) these imports give cdktn's
modules, which have the same classes. `engines.json` holds the names of both; Node's half reads it too.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

VARIABLE = "OVERSIGHT_ENGINE"
"""Environment variable: the engine's name; not set, it is cdktf."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """The names of an engine."""

    package: str
    """In Python, and on PyPI."""
    providers: str
    """What the name of every provider package begins with in Python."""
    npm_providers: str
    """The same in Node."""


_TABLE = Path(__file__).with_name("engines.json")

ENGINES = {name: Engine(**row) for name, row in json.loads(_TABLE.read_text(encoding="utf-8")).items()}

IMPORTED = ENGINES["cdktf"]
"""The engine whose names the source imports."""


class UnusableEngineError(Exception):
    """The engine that is asked for does not exist, or is not installed; the message says what to do."""


def chosen_engine() -> Engine:
    """What OVERSIGHT_ENGINE names; `UnusableEngineError` for another word."""
    name = os.environ.get(VARIABLE) or IMPORTED.package
    if name not in ENGINES:
        raise UnusableEngineError(f"{VARIABLE}: must be {' or '.join(ENGINES)}, got {name!r}")
    return ENGINES[name]


class _SameModule(Loader):
    """Imports the chosen engine's module, which becomes the module of the other name too."""

    def __init__(self, name: str) -> None:
        self._name = name

    def create_module(self, spec: ModuleSpec) -> ModuleType:  # noqa: ARG002  (the import system's signature)
        """The module, imported under its own name."""
        module = import_module(self._name)
        self._own_spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Run nothing: it has run. The import system has put this import's spec into it: take that back."""
        module.__spec__ = self._own_spec


class EngineFinder:
    """Finds modules of the engine that the source imports, and gives those of the chosen one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A spec for cdktf and its providers; None for every other module."""
        del path, target
        name = self._of_engine(fullname)
        return ModuleSpec(fullname, _SameModule(name)) if name else None

    def _of_engine(self, name: str) -> str | None:
        package, dot, rest = name.partition(".")
        if package == IMPORTED.package:
            return f"{self._engine.package}{dot}{rest}"
        if package.startswith(IMPORTED.providers):
            return self._engine.providers + name.removeprefix(IMPORTED.providers)
        return None


def use_engine(engine: Engine) -> None:
    """Let the source's imports find the engine; `UnusableEngineError` when this environment lacks it."""
    if find_spec(engine.package) is None:
        make, python = "make synth", ".venv/bin/python"
        if engine is not IMPORTED:
            make, python = f"{make} ENGINE={engine.package}", f"engines/{engine.package}/{python}"
        raise UnusableEngineError(f"{sys.executable} lacks {engine.package}: run `{make}` once, then {python}")
    if engine is not IMPORTED:
        sys.meta_path.insert(0, EngineFinder(engine))  # first: where both are installed, the other would be found
