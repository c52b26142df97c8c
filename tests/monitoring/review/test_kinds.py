"""The product of all kinds of facts and what happens to them: each is decided, here, in one reviewed table.

A kind that is in a stack or in the repository and not in the table fails: whoever brings it decides.
"""

from __future__ import annotations

from functools import cache

import pytest

from monitoring.blueprint.values.charts import ROOT
from monitoring.effective.facts import FactKey, Kind
from monitoring.effective.repository import repository_facts, repository_files
from monitoring.effective.stacks import stack_facts
from monitoring.review.changes import MISSING, Action, Change
from monitoring.review.risks import judged
from monitoring.review.risks.matching import what
from tests.constructs.synthesized import fleet, fleet_stack
from tests.monitoring.review.edited import written

LOOK, NONE = "look", "harmless"
TABLE: dict[str, tuple[str, str, str]] = {
    # what: added, removed, an attribute that nobody knows
    "azurerm_federated_identity_credential": ("exposure", "exposure", LOOK),
    "azurerm_kubernetes_cluster_node_pool": ("cost", "downtime", LOOK),
    "azurerm_managed_disk": ("cost", "data loss", LOOK),
    "azurerm_monitor_diagnostic_setting": ("cost", "blindness", "blindness"),
    "azurerm_private_dns_a_record": (LOOK, "downtime", "downtime"),
    "azurerm_private_dns_zone": (LOOK, "downtime", "downtime"),
    "azurerm_private_dns_zone_virtual_network_link": (LOOK, "downtime", "downtime"),
    "azurerm_private_endpoint": ("cost", "exposure", "downtime"),
    "azurerm_resource_group": ("cost", "data loss", LOOK),
    "azurerm_role_assignment": ("exposure", "downtime", LOOK),
    "azurerm_role_definition": ("exposure", "downtime", LOOK),
    "azurerm_storage_account": ("cost", "data loss", LOOK),
    "azurerm_storage_container": ("cost", "data loss", LOOK),
    "azurerm_user_assigned_identity": ("exposure", "downtime", LOOK),
    "data azurerm_kubernetes_cluster": (NONE, "exposure", "exposure"),
    "data azurerm_role_definition": (NONE, "exposure", "exposure"),
    "data azurerm_user_assigned_identity": (NONE, "exposure", "exposure"),
    "data kubernetes_mutating_webhook_configuration_v1": (NONE, "exposure", "exposure"),
    "data kubernetes_nodes": (NONE, "exposure", "exposure"),
    "kubernetes_namespace_v1": ("exposure", "data loss", LOOK),
    "kubernetes_persistent_volume_claim_v1": ("cost", "data loss", LOOK),
    "kubernetes_persistent_volume_v1": ("cost", "data loss", LOOK),
    "kubernetes_priority_class_v1": (LOOK, "downtime", LOOK),
    "kubernetes_secret_v1": (LOOK, "data loss", LOOK),
    "kubernetes_service_account_v1": ("exposure", "downtime", LOOK),
    "kubernetes_service_v1": ("exposure", "downtime", "downtime"),
    "kubernetes_storage_class_v1": (LOOK, LOOK, LOOK),
    "release": (LOOK, "blindness", LOOK),
    "value": (LOOK, LOOK, LOOK),
    "NetworkPolicy": ("exposure", "exposure", "exposure"),
    "CiliumNetworkPolicy": ("exposure", "exposure", "exposure"),
    "Certificate": (LOOK, "downtime", LOOK),
    "ConfigMap": ("exposure", "exposure", LOOK),
    "CronJob": ("exposure", "blindness", LOOK),
    "Deployment": ("exposure", "downtime", LOOK),
    "SecretProviderClass": ("exposure", "downtime", LOOK),
    "ServiceAccount": ("exposure", "exposure", "exposure"),
    "Service": ("exposure", "downtime", LOOK),
    "alert": (NONE, "blindness", LOOK),
    "rule": (NONE, "blindness", LOOK),
    "route": ("blindness", "blindness", "blindness"),
    "receiver": (NONE, "blindness", "blindness"),
    "inhibition": ("blindness", "blindness", "blindness"),
    "Alertmanager": (LOOK, "blindness", "blindness"),
    "scrape job": (NONE, "blindness", "blindness"),
    "dashboard": (NONE, "blindness", NONE),
    "state": ("data loss", "data loss", "data loss"),
    "terraform": (LOOK, LOOK, LOOK),
    "providers": (LOOK, LOOK, LOOK),
    "workflow": (LOOK, "blindness", LOOK),
    "Makefile": (LOOK, LOOK, LOOK),
    "lock file": (LOOK, LOOK, LOOK),
    "runbook": (NONE, "blindness", LOOK),
    # in no tree by itself: they come of two that are compared, of `--render` and of `--plan`
    "stack": ("cost", "data loss", LOOK),
    "namespace": ("data loss", "data loss", "data loss"),
    "rendered": (LOOK, "blindness", LOOK),
    "plan": (LOOK, LOOK, LOOK),
}


@cache
def places() -> dict[str, FactKey]:
    """One place of each kind that there is, in the regions, in `fleet` and in the repository."""
    trees = [stack_facts(written(region.name)) for region in fleet().regions]
    trees += [stack_facts(fleet_stack(fleet().regions)), repository_facts(repository_files(ROOT))]
    found = {_what(key): key for tree in trees for key in tree}
    named = {"rendered": Kind.RENDERED, "plan": Kind.PLAN, "stack": Kind.STACK, "namespace": Kind.NAMESPACE}
    return found | {name: FactKey(kind=kind, subject=name) for name, kind in named.items()}


def _what(key: FactKey) -> str:
    return what(_change(key, "", Action.ADDED)) if key.kind is not Kind.RENDERED else "rendered"


def _change(key: FactKey, path: str, action: Action) -> Change:
    before, after = {
        Action.ADDED: (MISSING, "new"),
        Action.REMOVED: ("old", MISSING),
        Action.CHANGED: ("old", "new"),
    }[action]
    place = FactKey(kind=key.kind, subject=key.subject, path=path)
    return Change(key=place, before=before, after=after, stacks=("trial-alpha",))  # type: ignore[arg-type]


def test_every_kind_that_there_is_has_its_row_and_every_row_its_kind() -> None:
    assert set(places()) == set(TABLE)


@pytest.mark.parametrize("kind", TABLE)
def test_what_comes_goes_or_changes_is_decided(kind: str) -> None:
    verdicts = []
    for path, action in (("", Action.ADDED), ("", Action.REMOVED), ("attribute_that_nobody_knows", Action.CHANGED)):
        verdict = judged([_change(places()[kind], path, action)])
        verdicts.append({str(risk.rule.label) for risk in verdict.risks} or {NONE})
    assert [wanted in found for wanted, found in zip(TABLE[kind], verdicts, strict=True)] == [True] * 3, verdicts
    harmless = [wanted == NONE for wanted in TABLE[kind]]
    assert harmless == [found == {NONE} for found in verdicts]
    assert [wanted == LOOK for wanted in TABLE[kind]] == [found == {LOOK} for found in verdicts]


def test_a_kind_that_nobody_has_decided_is_to_be_looked_at() -> None:
    for subject in ("azurerm_new_thing thing", "kubernetes_new_thing_v1 thing"):
        for action in Action:
            verdict = judged([_change(FactKey(kind=Kind.RESOURCE, subject=subject), "", action)])
            assert [str(risk.rule.label) for risk in verdict.risks] == [LOOK]


def test_how_many_kinds_are_judged_harmless_or_left_to_the_reader(capsys: pytest.CaptureFixture[str]) -> None:
    every = [verdict for row in TABLE.values() for verdict in row]
    counts = {name: every.count(name) for name in (NONE, LOOK)}
    judged_ones = len(every) - sum(counts.values())
    with capsys.disabled():
        print(f"\n{len(TABLE)} kinds x 3: {judged_ones} have a rule, {counts[NONE]} are harmless, {counts[LOOK]} look")  # noqa: T201
    assert judged_ones > len(every) / 2
