"""What the policies in a stack's JSON let through: an evaluator of its own, which knows nothing of flows.py.

It reads the NetworkPolicies and CiliumNetworkPolicies among the values of the release `objects`, and decides for a
connection as Kubernetes ("Network Policies") and Cilium ("Layer 3/4 policies", "DNS based") document it: a pod that a
policy selects for a direction is closed in that direction but for what any policy allows; a connection needs both ends
to be open. No policy holds a pod in its host's network, nor what is no pod.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from tests.laws.stack_laws import Stack, helm_values

Labels = Mapping[str, str]
Port = tuple[int, str]
"""Number and protocol."""

POD, OWN_NODE, OTHER_NODE, API_SERVER, OUTSIDE = "pod", "host", "remote-node", "kube-apiserver", "outside"
"""What an end is; the middle three are Cilium's names of entities."""


@dataclass(frozen=True, kw_only=True)
class End:
    """One end of a connection. `name` of something outside is its host name."""

    name: str
    kind: str = POD
    namespace: str = ""
    labels: Labels = field(default_factory=dict, hash=False)
    address: IPv4Address
    ports: tuple[Port, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Policies:
    """A stack's policies; `cilium` says that Cilium enforces them."""

    plain: list[dict[str, Any]]
    own: list[dict[str, Any]]
    cilium: bool
    _found: dict[tuple[End, str], tuple[list[dict[str, Any]], list[dict[str, Any]]]] = field(default_factory=dict)

    def open(self, source: End, target: End, port: Port) -> bool:
        """Whether a connection from source to the port of target comes through."""
        return self._passes(source, target, port, "egress") and self._passes(target, source, port, "ingress")

    def _passes(self, pod: End, other: End, port: Port, direction: str) -> bool:
        if pod.kind != POD or (direction == "ingress" and other.kind == OWN_NODE):
            return True  # every engine lets a node reach the pods that it runs: the kubelet's probes
        plain, own = self._of(pod, direction)
        if not plain and not own:
            return True
        return any(
            self._plain_rule(rule, other, port, direction) for policy in plain for rule in policy[direction] or ()
        ) or any(self._own_rule(rule, pod, other, port) for spec in own for rule in spec[direction])

    def _of(self, pod: End, direction: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        if (pod, direction) not in self._found:
            found = list(self._plain_of(pod, direction)), list(self._own_of(pod, direction))
            self._found[pod, direction] = found
        return self._found[pod, direction]

    def _plain_of(self, pod: End, direction: str) -> Iterator[dict[str, Any]]:
        for policy in self.plain:
            spec = policy["spec"]
            here = policy["metadata"]["namespace"] == pod.namespace
            if here and direction.capitalize() in spec["policyTypes"] and _selects(spec["podSelector"], pod.labels):
                yield spec

    def _own_of(self, pod: End, direction: str) -> Iterator[dict[str, Any]]:
        for policy in self.own:
            spec = policy["spec"]
            here = policy["metadata"]["namespace"] == pod.namespace
            if here and direction in spec and _holds(pod.labels, spec["endpointSelector"].get("matchLabels", {})):
                yield spec

    def _plain_rule(self, rule: Mapping[str, Any], other: End, port: Port, direction: str) -> bool:
        peers = rule.get("to" if direction == "egress" else "from")
        ports = rule.get("ports")
        return (not ports or any(_plain_port(one, port) for one in ports)) and (
            not peers or any(self._plain_peer(peer, other) for peer in peers)
        )

    def _plain_peer(self, peer: Mapping[str, Any], other: End) -> bool:
        if block := peer.get("ipBlock"):
            if self.cilium and other.kind in {POD, OWN_NODE, OTHER_NODE}:
                return False  # to Cilium these are identities, not addresses
            excepted = any(other.address in _network(but) for but in block.get("except") or ())
            return other.address in _network(block["cidr"]) and not excepted
        namespace = {"kubernetes.io/metadata.name": other.namespace}
        return (
            other.kind == POD
            and _selects(peer["namespaceSelector"], namespace)
            and _selects(peer.get("podSelector", {}), other.labels)
        )

    def _own_rule(self, rule: Mapping[str, Any], pod: End, other: End, port: Port) -> bool:
        listed = [one for to in rule.get("toPorts", ()) for one in to["ports"]]
        if listed and not any(
            one["port"] in {"0", str(port[0])} and one["protocol"] in {"ANY", port[1]} for one in listed
        ):
            return False
        for key in ("toEntities", "fromEntities"):
            if other.kind in rule.get(key, ()):
                return True
        for key in ("toEndpoints", "fromEndpoints"):
            if other.kind == POD and any(_endpoint(one["matchLabels"], pod, other) for one in rule.get(key, ())):
                return True
        named = any(one["matchName"] == other.name for one in rule.get("toFQDNs", ()))
        return named and other.kind == OUTSIDE and self._reads_dns(pod)

    def _reads_dns(self, pod: End) -> bool:
        """Cilium knows a name's addresses from answers that pass its proxy, by a rule with `dns`.

        None may stand beside it: how a plain rule merges with it depends on Cilium's version.
        """
        plain, specs = self._of(pod, "egress")
        own = [to for spec in specs for rule in spec["egress"] for to in rule.get("toPorts", ())]
        asked = [to for to in own if any(one["port"] in {"0", "53"} for one in to["ports"])]
        beside = [
            one
            for spec in plain
            for rule in spec["egress"] or ()
            for one in rule.get("ports") or ({"port": 53},)
            if one.get("port") == 53
        ]
        return bool(asked) and all(to.get("rules", {}).get("dns") for to in asked) and not beside


def policies(stack: Stack, *, cilium: bool) -> Policies:
    """The policies of a stack, read from its JSON."""
    objects = [one for _, values in helm_values(stack) for one in values.get("objects") or ()]
    plain = [one for one in objects if one["kind"] == "NetworkPolicy"]
    own = [one for one in objects if one["kind"] == "CiliumNetworkPolicy"]
    return Policies(plain=plain, own=own, cilium=cilium)


@cache
def _network(text: str) -> IPv4Network:
    return IPv4Network(text)


def _holds(labels: Labels, wanted: Labels) -> bool:
    return all(labels.get(key) == value for key, value in wanted.items())


def _selects(selector: Mapping[str, Any], labels: Labels) -> bool:
    for expression in selector.get("matchExpressions") or ():
        if expression["operator"] != "NotIn":
            raise ValueError(f"operator must be NotIn, the only one in use, got {expression['operator']}")
        if labels.get(expression["key"]) in expression["values"]:
            return False
    return _holds(labels, selector.get("matchLabels") or {})


def _plain_port(listed: Mapping[str, Any], port: Port) -> bool:
    return listed.get("protocol", "TCP") == port[1] and listed.get("port") in {None, port[0]}


def _endpoint(wanted: Labels, pod: End, other: End) -> bool:
    """Labels without a namespace mean the policy's own."""
    labels = {**other.labels, "k8s:io.kubernetes.pod.namespace": other.namespace}
    return _holds(labels, {"k8s:io.kubernetes.pod.namespace": pod.namespace, **wanted})
