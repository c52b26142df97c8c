"""The real binaries that tests run: on PATH in the exact version, else built once from tools/."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from monitoring.blueprint.values.charts import ROOT
from monitoring.errors import CannotHave

CACHE = ROOT / ".cache" / "tools"


@dataclass(frozen=True, kw_only=True)
class Module:
    """A Go module under tools/<name> and the binaries that it gives.

    `tags` are build tags, `version_in` is the variable that a build tells the version (as a release build does).
    """

    name: str
    path: str
    packages: tuple[str, ...]
    tags: str = ""
    version_in: str = ""

    @property
    def folder(self) -> Path:
        """Where its go.mod is."""
        return ROOT / "tools" / self.name

    @property
    def version(self) -> str:
        """The release that go.mod pins, as the binary says it: 0.42.4.

        Prometheus 3.14.0 is the module's v0.314.0, since v3 would need another import path.
        """
        text = (self.folder / "go.mod").read_text(encoding="utf-8")
        match = re.search(rf"^(?:\s*|require ){re.escape(self.path)} v(\d+)\.(\d+)\.(\d+)", text, re.MULTILINE)
        if match is None:
            raise CannotHave(f"tools/{self.name}/go.mod must require {self.path}")
        major, minor, patch = map(int, match.groups())
        if self.name == "prometheus":
            major, minor = divmod(minor, 100)
        return f"{major}.{minor}.{patch}"

    @property
    def built(self) -> Path:
        """Folder of what was built from exactly these sums."""
        digest = hashlib.sha256(f"{self.tags}{self.version_in}".encode())
        for file in ("go.mod", "go.sum"):
            digest.update((self.folder / file).read_bytes())
        return CACHE / f"{self.name}-{digest.hexdigest()[:16]}"


MODULES = (
    Module(
        name="prometheus",
        path="github.com/prometheus/prometheus",
        packages=("cmd/prometheus", "cmd/promtool"),
    ),
    Module(
        name="alertmanager",
        path="github.com/prometheus/alertmanager",
        packages=("cmd/alertmanager", "cmd/amtool"),
    ),
    # without slicelabels, Receive panics at the first sample
    Module(name="thanos", path="github.com/thanos-io/thanos", packages=("cmd/thanos",), tags="netgo slicelabels"),
    Module(name="actionlint", path="github.com/rhysd/actionlint", packages=("cmd/actionlint",)),
    Module(name="oauth2-proxy", path="github.com/oauth2-proxy/oauth2-proxy/v7", packages=("",)),
)
CLUSTER_MODULES = (
    Module(
        name="kubernetes",
        path="k8s.io/kubernetes",
        packages=("cmd/kube-apiserver", "cmd/kube-controller-manager", "cmd/kube-scheduler"),
        version_in="k8s.io/component-base/version.gitVersion",  # charts compare it; else v0.0.0-master
    ),
    Module(name="etcd", path="go.etcd.io/etcd/server/v3", packages=("",)),
    Module(name="kwok", path="sigs.k8s.io/kwok", packages=("cmd/kwok",)),
    Module(
        name="prometheus-operator",
        path="github.com/prometheus-operator/prometheus-operator",
        packages=("cmd/operator",),
    ),
)
"""Of `make test-cluster` alone: a quarter of an hour to build."""


def _binaries(modules: tuple[Module, ...]) -> dict[str, Module]:
    return {(package.rpartition("/")[2] or module.name): module for module in modules for package in module.packages}


ORDINARY = _binaries(MODULES)
"""Module by binary, of those that `make tools` builds."""
BINARIES = ORDINARY | _binaries(CLUSTER_MODULES)
"""Module by binary."""


def find_tool(binary: str) -> Path:
    """Path of a binary in the pinned version; CannotHave says how to get it."""
    module = BINARIES[binary]
    on_path = shutil.which(binary)
    if on_path and _is(module.version, _says(on_path)):
        return Path(on_path)
    built = module.built / binary
    if built.is_file():
        return built
    builds = "make test-cluster" if module in CLUSTER_MODULES else "make tools"
    raise CannotHave(
        f"{binary} {module.version} is neither on PATH nor built: {builds} (Go 1.26 or newer, some minutes)"
    )


def build(module: Module) -> None:
    """Build a module's binaries into the cache; CannotHave where Go is missing or the build fails."""
    go = shutil.which("go")
    if go is None:
        raise CannotHave("go is not on PATH (Go 1.26 or newer, https://go.dev/doc/install)")
    partial = module.built.with_suffix(".partial")
    partial.mkdir(parents=True, exist_ok=True)
    packages = [f"{module.path}/{package}".rstrip("/") for package in module.packages]
    line = [go, "build", "-mod=readonly", "-trimpath", "-tags", module.tags]
    if module.version_in:
        line.append(f"-ldflags=-X {module.version_in}=v{module.version}")
    line += ["-o", f"{partial}/", *packages]
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}
    done = subprocess.run(  # noqa: S603  (no shell)
        line, cwd=module.folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CannotHave(f"tools/{module.name} does not build: {done.stderr.strip()[-2000:]}")
    if module.packages == ("",):  # a main package at a module's root is named after its last folder
        (built,) = partial.iterdir()
        built.rename(partial / module.name)
    partial.rename(module.built)


def _is(version: str, said: str) -> bool:
    """Whether a binary that says so has exactly this version: 1.2.3 is neither in 1.2.30 nor in 1.2.3-rc.1."""
    return re.search(rf"(?<![\d.]){re.escape(version)}(?![\d.-])", said) is not None


def _says(binary: str) -> str:
    done = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)  # noqa: S603  (found on PATH)
    return done.stdout + done.stderr
