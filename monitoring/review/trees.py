"""Two trees of the repository, each synthesized by its own code: the working tree, and a git ref beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from monitoring.blueprint.components.names import STACK_FILE
from monitoring.blueprint.values.charts import ROOT
from monitoring.blueprint.values.manifests import Manifest, parse
from monitoring.effective.stack_folder import read_stack

Stacks = Mapping[str, Mapping[str, Any]]
"""Terraform JSON by name of the stack, with each release's values as text."""

LOCK = "Pipfile.lock"


class CannotCompare(Exception):  # noqa: N818  (not a fault of the program)
    """A ref is not known, or its tree does not synthesize; the message says which and why."""


def checked_out(ref: str, *, into: Path, repository: Path = ROOT) -> Path:
    """The files of `ref` in a folder of `into`. `CannotCompare` for a ref that git does not know.

    No work tree: git would remember it, and a review that is killed could not take it back.
    """
    commit = _git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if commit is None:
        raise CannotCompare(f"must be a commit, branch or tag of this repository, got {ref!r}")
    tree, archive = into / "base", into / "base.tar"
    if _git(repository, "archive", "--format=tar", f"--output={archive}", commit.decode().strip()) is None:
        raise CannotCompare(f"git cannot write the files of {ref} beside this tree")
    with tarfile.open(archive) as files:
        files.extractall(tree, filter="data")
    archive.unlink()
    return tree


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder that is gone at the end, also when the review is ended from outside (SIGTERM, SIGHUP)."""
    before = {number: signal.signal(number, _end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        with TemporaryDirectory(prefix="monitoring-review-") as folder:
            yield Path(folder)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, _: object) -> None:
    raise SystemExit(128 + number)


def python_of(tree: Path) -> str:
    """The Python that synthesizes a tree: this one where the lock is the same, else an environment of its own."""
    lock = tree / LOCK
    if not lock.is_file() or lock.read_bytes() == (ROOT / LOCK).read_bytes():
        return sys.executable
    done = subprocess.run(
        ["make", ".venv/.synced"],  # noqa: S607  (whichever make is on PATH)
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotCompare(f"its environment cannot be made: {_last_words(done.stderr)}")
    return str(tree / ".venv" / "bin" / "python")


def synthesize(tree: Path, *, python: str, outdir: Path) -> Stacks:
    """Every stack of a tree. `CannotCompare` with the program's last words where it does not synthesize."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("OVERSIGHT_")}
    done = subprocess.run(  # noqa: S603  (our own program)
        [python, "main.py"],
        cwd=tree,
        env={**own, "CDKTF_OUTDIR": str(outdir)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotCompare(f"does not synthesize: {_last_words(done.stderr)}")
    return {file.parent.name: read_stack(file.parent) for file in sorted(outdir.glob(f"stacks/*/{STACK_FILE}"))}


def render(tree: Path, *, python: str, region: str, outdir: Path, charts: Path | None) -> list[Manifest]:
    """What a tree's charts render for a region. `CannotCompare` where they cannot be had or do not render."""
    chosen = ["--charts", str(charts.resolve())] if charts else []
    done = subprocess.run(  # noqa: S603  (our own program)
        [python, "-m", "monitoring", "render", region, *chosen, "--output", str(outdir)],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    if not outdir.is_dir():
        raise CannotCompare(f"{region} does not render: {_last_words(done.stderr)}")
    files = sorted(outdir.glob("*.yaml"))
    return [manifest for file in files for manifest in parse(file.read_text(encoding="utf-8"))]


def _git(repository: Path, *arguments: str) -> bytes | None:
    """What git says; None where it refuses."""
    done = subprocess.run(  # noqa: S603  (no shell; a ref cannot become an option)
        ["git", *arguments],  # noqa: S607
        cwd=repository,
        capture_output=True,
        check=False,
    )
    return None if done.returncode else done.stdout


def _last_words(text: str) -> str:
    return text.strip()[-2000:] or "it said nothing"
