"""What nobody needs to look at, each with its reason. What is on no list and meets no rule is told as not judged."""

from __future__ import annotations

from dataclasses import dataclass

from monitoring.effective.facts import Kind
from monitoring.review.changes import Action, Change, jump
from monitoring.review.plan import Does
from monitoring.review.risks import ring
from monitoring.review.risks.blindness import rarer
from monitoring.review.risks.matching import Check, at, either, larger, resource, smaller, whole
from monitoring.review.risks.safety import becomes_safe
from monitoring.review.risks.sizes import QUEUES, RESOURCES

MORE = (Action.ADDED, Action.CHANGED)


@dataclass(frozen=True, kw_only=True)
class Harmless:
    """A kind of change that loses, opens, stops and blinds nothing, and why."""

    reason: str
    applies: Check


HARMLESS = (
    Harmless(reason="the law's own value", applies=becomes_safe),
    Harmless(
        reason="a patch: its notes say what it mends",
        applies=lambda change: change.key.kind in {Kind.RELEASE, Kind.VALUE, Kind.SETTING} and jump(change) == "patch",
    ),
    Harmless(
        reason="names and texts for people; the four tags that bills need are a law",
        applies=either(
            resource(r"azurerm_\w+", r"tags(\..*)?"),
            resource(r"[\w ]+", r"description|lifecycle\.postcondition\[.*\]\.error_message"),
        ),
    ),
    Harmless(
        reason="how logs are written",
        applies=at(Kind.VALUE, r"(.*\.)?(log(Format|Level|_level|_format))|.*\[--log\.(level|format)\]"),
    ),
    Harmless(
        reason="what people read of an alert; that its runbook exists is a test",
        applies=either(
            at(Kind.ALERT, r"annotations\..*", actions=MORE),
            at(Kind.ALERT, r"annotations\.(?!runbook_url).*"),
            at(Kind.ALERT, "group"),
            at(Kind.RULE, "group"),
        ),
    ),
    Harmless(
        reason="more is watched; promtool has a test of each rule",
        applies=either(whole(Kind.ALERT, Action.ADDED), whole(Kind.RULE, Action.ADDED)),
    ),
    Harmless(
        reason="an alert fires sooner, or wakes more people",
        applies=either(
            smaller(at(Kind.ALERT, "for|interval")),
            at(Kind.ALERT, "for|interval", actions=(Action.REMOVED,)),
            at(Kind.ALERT, "labels.severity"),
        ),
    ),
    Harmless(
        reason="a rule is computed more often; what that costs has an alert",
        applies=either(
            smaller(at(Kind.RULE, "interval|query_offset")),
            at(Kind.RULE, "interval|query_offset", actions=(Action.REMOVED,)),
        ),
    ),
    Harmless(
        reason="a receiver that no route names gets nothing; the route has its own line",
        applies=whole(Kind.ROUTE, Action.ADDED, subject="receiver .*"),
    ),
    Harmless(
        reason="more is scraped, within the limits of every target",
        applies=either(
            whole(Kind.SCRAPE, Action.ADDED),
            at(Kind.SCRAPE, r".*(static|sd)_configs\[.*", actions=(Action.ADDED,)),
        ),
    ),
    Harmless(reason="an interval that is short enough for every rule", applies=rarer),
    Harmless(
        reason="how a page looks; what a panel asks has its own line",
        applies=either(
            whole(Kind.DASHBOARD, Action.ADDED),
            at(Kind.DASHBOARD, r"(?!.*(expr|query|datasource)).+"),
            at(Kind.VALUE, r".*defaultDashboardsTimezone"),
        ),
    ),
    Harmless(
        reason="more time or room than before",
        applies=larger(
            either(
                at(Kind.VALUE, r".*(prometheusSpec|alertmanagerSpec)\.(retention|retentionSize)|receive\.retention"),
                at(Kind.VALUE, f"{RESOURCES}|{QUEUES}|.*\\[--delete-delay\\]"),
                at(
                    Kind.VALUE,
                    r"(.*\.)?(replicas|replicaCount|terminationGracePeriodSeconds)",
                ),
                at(Kind.VALUE, r".*([sS]ample|[tT]arget|[lL]abel|[bB]ody|[dD]ropped).*([lL]imit|Targets)"),
                at(Kind.VALUE, r".*(scrapeTimeout|query\.timeout|maximumStartupDurationSeconds)|.*timeout\]"),
                at(Kind.SCRAPE, r".*limit|keep_dropped_targets|scrape_timeout"),
                at(Kind.RELEASE, "timeout|max_history"),
                resource(".*node_pool", r"upgrade_settings\.(drain_timeout|node_soak_duration)_in_minutes"),
                resource("kubernetes_priority_class_v1", "value"),
            )
        ),
    ),
    Harmless(
        reason="a pod restarts so that it reads its new file",
        applies=either(
            at(Kind.VALUE, r".*[aA]nnotations\.(oversight\.com/(trust|federation|hashring)|checksum/.*)"),
            at(Kind.OBJECT, ring.RESTARTED, subject="Deployment/.*"),
        ),
    ),
    Harmless(reason="it waits for more than before", applies=either(*(at(k, r"depends_on\[.*") for k in Kind))),
    Harmless(
        reason="guards against mistakes are added",
        applies=at(Kind.RESOURCE, r"lifecycle\.postcondition.*|", subject="data .*", actions=MORE),
    ),
    Harmless(
        reason="the checksums of another version, which has its own line",
        applies=at(Kind.LOCK, r"checksums of .*", actions=(Action.ADDED, Action.REMOVED)),
    ),
    Harmless(
        reason="the lock's own words about a package, which follow its version",
        applies=at(
            Kind.LOCK,
            r".*\.(markers|license|engines|funding|bin|peer\w*|dev|optional|dependencies)([.\[(].*)?"
            r"|_meta\.hash\..*",
        ),
    ),
    Harmless(
        reason="its attributes are judged from the tree, and stand below the plan",
        applies=lambda change: change.key.kind is Kind.PLAN and change.after in {Does.CREATE, Does.UPDATE},
    ),
    Harmless(
        reason="a page for people; that every alert's page exists is a test",
        applies=either(whole(Kind.RUNBOOK, Action.ADDED), at(Kind.RUNBOOK, "text")),
    ),
)


def why_harmless(change: Change) -> str | None:
    """The reason why nobody needs to look at a change; None where there is none."""
    return next((one.reason for one in HARMLESS if one.applies(change)), None)
