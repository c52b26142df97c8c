"""Environments as services have them: the wheel, frameworks and servers from the registry, and nothing else of ours."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.stack.processes import running

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
NEWEST = HERE / "requirements.txt"
OLDEST = HERE / "requirements-oldest.txt"


def run(*line: str | Path, cwd: Path = ROOT) -> str:
    """What the command prints; the test fails with it where the command does."""
    done = subprocess.run([str(one) for one in line], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def python_of(requirements: Path) -> Path:
    """The Python of an environment of its own, made once per version and list of packages."""
    digest = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = ROOT / ".cache" / f"oversight-metrics-python-{digest}"
    python = folder / "bin" / "python"
    if not (folder / "done").is_file():
        run(sys.executable, "-m", "venv", "--clear", folder)
        run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--requirement", requirements)
        (folder / "done").touch()
    return python


def built(folder: Path) -> Path:
    """The wheel, built into the folder."""
    python = python_of(NEWEST)
    shutil.copytree(ROOT / "oversight_metrics", folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    run(python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, folder / "source")
    (made,) = folder.glob("*.whl")
    return made


def unpacked(wheel: Path, place: Path) -> None:
    """The wheel, installed by pip below the folder; services find it there."""
    run(python_of(NEWEST), "-m", "pip", "install", "--quiet", "--no-deps", "--target", place / "installed", wheel)


@contextmanager
def service(python: Path, *line: object, place: Path, port: int, ready: str, **environment: str) -> Iterator[None]:
    """A service, or the page of several processes, from its first answer to its end."""
    clean = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    environment = {**clean, "PYTHONPATH": f"{place / 'installed'}:{place}", **environment}
    words = [str(python), *map(str, line)]
    with running(words, log=place / f"{port}.log", port=port, ready=ready, environment=environment):
        yield
