"""What differs, and how it is said: properties over any two trees, and the cases that readers care about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.effective.facts import Collision, Fact, Facts, Kind, collected, flat
from monitoring.effective.objects import object_facts, route_facts, rule_facts
from monitoring.effective.stacks import stack_facts, values_facts
from monitoring.review.changes import Action, between, jump, shared
from monitoring.review.report import sentence

scalars = st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "a", "--flag=1", "--flag=2", "v1.2.3"])
trees = st.recursive(
    scalars,
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(["name", "a", "b", "version"]), below, max_size=3)
    ),
    max_leaves=12,
)


def _facts(value: object) -> Facts:
    return dict(flat(value, kind=Kind.VALUE, subject="release"))


@given(tree=trees)
def test_a_tree_does_not_differ_from_itself(tree: object) -> None:
    assert between({"trial-a": _facts(tree)}, {"trial-a": _facts(tree)}) == []


@given(one=trees, other=trees)
def test_backwards_is_the_same_with_the_signs_turned(one: object, other: object) -> None:
    there = between({"trial-a": _facts(one)}, {"trial-a": _facts(other)})
    back = between({"trial-a": _facts(other)}, {"trial-a": _facts(one)})
    assert sorted(map(repr, there)) == sorted(repr(change.inverted()) for change in back)


@given(one=trees, other=trees)
def test_no_difference_of_values_is_missed(one: object, other: object) -> None:
    if _facts(one) != _facts(other):
        assert between({"trial-a": _facts(one)}, {"trial-a": _facts(other)})


def test_what_all_regions_share_is_told_once() -> None:
    before = {name: _facts({"host": f"{name}.example", "limit": 1}) for name in ("trial-east", "trial-west")}
    after = {name: _facts({"host": f"new-{name}.example", "limit": 2}) for name in before}
    found = between(before, after)
    assert [(change.key.path, change.stacks) for change in found] == [
        ("host", ("trial-east", "trial-west")),
        ("limit", ("trial-east", "trial-west")),
    ]


def test_what_regions_do_not_share_is_told_apart() -> None:
    before = {name: _facts({"limit": 1}) for name in ("trial-east", "trial-west")}
    after = {"trial-east": _facts({"limit": 2}), "trial-west": _facts({"limit": 3})}
    assert [change.stacks for change in between(before, after)] == [("trial-east",), ("trial-west",)]


def test_a_new_stack_is_one_change() -> None:
    (change,) = between({}, {"trial-east": _facts({"limit": 1})})
    assert (sentence(change), change.action) == ("stack trial-east added", Action.ADDED)


def _sentences(before: Any, after: Any, facts: Any) -> list[str]:
    return [sentence(change) for change in between({"trial-a": dict(facts(before))}, {"trial-a": dict(facts(after))})]


def test_an_element_of_a_list_is_told_by_its_name_wherever_it_stands() -> None:
    before = {"jobs": [{"name": "a", "port": 1}, {"name": "b", "port": 2}]}
    after = {"jobs": [{"name": "new", "port": 0}, {"name": "a", "port": 1}, {"name": "b", "port": 3}]}
    assert _sentences(before, after, lambda values: values_facts("thanos", values)) == [
        "value thanos: jobs[b].port 2 → 3",
        "value thanos: jobs[new].name added: new",
        "value thanos: jobs[new].port added: 0",
    ]


def test_a_flag_is_told_by_its_name() -> None:
    before, after = {"args": ["--a=1", "--b"]}, {"args": ["--b", "--a=2"]}
    assert _sentences(before, after, lambda values: values_facts("thanos", values)) == [
        "value thanos: order of args changed",
        "value thanos: args[--a] 1 → 2",
    ]


def test_an_alert_is_told_by_what_it_is() -> None:
    def file(wait: str) -> dict[str, Any]:
        return {"groups": [{"name": "g", "rules": [{"alert": "X", "expr": "up == 0", "for": wait}]}]}

    assert _sentences([file("5m")], [file("1m")], rule_facts) == ["alert X: for 5m → 1m"]


def test_the_layout_of_an_expression_is_not_its_meaning() -> None:
    def file(expression: str) -> dict[str, Any]:
        return {"groups": [{"rules": [{"record": "job:x:sum", "expr": expression}]}]}

    assert _sentences([file("sum(\n  up\n)")], [file("sum( up ) # all")], rule_facts) == []
    assert _sentences([file('{a="b c"}')], [file('{a="b  c"}')], rule_facts) != []
    assert _sentences([file("sum(up)")], [file("max(up)")], rule_facts) == ["rule job:x:sum: expr sum(up) → max(up)"]


def test_a_route_is_told_by_its_matchers() -> None:
    def config(receiver: str) -> dict[str, Any]:
        routes = [{"matchers": ["severity = critical"], "receiver": receiver}]
        return {"route": {"receiver": "nobody", "routes": routes}, "receivers": [{"name": "nobody"}]}

    assert _sentences(config("pager"), config("chat"), route_facts) == [
        'route all / ["severity = critical"]: receiver pager → chat'
    ]


def test_a_way_of_a_policy_is_opened_or_closed() -> None:
    def policy(*ports: int) -> dict[str, Any]:
        rules = [{"ports": [{"port": port}]} for port in ports]
        return {"kind": "NetworkPolicy", "metadata": {"name": "grafana"}, "spec": {"ingress": rules}}

    assert _sentences(policy(1), policy(1, 2), object_facts) == [
        'policy NetworkPolicy/grafana: ingress anyone {"port": 2} added: true'
    ]


def test_an_address_in_a_policy_is_told_by_itself() -> None:
    def policy(*addresses: str) -> dict[str, Any]:
        rule = {"to": [{"ipBlock": {"cidr": address}} for address in addresses], "ports": [{"port": 9443}]}
        return {"kind": "NetworkPolicy", "metadata": {"name": "p", "namespace": "m"}, "spec": {"egress": [rule]}}

    assert _sentences(policy("10.1.0.5/32"), policy("10.1.0.5/32", "10.2.0.5/32"), object_facts) == [
        'policy NetworkPolicy/m/p: egress to {"ipBlock": {"cidr": "10.2.0.5/32"}} {"port": 9443} added: true'
    ]


def test_policies_of_one_name_in_two_namespaces_are_two() -> None:
    def denied(*namespaces: str) -> Facts:
        objects = [
            {"kind": "NetworkPolicy", "metadata": {"name": "default-deny", "namespace": one}, "spec": {}}
            for one in namespaces
        ]
        return collected(fact for one in objects for fact in object_facts(one))

    (change,) = between({"trial-a": denied("m", "n")}, {"trial-a": denied("m")})
    assert sentence(change) == "policy NetworkPolicy/n/default-deny removed"
    with pytest.raises(Collision, match="policy NetworkPolicy/m/default-deny must be said once, got it twice"):
        denied("m", "m")


def test_a_dashboard_is_told_by_its_panels_not_their_places() -> None:
    def page(unit: str, y: int) -> dict[str, Any]:
        panel = f'{{"title": "Lag", "type": "stat", "gridPos": {{"y": {y}}}, "unit": "{unit}"}}'
        data = {"page.json": f'{{"title": "Health", "panels": [{panel}]}}'}
        metadata = {"name": "x", "labels": {"grafana_dashboard": "1"}}
        return {"kind": "ConfigMap", "metadata": metadata, "data": data}

    assert _sentences(page("s", 0), page("s", 8), object_facts) == []
    assert _sentences(page("s", 0), page("ms", 8), object_facts) == ["dashboard Health: Lag: unit s → ms"]


def test_what_comes_or_goes_as_a_whole_is_one_change() -> None:
    def stack(*names: str) -> dict[str, Any]:
        return {
            "resource": {
                "azurerm_managed_disk": {
                    name: {"name": name, "//": {"metadata": {"path": f"trial-a/disks/{name}"}}} for name in names
                }
            }
        }

    found = between({"trial-a": stack_facts(stack("d0", "d1"))}, {"trial-a": stack_facts(stack("d0"))})
    assert [sentence(change) for change in found] == ["azurerm_managed_disk disks/d1 removed"]


def test_another_address_in_the_state_is_told() -> None:
    def stack(address: str) -> dict[str, Any]:
        body = {"name": "x", "//": {"metadata": {"path": "trial-a/disks/disk-0"}}}
        return {"resource": {"azurerm_managed_disk": {address: body}}}

    found = between({"trial-a": stack_facts(stack("old"))}, {"trial-a": stack_facts(stack("new"))})
    assert [sentence(change) for change in found] == [
        "azurerm_managed_disk disks/disk-0: address in the state old → new"
    ]


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [("88.5.3", "89.0.0", "major"), ("v0.42.4", "v0.43.0", "minor"), ("1.37.0", "1.37.1", "patch"), ("a", "b", None)],
)
def test_a_version_jumps(old: str, new: str, kind: str | None) -> None:
    (change,) = between({"trial-a": _facts({"version": old})}, {"trial-a": _facts({"version": new})})
    assert jump(change) == kind


def test_shared_keeps_what_each_stack_has_alone() -> None:
    (one,) = between({"trial-a": _facts({"x": 1})}, {"trial-a": _facts({"x": 2})})
    (other,) = between({"trial-b": _facts({"x": 1})}, {"trial-b": _facts({"x": 3})})
    assert len(shared([one, other])) == 2


def test_a_rendered_object_is_told_by_kind_name_and_field() -> None:
    def objects(image: str) -> list[dict[str, Any]]:
        return [
            {
                "kind": "Deployment",
                "metadata": {"name": "grafana", "namespace": "monitoring"},
                "spec": {"template": {"spec": {"containers": [{"name": "grafana", "image": image}]}}},
            }
        ]

    def rendered(manifests: list[dict[str, Any]]) -> Iterator[Fact]:
        return object_facts(manifests[0], kind=Kind.RENDERED)

    assert _sentences(objects("grafana:1"), objects("grafana:2"), rendered) == [
        "rendered Deployment/monitoring/grafana: spec.template.spec.containers[grafana].image grafana:1 → grafana:2"
    ]


def _stack(name: str, *, cluster: str, space: str = "monitoring") -> dict[str, Any]:
    """Of a region: its cluster, a namespace, and what names both."""
    disk = {"name": f"disk-{name}", "//": {"metadata": {"path": f"{name}/disk"}}}
    home = {"metadata": {"name": space}, "//": {"metadata": {"path": f"{name}/namespaces/{space}"}}}
    claim = {
        "metadata": {"name": "monitoring", "namespace": space},
        "depends_on": [f"kubernetes_namespace_v1.namespaces_{space}_2903F0DE"],
        "//": {"metadata": {"path": f"{name}/claim"}},
    }
    return {
        "data": {"azurerm_kubernetes_cluster": {"aks": {"name": cluster, "resource_group_name": "rg"}}},
        "resource": {
            "azurerm_managed_disk": {"disk": disk},
            "kubernetes_namespace_v1": {f"namespaces_{space}": home},
            "kubernetes_persistent_volume_claim_v1": {"claim": claim},
        },
    }


def test_a_namespace_of_another_name_is_one_change() -> None:
    before = {"trial-a": stack_facts(_stack("trial-a", cluster="aks"))}
    after = {"trial-a": stack_facts(_stack("trial-a", cluster="aks", space="metrics"))}
    (change,) = between(before, after)
    assert sentence(change) == "namespace monitoring becomes metrics: destroyed, and made anew"


def test_it_is_one_change_too_where_the_construct_keeps_its_name() -> None:
    kept = _stack("trial-a", cluster="aks", space="metrics")
    (home,) = kept["resource"]["kubernetes_namespace_v1"].values()
    home["//"]["metadata"]["path"] = "trial-a/namespaces/monitoring"
    kept["resource"]["kubernetes_namespace_v1"] = {"namespaces_monitoring": home}
    (change,) = between({"trial-a": stack_facts(_stack("trial-a", cluster="aks"))}, {"trial-a": stack_facts(kept)})
    assert change.key.subject == "monitoring"


def test_what_changes_beside_a_renamed_namespace_is_told() -> None:
    moved = _stack("trial-a", cluster="aks", space="metrics")
    moved["resource"]["azurerm_managed_disk"]["disk"]["zone"] = "2"
    found = between({"trial-a": stack_facts(_stack("trial-a", cluster="aks"))}, {"trial-a": stack_facts(moved)})
    assert [sentence(change) for change in found][1:] == ["azurerm_managed_disk disk: zone added: 2"]


def test_a_region_of_another_name_is_destroyed_and_made_anew() -> None:
    before = {"trial-a": stack_facts(_stack("trial-a", cluster="aks"))}
    (change,) = between(before, {"trial-b": stack_facts(_stack("trial-b", cluster="aks"))})
    assert sentence(change) == "stack trial-a becomes trial-b: destroyed, and made anew"
    two = between(before, {"trial-b": stack_facts(_stack("trial-b", cluster="other"))})
    assert [sentence(one) for one in two] == ["stack trial-a removed", "stack trial-b added"]


@pytest.mark.parametrize("listed", ["disk_size_gb", "all"])
def test_what_terraform_holds_back_is_said(listed: str) -> None:
    def stack(size: int, listed: str) -> dict[str, Any]:
        body = {"disk_size_gb": size, "name": f"d{size}", "lifecycle": {"ignore_changes": [listed]}}
        return {"resource": {"azurerm_managed_disk": {"disk": body}}}

    found = between({"trial-a": stack_facts(stack(1, listed))}, {"trial-a": stack_facts(stack(2, listed))})
    held = {change.key.path: change.held_back for change in found}
    assert held == {"disk_size_gb": True, "name": listed == "all"}
    unheld = between({"trial-a": stack_facts(stack(1, listed))}, {"trial-a": stack_facts(stack(2, "tags"))})
    assert not any(change.held_back for change in unheld)
