"""Records where the local system differs from a deployment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One change: of which parts, what, from which deployed text to which local one ("" : none), and why."""

    programs: tuple[str, ...]
    what: str
    deployed: str
    local: str
    why: str


@dataclass(kw_only=True)
class Differences:
    """Every change passes through here, so nothing differs that is not on the list."""

    _found: dict[tuple[str, str], tuple[list[str], str, str]] = field(default_factory=dict)

    def note(self, program: str, what: str, deployed: object, local: object, *, why: str) -> None:
        """Remember one; the same change of several parts is one, shown as the first part has it."""
        if str(deployed) != str(local):
            programs, *_ = self._found.setdefault((what, why), ([], str(deployed), str(local)))
            if program not in programs:
                programs.append(program)

    def all(self) -> tuple[Difference, ...]:
        """In the order in which they were first made."""
        return tuple(
            Difference(programs=tuple(programs), what=what, deployed=deployed, local=local, why=why)
            for (what, why), (programs, deployed, local) in self._found.items()
        )

    def put(self, program: str, document: dict[str, Any], path: Sequence[str], value: object, *, why: str) -> None:
        """Change a value of a document, which must be there."""
        *parents, last = path
        for key in parents:
            document = document[key]
        self.note(program, ".".join(path), document[last], value, why=why)
        document[last] = value

    def flag(self, program: str, flags: list[str], name: str, *values: object, why: str) -> None:
        """Give a flag these values instead of its own, or add it where it is not."""
        old = [flag for flag in flags if flag.partition("=")[0] == f"--{name}"]
        new = [f"--{name}={value}" for value in values]
        self.note(program, f"--{name}", " ".join(old), " ".join(new), why=why)
        at = flags.index(old[0]) if old else len(flags)
        flags[:] = [flag for flag in flags[:at] if flag not in old] + new + [f for f in flags[at:] if f not in old]
