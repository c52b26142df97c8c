"""Workflows, locked packages, runbooks: what acts with the repository's rights."""

from __future__ import annotations

import re

from monitoring.effective.facts import Kind
from monitoring.review.changes import Action, Change
from monitoring.review.risks.matching import Label, Rule, at, either, gone, whole


def _unpinned(change: Change) -> bool:
    """An action by a name that its owner can move: no 40 digits, and not of this repository."""
    if change.key.kind is not Kind.WORKFLOW or change.action is Action.REMOVED:
        return False
    uses = str(change.after) if change.key.path.endswith("uses") else ""
    return bool(uses) and not uses.startswith("./") and re.search(r"@[0-9a-f]{40}$", uses) is None


RULES = (
    Rule(
        name="workflow's rights",
        label=Label.EXPOSURE,
        reason="who can start it, what it may do, or whose approval it waits for changes",
        source="docs/prerequisites.md",
        advice="Grant each job the least, by name; keep environments on what signs in at Azure.",
        applies=at(
            Kind.WORKFLOW,
            r"(.*\.)?(permissions|on|environment)([.\[].*)?|jobs\.[^.]+\.(if|secrets|runs-on)([.\[].*)?"
            r"|.*\.(ref|persist-credentials|client-id|repository|ssh-key|token|GH_TOKEN)|.*env\.(ARM|AZURE|AAD)_.*",
        ),
    ),
    Rule(
        name="unpinned action",
        label=Label.EXPOSURE,
        reason="its owner, or who takes the account over, runs other code with the workflow's rights",
        source="GitHub, Security hardening for GitHub Actions",
        advice="Name the commit, the version in a comment.",
        applies=_unpinned,
    ),
    Rule(
        name="packages from elsewhere",
        label=Label.EXPOSURE,
        reason="a locked package comes from another source, or the same version with other content",
        source="docs/development.md, The environment",
        advice="Find out who serves it; `make lock` writes no addresses.",
        applies=either(
            at(Kind.LOCK, r".*\.(resolved|index|git|file|path)|_meta\.sources.*"),
            at(Kind.LOCK, r"checksums of .*", actions=(Action.CHANGED,)),
        ),
    ),
    Rule(
        name="workflow gone",
        label=Label.BLINDNESS,
        reason="what it checked, applied or watched is left to memory",
        source="docs/operations.md",
        advice="Say what does it instead.",
        applies=either(whole(Kind.WORKFLOW, Action.REMOVED), gone(at(Kind.WORKFLOW, r"jobs\..*"))),
    ),
    Rule(
        name="runbook gone",
        label=Label.BLINDNESS,
        reason="an alert links to it",
        source="docs/alerts.md",
        advice="Remove the alert too, or keep the page.",
        applies=whole(Kind.RUNBOOK, Action.REMOVED),
    ),
)
