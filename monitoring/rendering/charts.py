"""Finds a pinned chart: in a local folder, or by `helm pull`."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

from monitoring.blueprint.values.charts import ROOT, Chart
from monitoring.errors import CannotHave

CACHE = ROOT / ".cache" / "charts"


def find_helm() -> str:
    """Path of helm; CannotHave where there is none."""
    helm = shutil.which("helm")
    if helm is None:
        raise CannotHave("helm is not on PATH (Helm 3.14 or newer, https://helm.sh/docs/intro/install)")
    return helm


def find_chart(chart: Chart, *, folder: Path | None, scratch: Path) -> Path:
    """Folder of the unpacked chart.

    Looked for in `folder` (as `<name>-<version>/`, `<name>/` or `<name>-<version>.tgz`), else pulled once into
    `.cache/charts`. A package is held against the pinned digest, where there is one. CannotHave says what is missing.
    """
    if chart.folder:
        return chart.folder
    if folder is None:
        return _unpacked(_pulled(chart), chart, scratch)
    for unpacked in (folder / f"{chart.name}-{chart.version}", folder / chart.name):
        if (unpacked / "values.yaml").is_file():
            return unpacked
    package = folder / f"{chart.name}-{chart.version}.tgz"
    if package.is_file():
        return _unpacked(package, chart, scratch)
    raise CannotHave(
        f"{folder} holds no {chart.name} {chart.version}: "
        f"helm pull {chart.address}/{chart.name} --version {chart.version} -d {folder}"
    )


def checked_package(chart: Chart) -> Path:
    """The chart's package, pulled once into `.cache/charts`; CannotHave where it has another digest than the pinned."""
    return _checked(_pulled(chart), chart)


def digest_of(package: Path) -> str:
    """The sha256 of a package. It is not the digest that `helm pull` prints: that one is of the OCI manifest."""
    return f"sha256:{hashlib.sha256(package.read_bytes()).hexdigest()}"


def with_digests(text: str, digests: Mapping[str, str]) -> str:
    """The text of versions.yaml with these charts' digests, and all else as it was."""
    for name, digest in digests.items():
        text = re.sub(
            rf"(?m)(^  {re.escape(name)}:.*\n(?:    .*\n)*?    digest: )\S+", rf"\g<1>{digest}", text, count=1
        )
    return text


def with_image_digests(text: str, digests: Mapping[str, str | None]) -> str:
    """The text of versions.yaml with these rows of images alone, which end the file."""
    rows = "".join(f"  {image}: {digest or 'null'}\n" for image, digest in sorted(digests.items()))
    before, _, _ = text.partition("\ndigests:")
    return f"{before}\ndigests:\n{rows}" if rows else f"{before}\ndigests: {{}}\n"


def _pulled(chart: Chart) -> Path:
    package = CACHE / f"{chart.name}-{chart.version}.tgz"
    if not package.is_file():
        CACHE.mkdir(parents=True, exist_ok=True)
        pull = [find_helm(), "pull", f"{chart.address}/{chart.name}", "--version", chart.version, "-d", str(CACHE)]
        done = subprocess.run(pull, capture_output=True, text=True, check=False)  # noqa: S603  (no shell, pinned names)
        if done.returncode or not package.is_file():
            raise CannotHave(f"{' '.join(pull[1:])} failed: {done.stderr.strip()}")
    return package


def _checked(package: Path, chart: Chart) -> Path:
    digest = digest_of(package)
    if chart.digest is not None and chart.digest != digest:
        raise CannotHave(
            f"{package.name} must have the digest {chart.digest} of helm-values/versions.yaml, got {digest}"
        )
    return package


def _unpacked(package: Path, chart: Chart, scratch: Path) -> Path:
    with tarfile.open(_checked(package, chart)) as archive:
        archive.extractall(scratch, filter="data")
    return scratch / chart.name
