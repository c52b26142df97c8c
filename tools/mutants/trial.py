"""Trying faults: in copies of the tree, so that the tree itself is never touched."""

from __future__ import annotations

import compileall
import os
import py_compile
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

from tools.mutants.sample import Mutant

LINKED = (".venv", ".cache", "node_modules")
"""What git ignores and tests use."""


class RedTestsError(Exception):
    """The tests fail without a fault, so no failure would say anything."""


@contextmanager
def copies(root: Path, count: int) -> Iterator[list[Path]]:
    """So many copies of what git knows or would take up."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607  (make asks for git)
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    names = [name for name in listed.stdout.split("\0") if name and (root / name).exists()]
    with TemporaryDirectory(prefix="mutants-") as scratch:
        trees = [Path(scratch) / str(number) for number in range(count)]
        for tree in trees:
            for name in names:
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(root / name, tree / name, follow_symlinks=False)
            for name in LINKED:
                if (root / name).exists() and not (tree / name).exists():
                    (tree / name).symlink_to((root / name).resolve())
            # by hash: a fault of the same length, written within the same second, must not meet old bytecode
            for name in ("monitoring", "constructs", "oversight_metrics"):
                compileall.compile_dir(
                    tree / name, quiet=1, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH
                )
        yield trees


def passes(tree: Path, tests: Sequence[str], *, timeout: float | None) -> bool:
    """Whether pytest is green there. A run that does not end within `timeout` seconds is not."""
    with subprocess.Popen(  # noqa: S603  (our own Python)
        [sys.executable, "-m", "pytest", *tests],
        cwd=tree,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as run:
        try:
            return run.wait(timeout) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            if run.poll() is None:
                os.killpg(run.pid, signal.SIGKILL)  # its children too: jsii runs a Node


def pytest_arguments(tests: Iterable[str], marker: str) -> list[str]:
    """Stop at the first failure, in one process; random tests draw the same each time."""
    return [
        "-x",
        "-q",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        "--hypothesis-seed=0",
        *(["-m", marker] if marker else []),
        *tests,
    ]


def survivors(
    trees: Sequence[Path], sampled: Sequence[Mutant], tests: Sequence[str], *, progress: bool
) -> Iterator[tuple[Mutant, bool]]:
    """Each fault, in order, with whether no test noticed it; RedTestsError where there is nothing to notice."""
    began = time.monotonic()
    if not passes(trees[0], tests, timeout=None):
        raise RedTestsError(f"these fail without any fault: pytest {' '.join(tests)}")
    timeout = 60 + 10 * (time.monotonic() - began)
    free: SimpleQueue[Path] = SimpleQueue()
    for tree in trees:
        free.put(tree)

    def survives(mutant: Mutant) -> bool:
        tree = free.get()
        file = tree / mutant.path
        whole = file.read_bytes()
        try:
            file.write_text(mutant.text, encoding="utf-8")
            return passes(tree, tests, timeout=timeout)
        finally:
            file.write_bytes(whole)
            free.put(tree)
            if progress:
                sys.stderr.write(".")
                sys.stderr.flush()

    with ThreadPoolExecutor(len(trees)) as pool:
        yield from zip(sampled, pool.map(survives, sampled), strict=True)
