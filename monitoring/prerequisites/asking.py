"""Runs the commands that look, each once, and says of every prerequisite what is known."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any

from monitoring.errors import cut
from monitoring.prerequisites.step import Known, Look, State, Step, Wanted, at, elements, judged

PATIENCE = 120
"""Seconds for one answer: Azure CLI takes some to start, and asks Azure for pages of a list one by one."""

NOT_FOUND = 3
"""Exit code of Azure CLI where Azure answers 404 (azure-cli-core 2.91, `handle_exception`)."""

NO_KIND = "the server doesn't have a resource type"
"""kubectl's words where a CRD is not installed."""

_READS = {"show", "list", "list-skus", "list-usage", "list-grants", "get-upgrades"}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a command answered: None of what is not there. `unknown` says why nothing can be said."""

    value: Any = None
    unknown: str = ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What is known of a step, and of what differs or is unknown what was found."""

    step: Step
    state: State
    evidence: str = ""


def only_reads(line: tuple[str, ...]) -> bool:
    """Whether a command changes nothing, and shows no secret."""
    match line:
        case ("az", "rest", "--method", "get", *_):
            return True
        case ("az", *rest):
            words = list(takewhile(lambda word: not word.startswith("-"), rest))
            return words[-1:] != [] and words[-1] in _READS and words != ["keyvault", "secret", "show"]
        case ("kubectl", "--context", _, "get", *rest):
            return not {"secret", "secrets"} & set(rest)
        case ("gh", "api", "--method", "GET", path):
            return bool(path)
    return False


@dataclass(kw_only=True)
class Asking:
    """The answers so far, by command."""

    answers: dict[tuple[str, ...], Answer] = field(default_factory=dict)

    def findings(self, steps: Iterable[Step]) -> Iterator[Finding]:
        """Of each step, in their order. What needs something that is missing is missing, and is not asked for."""
        states: dict[str, State] = {}
        for step in steps:
            lacking = [name for name in step.needs if states[name] is State.MISSING]
            if lacking:
                found = Finding(step=step, state=State.MISSING, evidence=f"needs {', '.join(lacking)}")
            else:
                found = self._finding(step)
            states[step.name] = found.state
            yield found

    def _finding(self, step: Step) -> Finding:
        try:
            answer = self._answer(self._line(step.look))
            wanted = tuple(self._resolved(one) for one in step.wanted)
        except _Unknown as unknown:
            return Finding(step=step, state=State.UNKNOWN, evidence=str(unknown))
        state, evidence = judged(wanted, answer)
        return Finding(step=step, state=state, evidence=evidence)

    def _line(self, look: Look) -> tuple[str, ...]:
        return tuple(self._value(part) if isinstance(part, Known) else part for part in look)

    def _resolved(self, wanted: Wanted) -> Wanted:
        def resolved(values: Mapping[str, Any]) -> dict[str, Any]:
            return {path: self._value(one) if isinstance(one, Known) else one for path, one in values.items()}

        return replace(wanted, item=resolved(wanted.item), fields=resolved(wanted.fields))

    def _value(self, known: Known) -> str:
        value = at(elements(self._answer(self._line(known.look)), known.wanted), known.path)
        if not value:
            raise _Unknown(f"not known yet: {known.name}")
        return str(value[0])

    def _answer(self, line: tuple[str, ...]) -> Any:
        if line not in self.answers:
            self.answers[line] = ask(line)
        if self.answers[line].unknown:
            raise _Unknown(self.answers[line].unknown)
        return self.answers[line].value


class _Unknown(Exception):  # noqa: N818  (told as a state)
    """Why nothing can be said."""


def ask(line: tuple[str, ...]) -> Answer:
    """Run one command that looks; ValueError for any other."""
    if not only_reads(line):
        raise ValueError(f"must only read, got {' '.join(line)}")
    try:
        done = subprocess.run(  # noqa: S603  (no shell, only reads)
            line, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
    except FileNotFoundError:
        return Answer(unknown=f"{line[0]} is not on PATH")
    except subprocess.TimeoutExpired:
        return Answer(unknown=f"{line[0]} did not answer within {PATIENCE} s")
    said = " ".join(done.stderr.split())
    if done.returncode:
        gone = (line[0] == "az" and done.returncode == NOT_FOUND and "SubscriptionNotFound" not in said) or (
            line[0] == "kubectl" and NO_KIND in said
        )
        return Answer() if gone else Answer(unknown=cut(said) or f"{line[0]} ended with {done.returncode}")
    try:
        return Answer(value=json.loads(done.stdout) if done.stdout.strip() else None)
    except json.JSONDecodeError:
        return Answer(unknown=f"{line[0]} answered no JSON: {cut(done.stdout.strip())}")
