"""What would no longer be seen, or by nobody."""

from __future__ import annotations

from monitoring.review.changes import Action, Change
from monitoring.review.facts import Kind
from monitoring.review.risks.matching import (
    Label,
    Rule,
    amount,
    at,
    either,
    lost,
    smaller,
)


def _loosened(change: Change) -> bool:
    """An alert waits longer, wakes fewer people or asks something else."""
    if change.key.kind is not Kind.ALERT or not change.key.path:
        return False
    if change.key.path == "for":
        old, new = amount(change.before), amount(change.after)
        return old is not None and new is not None and new > old
    if change.key.path == "labels.severity":
        return (change.before, change.after) not in {("warning", "critical"), ("info", "warning"), ("info", "critical")}
    return change.key.path == "expr"


MONITOR = r".*([sS]erviceMonitor|podMonitor)\.(enabled|path|port|scheme|selector.*|.*[rR]elabel.*|tlsConfig.*)"
"""What decides which targets a monitor finds, and whether they answer; its interval does not."""

RULES = (
    Rule(
        name="alert or rule gone",
        label=Label.BLINDNESS,
        reason="what it watched is watched no more",
        source="docs/alerts.md",
        advice="Name what watches it instead.",
        applies=either(lost(Kind.ALERT), lost(Kind.RULE), at(Kind.VALUE, r"defaultRules\..*")),
    ),
    Rule(
        name="alert loosened",
        label=Label.BLINDNESS,
        reason="it fires later, wakes fewer people, or asks something else",
        source="docs/alerts.md",
        advice="Show by a promtool test what it still catches.",
        applies=_loosened,
    ),
    Rule(
        name="rule asks something else",
        label=Label.BLINDNESS,
        reason="alerts and panels that use the series see other numbers",
        source="docs/rules.md",
        advice="Look for who uses the name.",
        applies=at(Kind.RULE, r"expr|labels.*", actions=(Action.CHANGED, Action.REMOVED)),
    ),
    Rule(
        name="route or receiver",
        label=Label.BLINDNESS,
        reason="alerts reach somebody else, later, or nobody; the Watchdog's route is the alarm of the alarms",
        source="docs/alert-routing.md",
        advice="Send a test alert after the deploy; see the dead-man's switch stay green.",
        applies=lambda change: (
            change.key.kind is Kind.ROUTE
            and (not change.whole or change.action is Action.REMOVED or change.key.subject.startswith("inhibition"))
        ),
    ),
    Rule(
        name="scrape job or monitor gone",
        label=Label.BLINDNESS,
        reason="its targets are not scraped any more, or only in part",
        source="docs/discovery.md",
        advice="Look at `up` by job before and after.",
        applies=either(
            lost(Kind.SCRAPE),
            at(Kind.SCRAPE, r".*(relabel|regex|match|role|names).*", actions=(Action.REMOVED, Action.CHANGED)),
            at(
                Kind.VALUE,
                MONITOR,
                actions=(Action.REMOVED, Action.CHANGED),
            ),
            smaller(
                at(
                    Kind.VALUE,
                    r"prometheus\.prometheusSpec\.(enforced)?([sS]ample|[tT]arget|[lL]abel|[bB]ody).*[lL]imit",
                )
            ),
        ),
    ),
    Rule(
        name="remote write or labels",
        label=Label.BLINDNESS,
        reason="samples reach Blob otherwise, later or not at all; queries find them under other labels",
        source="docs/architecture.md, Receive",
        advice="Watch the lag of remote write, and one query by region.",
        applies=either(
            at(Kind.VALUE, r"prometheus\.prometheusSpec\.(remoteWrite|externalLabels|replicaExternalLabelName).*"),
            at(
                Kind.VALUE,
                r".*(eplica-?[lL]abel).*|additionalReplicaLabels.*",
                actions=(Action.REMOVED, Action.CHANGED),
            ),
        ),
    ),
    Rule(
        name="component off",
        label=Label.BLINDNESS,
        reason="a part of the monitoring itself goes",
        source="docs/architecture.md",
        advice="Say what takes its place.",
        applies=either(
            lambda change: lost(Kind.RELEASE)(change) or lost(Kind.DASHBOARD)(change),
            lambda change: (
                change.key.kind is Kind.VALUE and change.key.path.endswith(".enabled") and change.before is True
            ),
        ),
    ),
)
