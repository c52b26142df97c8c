"""Which faults are tried: a bounded sample of an area, the same on every machine."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from tools.mutants.edit import Edit, changed_lines
from tools.mutants.python_edits import python_edits
from tools.mutants.yaml_edits import yaml_edits


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One file with one fault: `line` is where, `diff` what."""

    path: str
    line: int
    kind: str
    diff: tuple[str, ...]
    text: str


def mutants(root: Path, files: Iterable[Path]) -> Iterator[Mutant]:
    """Every fault of these files, which are below `root`."""
    for file in files:
        text = file.read_text(encoding="utf-8")
        for edit in python_edits(text) if file.suffix == ".py" else yaml_edits(text):
            yield _mutant(file.relative_to(root).as_posix(), text, edit)


def _mutant(path: str, text: str, edit: Edit) -> Mutant:
    after = edit.of(text)
    line = text.count("\n", 0, edit.start) + 1
    return Mutant(path=path, line=line, kind=edit.kind, diff=changed_lines(text, after), text=after)


def sample(area: str, all_mutants: Iterable[Mutant], count: int) -> list[Mutant]:
    """At most `count`, every kind in turn.

    The order within a kind is that of a hash of what changes, so moving a file, or an edit elsewhere in it, leaves
    the sample as it was.
    """
    kinds: dict[str, list[tuple[str, Mutant]]] = defaultdict(list)
    seen: Counter[tuple[str, ...]] = Counter()
    for mutant in all_mutants:
        what = (area, mutant.kind, *mutant.diff)
        seen[what] += 1
        key = "\n".join((*what, str(seen[what])))
        kinds[mutant.kind].append((hashlib.sha256(key.encode()).hexdigest(), mutant))
    ordered = ([mutant for _, mutant in sorted(of, key=lambda each: each[0])] for _, of in sorted(kinds.items()))
    turns = (mutant for turn in zip_longest(*ordered) for mutant in turn if mutant)
    return [mutant for mutant, _ in zip(turns, range(count), strict=False)]
