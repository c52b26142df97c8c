"""The list of checks, and how they are run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from monitoring.verify import access, alerts, metrics, regions
from monitoring.verify.client import Client, UnreachableError
from monitoring.verify.model import Check, Deployment, NotHereError, Result, State

PAUSE = 2
"""Seconds until a check that failed is asked again."""

CHECKS = (
    Check(
        name="the Prometheus replicas are up",
        ask=metrics.replicas_are_up,
        hint="kubectl get pods -n monitoring; externalLabels and replicaExternalLabelName of the Prometheus resource",
    ),
    Check(name="they agree", ask=metrics.replicas_agree, hint="docs/runbooks/PrometheusReplicasDisagree.md"),
    Check(name="every target is scraped", ask=metrics.targets_are_up, hint="/targets says why; docs/discovery.md"),
    Check(name="retention", ask=metrics.retention_is_set, hint="prometheus.retention in the region's file"),
    Check(name="remote write keeps up", ask=metrics.remote_write_keeps_up, hint="docs/runbooks/RemoteWriteBehind.md"),
    Check(name="no sample is lost", ask=metrics.nothing_is_lost, hint="docs/runbooks/RemoteWriteDropsOldSamples.md"),
    Check(
        name="copies in Receive",
        ask=metrics.copies_are_as_many_as_said,
        hint="thanos.receive.replication_factor; docs/runbooks/ThanosReceiveBelowQuorum.md",
    ),
    Check(name="blocks in Blob", ask=metrics.blocks_are_in_the_store, hint="docs/runbooks/ObjectStoreErrors.md"),
    Check(name="rules are evaluated", ask=alerts.rules_are_evaluated, hint="docs/runbooks/RuleEvaluationsFailing.md"),
    Check(
        name="the Alertmanagers are one",
        ask=alerts.alertmanagers_are_one,
        hint="gossip is by TLS both ways: docs/certificates.md",
    ),
    Check(
        name="Prometheus tells each Alertmanager",
        ask=alerts.prometheus_tells_each_alertmanager,
        hint="/api/v1/alertmanagers; alertmanagerSpec.tlsConfig",
    ),
    Check(name="the Watchdog arrives", ask=alerts.watchdog_arrives, hint="docs/alert-routing.md"),
    Check(name="an alert is told", ask=alerts.an_alert_reaches_a_receiver, hint="docs/alert-routing.md"),
    Check(name="sign-in is required", ask=access.sign_in_is_required, hint="docs/access.md"),
    Check(name="basic auth lets a machine in", ask=access.basic_auth_lets_a_machine_in, hint="docs/access.md"),
    Check(
        name="the router wants a certificate", ask=access.the_router_wants_a_certificate, hint="docs/certificates.md"
    ),
    Check(name="Query wants a certificate", ask=access.query_wants_a_certificate, hint="docs/certificates.md"),
    Check(name="certificates last", ask=access.certificates_last, hint="docs/runbooks/ProbedCertificateExpiresSoon.md"),
    Check(name="the global query", ask=regions.the_global_query_has_every_region, hint="docs/regions.md"),
    Check(name="federation", ask=regions.federation_is_fresh_and_bounded, hint="docs/federation.md"),
)


def verify(
    client: Client, deployment: Deployment, *, patience: float = 0, say: Callable[[str], None] = lambda _: None
) -> Iterator[Result]:
    """Ask every check; one that does not hold is asked again until `patience` seconds have passed since the start."""
    until = client.clock.monotonic() + patience
    for check in CHECKS:
        say(check.name)
        result = ask(check, client, deployment)
        while not result.good and client.clock.monotonic() < until:
            client.clock.sleep(PAUSE)
            result = ask(check, client, deployment)
        yield result


def ask(check: Check, client: Client, deployment: Deployment) -> Result:
    """One check, once."""
    try:
        found = check.ask(client, deployment)
    except NotHereError as missing:
        return Result(check=check.name, state=State.NOT_HERE, evidence=f"no {missing} among the addresses")
    except UnreachableError as nobody:
        return Result(check=check.name, state=State.UNREACHABLE, evidence=str(nobody), hint=check.hint)
    return Result(check=check.name, state=found.outcome, evidence=found.evidence, hint="" if found.good else check.hint)


def exit_code(results: Sequence[Result]) -> int:
    """0: all hold; 2: nobody answers at all; 1: something does not hold."""
    if all(result.good for result in results):
        return 0
    asked = [result for result in results if result.state not in {State.NOT_HERE, State.TOO_YOUNG}]
    return 2 if all(result.state is State.UNREACHABLE for result in asked) else 1
