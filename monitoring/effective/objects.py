"""What stands in values by what it is: alerts, rules, routes, network policies, dashboards, Kubernetes objects."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from monitoring.blueprint.dashboards.delivery import SIDECAR_LABEL
from monitoring.effective.facts import Fact, FactKey, Kind, embedded, flat, numbered, thing

POLICY_KINDS = {"NetworkPolicy", "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"}
_PEERS = {
    "ingress": ("from", "fromEndpoints", "fromEntities", "fromCIDR", "fromCIDRSet"),
    "egress": ("to", "toEndpoints", "toEntities", "toCIDR", "toCIDRSet", "toFQDNs"),
}


def rule_facts(files: Iterable[Mapping[str, Any]]) -> Iterator[Fact]:
    """Alerts and recording rules of rule files; the group's interval belongs to each of its rules.

    Rules of one name are told apart by their labels, then by their number.
    """
    rules = [(group, rule) for file in files for group in file.get("groups", ()) for rule in group.get("rules", ())]
    names = [_rule_name(rule) for _, rule in rules]
    labelled = [
        f"{name} {_text(rule.get('labels', {}))}" if names.count(name) > 1 else name
        for name, (_, rule) in zip(names, rules, strict=True)
    ]
    for subject, (group, rule) in zip(numbered(labelled), rules, strict=True):
        kind = Kind.ALERT if "alert" in rule else Kind.RULE
        body = {key: value for key, value in rule.items() if key not in {"alert", "record"}}
        around = {key: value for key, value in group.items() if key not in {"rules", "name"}}
        yield from thing({**around, **body, "group": group.get("name", "")}, kind=kind, subject=subject)


def _rule_name(rule: Mapping[str, Any]) -> str:
    return str(rule.get("alert") or rule.get("record"))


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def route_facts(config: Mapping[str, Any]) -> Iterator[Fact]:
    """Alertmanager's configuration: each route by its matchers, each receiver by its name."""
    routes = list(_routes(config.get("route", {}), above="all"))
    for subject, (_, own) in zip(numbered(name for name, _ in routes), routes, strict=True):
        yield from thing(own, kind=Kind.ROUTE, subject=f"route {subject}")
    for receiver in config.get("receivers", ()):
        subject = f"receiver {receiver.get('name')}"
        yield from thing(receiver, kind=Kind.ROUTE, subject=subject)
    for rule in numbered(_text(rule) for rule in config.get("inhibit_rules", ())):
        yield FactKey(kind=Kind.ROUTE, subject=f"inhibition {rule}"), True
    others = {key: value for key, value in config.items() if key not in {"route", "receivers", "inhibit_rules"}}
    yield from flat(others, kind=Kind.ROUTE, subject="Alertmanager")


def _routes(route: Mapping[str, Any], *, above: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Name and own settings. The order of the routes below is one of them: the first that matches takes the alert."""
    matchers = route.get("matchers") or route.get("match")
    name = f"{above} / {_text(matchers)}" if matchers else above
    own = {key: value for key, value in route.items() if key not in {"routes", "matchers", "match"}}
    below = [_text(one.get("matchers") or one.get("match")) for one in route.get("routes", ())]
    yield name, {**own, **({"routes": below} if below else {})}
    for one in route.get("routes", ()):
        yield from _routes(one, above=name)


def object_facts(manifest: Mapping[str, Any], *, kind: Kind = Kind.OBJECT) -> Iterator[Fact]:
    """A Kubernetes object by kind, namespace and name; policies and dashboards by what they mean."""
    what, metadata = manifest.get("kind", ""), manifest.get("metadata", {})
    names = (what, metadata.get("namespace"), metadata.get("name", ""))
    subject = "/".join(str(name) for name in names if name is not None)
    data = manifest.get("data") or {}
    if what in POLICY_KINDS and kind is Kind.OBJECT:
        yield from _policy(subject, manifest)
        return
    is_dashboard = SIDECAR_LABEL.items() <= (metadata.get("labels") or {}).items()
    if what == "ConfigMap" and kind is Kind.OBJECT and is_dashboard:
        for text in data.values():
            yield from _dashboard(text)
        data = dict.fromkeys(data, "a dashboard")
    rest = {key: value for key, value in manifest.items() if key not in {"kind", "data"}}
    if data:
        files = (".yaml", ".yml", ".json")
        rest["data"] = {key: embedded(text) if key.endswith(files) else text for key, text in data.items()}
    yield from thing(rest, kind=kind, subject=subject)


def _policy(subject: str, manifest: Mapping[str, Any]) -> Iterator[Fact]:
    """Each way in or out, from one peer to one port, is one fact: it is there or not."""
    spec = manifest.get("spec", {})
    ways = {
        f"{direction} {way}" for direction in ("ingress", "egress") for way in _ways(spec.get(direction), direction)
    }
    yield from ((FactKey(kind=Kind.POLICY, subject=subject, path=way), True) for way in sorted(ways))
    rest = {key: value for key, value in spec.items() if key not in {"ingress", "egress"}}
    metadata = {key: value for key, value in manifest.get("metadata", {}).items() if key not in {"name", "namespace"}}
    others = {key: value for key, value in manifest.items() if key not in {"kind", "metadata", "spec"}}
    # without its key, a direction of Cilium's is not closed
    closes = ",".join(key for key in ("ingress", "egress") if key in spec)
    said = {**rest, "directions": closes, "metadata": {**metadata, **others}}
    yield from thing(said, kind=Kind.POLICY, subject=subject)


def _ways(rules: Any, direction: str) -> Iterator[str]:
    for rule in rules or ():
        if not isinstance(rule, Mapping):
            yield _text(rule)  # no rule at all; the API server refuses it
            continue
        peers = [
            f"{key} {peer if isinstance(peer, str) else _text(peer)}"
            for key in _PEERS[direction]
            for peer in rule.get(key) or ()
        ]
        ports: list[str] = [_text(port) for port in rule.get("ports") or ()]
        for to in rule.get("toPorts") or ():
            beside = {key: value for key, value in to.items() if key != "ports"}
            listed: Iterable[Mapping[str, Any]] = to.get("ports") or ({},)
            ports += [_text({**port, **beside}) for port in listed]
        unknown = {key: value for key, value in rule.items() if key not in {*_PEERS[direction], "ports", "toPorts"}}
        also = f" {_text(unknown)}" if unknown else ""
        yield from (f"{peer} {port}{also}" for peer, port in product(peers or ["anyone"], ports or ["any port"]))


def _dashboard(text: str) -> Iterator[Fact]:
    """Panels by their titles; positions and ids are not the meaning."""
    try:
        page = json.loads(text.replace("{{`{{`}}", "{{"))  # Helm's own escape of legends
    except ValueError:
        yield FactKey(kind=Kind.DASHBOARD, subject="a page that is no JSON"), text
        return
    title = page.get("title", page.get("uid", ""))
    yield from thing({key: value for key, value in page.items() if key != "panels"}, kind=Kind.DASHBOARD, subject=title)
    panels = [*page.get("panels", ()), *(below for row in page.get("panels", ()) for below in row.get("panels", ()))]
    shown = [panel for panel in panels if panel.get("type") != "row"]
    for subject, panel in zip(numbered(f"{title}: {one.get('title', '')}" for one in shown), shown, strict=True):
        meant = {key: value for key, value in panel.items() if key not in {"id", "gridPos", "title"}}
        yield from thing(meant, kind=Kind.DASHBOARD, subject=subject)
