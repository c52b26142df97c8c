"""What would no longer be seen, or by nobody."""

from __future__ import annotations

from monitoring.effective.facts import Kind
from monitoring.review.changes import Action, Change
from monitoring.review.risks.matching import (
    Label,
    Rule,
    at,
    beyond,
    either,
    gone,
    larger,
    resource,
    smaller,
    turned_off,
    whole,
)

RAISED = {("warning", "critical"), ("info", "warning"), ("info", "critical"), ("none", "info")}
LONGEST_INTERVAL = "2m"
"""Between two scrapes: rules look back five minutes, and a rate needs two samples although one scrape fails."""

_INTERVALS = either(
    at(Kind.VALUE, r".*(^|\.)(scrapeInterval|interval|scrape_interval)", actions=(Action.ADDED, Action.CHANGED)),
    at(Kind.SCRAPE, "scrape_interval", actions=(Action.ADDED, Action.CHANGED)),
)


def _loosened(change: Change) -> bool:
    """An alert wakes fewer people or asks something else."""
    if change.key.kind is not Kind.ALERT:
        return False
    if change.key.path == "labels.severity":
        return (change.before, change.after) not in RAISED
    return change.key.path in {"expr", "keep_firing_for"} or change.key.path.startswith("labels.")


MONITOR = (
    r".*([sS]erviceMonitor|podMonitor|prometheus\.monitor)\.(enabled|path|port|scheme|selector.*|.*[rR]elabel.*"
    r"|tlsConfig.*|honor.*|jobLabel|.*[lL]abels.*|namespaceSelector.*|scrapeTimeout|.*proxy.*)"
)
"""What decides which targets a monitor finds, and whether they answer."""

SELECTORS = r".*(rule|probe|scrapeConfig|Monitor)(Namespace)?Selector.*"

RULES = (
    Rule(
        name="alert or rule gone",
        label=Label.BLINDNESS,
        reason="what it watched is watched no more",
        source="docs/alerts.md",
        advice="Name what watches it instead.",
        applies=either(
            whole(Kind.ALERT, Action.REMOVED),
            whole(Kind.RULE, Action.REMOVED),
            at(Kind.VALUE, r"defaultRules\..*"),
        ),
    ),
    Rule(
        name="alert loosened",
        label=Label.BLINDNESS,
        reason="it fires later, wakes fewer people, or asks something else",
        source="docs/alerts.md",
        advice="Show by a promtool test what it still catches.",
        applies=either(
            _loosened,
            larger(at(Kind.ALERT, "for|interval")),
            at(Kind.ALERT, "for|interval", actions=(Action.ADDED,)),
            at(Kind.ALERT, "annotations.runbook_url", actions=(Action.REMOVED,)),
        ),
    ),
    Rule(
        name="rule asks something else",
        label=Label.BLINDNESS,
        reason="alerts and panels that use the series see other numbers",
        source="docs/rules.md",
        advice="Look for who uses the name.",
        applies=either(
            at(Kind.RULE, r"expr|labels.*|limit"),
            larger(at(Kind.RULE, "interval|query_offset")),
            at(Kind.RULE, "interval|query_offset", actions=(Action.ADDED,)),
        ),
    ),
    Rule(
        name="route or receiver",
        label=Label.BLINDNESS,
        reason="alerts reach somebody else, later, or nobody; the Watchdog's route is the alarm of the alarms",
        source="docs/alert-routing.md",
        advice="Send a test alert after the deploy; see the dead-man's switch stay green.",
        applies=either(
            lambda change: change.key.kind is Kind.ROUTE and (not change.whole or change.action is Action.REMOVED),
            whole(Kind.ROUTE, Action.ADDED, subject="(route|inhibition) .*"),
            at(
                Kind.VALUE, r"alertmanager\.(templateFiles|alertmanagerSpec\.(alertmanagerConfig|useExisting|config)).*"
            ),
        ),
    ),
    Rule(
        name="scrape job or monitor gone",
        label=Label.BLINDNESS,
        reason="its targets are not scraped any more, or only in part",
        source="docs/discovery.md",
        advice="Look at `up` by job before and after.",
        applies=either(
            whole(Kind.SCRAPE, Action.REMOVED),
            at(Kind.SCRAPE, r"(?!.*(limit|interval|timeout|keep_dropped)).+", actions=(Action.REMOVED, Action.CHANGED)),
            at(Kind.SCRAPE, r".*(relabel|match|static_configs\[0\]\.labels|honor).*", actions=(Action.ADDED,)),
            at(Kind.VALUE, MONITOR, actions=(Action.REMOVED, Action.CHANGED)),
            at(
                Kind.VALUE,
                f"{SELECTORS}|.*serviceDiscoveryRole|.*additionalScrapeConfigs.*|.*kubelet\\.(?!.*interval).*",
            ),
            smaller(
                either(
                    at(Kind.VALUE, r".*([sS]ample|[tT]arget|[lL]abel|[bB]ody|[dD]ropped).*([lL]imit|Targets)"),
                    at(Kind.SCRAPE, r".*limit|keep_dropped_targets"),
                )
            ),
        ),
    ),
    Rule(
        name="scraped or judged too rarely",
        label=Label.BLINDNESS,
        reason=f"with more than {LONGEST_INTERVAL} between samples, rules that look back five minutes find too few",
        source="Prometheus, rate()",
        advice="Keep every interval below half of what rules look back.",
        applies=either(
            beyond(_INTERVALS, LONGEST_INTERVAL),
            beyond(at(Kind.VALUE, r".*evaluationInterval", actions=(Action.ADDED, Action.CHANGED)), LONGEST_INTERVAL),
            smaller(at(Kind.VALUE, r".*(scrapeTimeout|query\.timeout)|.*\[--(query|store.response)[.-]timeout\]")),
            smaller(at(Kind.SCRAPE, "scrape_timeout")),
        ),
    ),
    Rule(
        name="blocks divided anew",
        label=Label.BLINDNESS,
        reason="store gateways change shards in turn; where more than one goes at once, nobody reads some blocks",
        source="docs/capacity.md, Store gateway shards",
        advice="More at once is safe; take them away one by one, and wait until all that are left are ready.",
        applies=at(Kind.VALUE, r".*\[--selector\.relabel-config\]"),
    ),
    Rule(
        name="remote write or labels",
        label=Label.BLINDNESS,
        reason="samples reach Blob otherwise, later or not at all; queries find them under other labels",
        source="docs/architecture.md, Receive",
        advice="Watch the lag of remote write, and one query by region.",
        applies=either(
            at(
                Kind.VALUE,
                r"prometheus\.prometheusSpec\.(remoteWrite|externalLabels|replicaExternalLabelName"
                r"|prometheusExternalLabelName|tsdb|disableCompaction|walCompression|thanos).*",
            ),
            at(Kind.VALUE, r".*(eplica-?[lL]abel).*"),
            at(
                Kind.VALUE,
                r".*\[--(label|receive\..*|endpoint.*|tsdb\..*|store\..*|selector(?!\.relabel-config).*|max-time|min-time)[^\]]*\].*",
            ),
            at(Kind.VALUE, r"receive\..*(limits|tenant).*|additionalEndpoint.*"),
        ),
    ),
    Rule(
        name="component off",
        label=Label.BLINDNESS,
        reason="a part of the monitoring itself goes",
        source="docs/architecture.md",
        advice="Say what takes its place.",
        applies=either(
            whole(Kind.RELEASE, Action.REMOVED),
            whole(Kind.DASHBOARD, Action.REMOVED),
            whole(Kind.RENDERED, Action.REMOVED),
            turned_off(at(Kind.VALUE, r"(.*\.)?(enabled|create)")),
            at(Kind.VALUE, r".*paused|.*(datasources|DataSources|sidecar\.(dashboards|rules)).*"),
            gone(at(Kind.OBJECT, "")),
            resource(r"azurerm_monitor_\w+", actions=(Action.REMOVED, Action.CHANGED)),
            resource(r"azurerm_monitor_\w+", r"(?!lifecycle).*", actions=(Action.REMOVED, Action.CHANGED)),
        ),
    ),
)


def rarer(change: Change) -> bool:
    """A longer interval that is still short enough."""
    return _INTERVALS(change) and not beyond(_INTERVALS, LONGEST_INTERVAL)(change)
