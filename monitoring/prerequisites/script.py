"""The missing steps as a script for bash, each behind its own look."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from monitoring.prerequisites.asking import Finding
from monitoring.prerequisites.step import State

HEAD = """\
#!/usr/bin/env bash
# What {region} lacks, in the order in which it can be made. Run it in the repository's folder, signed in as
# docs/prerequisites.md says. Safe to run again: each step looks first, and what is there is left alone. It stops at
# the first that fails, that cannot be looked for, or that a person must make.
set -euo pipefail

is() {{ # NAME STATE...: whether the step is in one of these states now, as the first line of the answer says
  local said state
  said=$("${{PYTHON:-.venv/bin/python}}" -m monitoring prerequisites {arguments} --all --step "$1") || true
  state=${{said#"# "}} state=${{state%%:*}}
  printf '%s: %s\\n' "${{state:-unknown}}" "$1" >&2
  case $state in there | missing | differs) ;; *) exit 2 ;; esac
  shift
  [[ " $* " == *" $state "* ]]
}}
"""


def script(findings: Iterable[Finding], *, region: str, arguments: str) -> str:
    """What is missing or unknown, and what the same command puts right; for the rest, what a person must decide."""
    return HEAD.format(region=region, arguments=arguments) + "".join(map(_lines, findings))


def _lines(finding: Finding) -> str:
    step, differs = finding.step, finding.state is State.DIFFERS
    if finding.state is State.THERE:
        return ""
    if differs and step.mend is None:
        return f"\n# {step.name}: {finding.evidence}\n# by hand: {step.by_hand}\n"
    by_hand = f"printf '%s\\n' {shlex.quote(f'by hand: {step.by_hand}')} >&2\nexit 1"
    command = (step.mend if differs else step.make) or by_hand
    states = "missing differs" if step.mend == step.make else "differs" if differs else "missing"
    return f"\nif is {shlex.quote(step.name)} {states}; then\n{command}\nfi\n"
