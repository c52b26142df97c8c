"""What the Terraform JSON of a stack means: resources, releases, and in their values alerts, routes, policies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from monitoring.review.facts import FactKey, Facts, Kind, Scalar, flat

Found = Iterator[tuple[FactKey, Scalar | tuple[str, ...]]]

POLICY_KINDS = {"NetworkPolicy", "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"}
OBJECT_LISTS = ("extraManifests", "extraObjects", "objects")
"""Where releases hold whole Kubernetes objects."""


def stack_facts(stack: Mapping[str, Any]) -> Facts:
    """Everything that a stack's JSON says, by meaning."""
    return dict(_stack(stack))


def _stack(stack: Mapping[str, Any]) -> Found:
    terraform = dict(stack.get("terraform", {}))
    yield from flat(terraform, kind=Kind.SETTING, subject="terraform")
    yield from flat(stack.get("provider", {}), kind=Kind.SETTING, subject="providers")
    for section, prefix in (("data", "data "), ("resource", "")):
        for type_, named in stack.get(section, {}).items():
            for address, body in named.items():
                subject = f"{prefix}{type_} {_construct_path(address, body)}"
                if type_ == "helm_release":
                    yield from _release(body)
                else:
                    yield FactKey(kind=Kind.RESOURCE, subject=subject), address
                    own = {key: value for key, value in body.items() if key not in {"//", "depends_on"}}
                    yield from flat(own, kind=Kind.RESOURCE, subject=subject)


def _construct_path(address: str, body: Mapping[str, Any]) -> str:
    """`disks/disk-0`: the same in every stack, unlike the address in the state."""
    path: str = body.get("//", {}).get("metadata", {}).get("path", address)
    return path.partition("/")[2] or path


def _release(body: Mapping[str, Any]) -> Found:
    name = body["name"]
    yield FactKey(kind=Kind.RELEASE, subject=name), True
    settings = {key: value for key, value in body.items() if key not in {"//", "depends_on", "values", "name"}}
    yield from flat(settings, kind=Kind.RELEASE, subject=name)
    for text in body.get("values", ()):
        values = yaml.load(_unescaped(text), Loader=yaml.CSafeLoader) or {}
        yield from values_facts(name, values)


def _unescaped(text: str) -> str:
    """As Helm sees it: Terraform's `$${` is `${`."""
    return text.replace("$${", "${").replace("%%{", "%{")


def values_facts(release: str, values: Mapping[str, Any]) -> Found:
    """Facts of a release's values: what has a meaning of its own, and every other value by its path."""
    rest = dict(values)
    for groups in rest.pop("additionalPrometheusRulesMap", {}).values():
        yield from rule_facts(groups)
    alertmanager = dict(rest.get("alertmanager", {}))
    if isinstance(alertmanager.get("config"), Mapping):
        yield from route_facts(alertmanager.pop("config"))
        rest["alertmanager"] = alertmanager
    rest, jobs = _without_jobs(rest)
    for job in jobs:
        subject = str(job.get("job_name"))
        yield FactKey(kind=Kind.SCRAPE, subject=subject), True
        yield from flat(job, kind=Kind.SCRAPE, subject=subject)
    for key in OBJECT_LISTS:
        for manifest in rest.pop(key, None) or ():
            yield from object_facts(manifest)
    if rest:
        yield from flat(rest, kind=Kind.VALUE, subject=release)


def _without_jobs(values: dict[str, Any]) -> tuple[dict[str, Any], list[Mapping[str, Any]]]:
    prometheus = dict(values.get("prometheus", {}))
    spec = dict(prometheus.get("prometheusSpec", {}))
    jobs = spec.pop("additionalScrapeConfigs", None) or []
    if not isinstance(jobs, list):
        return values, []
    return ({**values, "prometheus": {**prometheus, "prometheusSpec": spec}} if prometheus else values), jobs


def rule_facts(file: Mapping[str, Any]) -> Found:
    """Alerts and recording rules of a rule file; the group's interval belongs to each of its rules."""
    for group in file.get("groups", ()):
        for rule in group.get("rules", ()):
            kind = Kind.ALERT if "alert" in rule else Kind.RULE
            subject = str(rule.get("alert") or rule.get("record"))
            if len([one for one in group["rules"] if subject in {one.get("alert"), one.get("record")}]) > 1:
                subject = f"{subject} {json.dumps(rule.get('labels', {}), sort_keys=True)}"
            yield FactKey(kind=kind, subject=subject), True
            body = {key: value for key, value in rule.items() if key not in {"alert", "record"}}
            body["expr"] = re.sub(r"\s+", " ", str(body.get("expr", ""))).strip()
            yield from flat(
                {**body, "interval": group.get("interval", ""), "group": group.get("name", "")},
                kind=kind,
                subject=subject,
            )


def route_facts(config: Mapping[str, Any]) -> Found:
    """Alertmanager's configuration: each route by its matchers, each receiver by its name."""
    yield from _routes(config.get("route", {}), above="all")
    for receiver in config.get("receivers", ()):
        subject = f"receiver {receiver.get('name')}"
        yield FactKey(kind=Kind.ROUTE, subject=subject), True
        yield from flat(receiver, kind=Kind.ROUTE, subject=subject)
    for rule in config.get("inhibit_rules", ()):
        subject = f"inhibition {json.dumps(rule, sort_keys=True)}"
        yield FactKey(kind=Kind.ROUTE, subject=subject), True
    others = {key: value for key, value in config.items() if key not in {"route", "receivers", "inhibit_rules"}}
    yield from flat(others, kind=Kind.ROUTE, subject="Alertmanager")


def _routes(route: Mapping[str, Any], *, above: str) -> Found:
    matchers = route.get("matchers") or route.get("match")
    subject = f"route {above}" + (f" / {json.dumps(matchers, sort_keys=True)}" if matchers else "")
    yield FactKey(kind=Kind.ROUTE, subject=subject), True
    own = {key: value for key, value in route.items() if key not in {"routes", "matchers", "match"}}
    yield from flat(own, kind=Kind.ROUTE, subject=subject)
    for below in route.get("routes", ()):
        yield from _routes(below, above=subject.removeprefix("route "))


def object_facts(manifest: Mapping[str, Any]) -> Found:
    """A Kubernetes object; policies and dashboards by what they mean."""
    kind, metadata = manifest.get("kind", ""), manifest.get("metadata", {})
    name = str(metadata.get("name", ""))
    if kind in POLICY_KINDS:
        yield from _policy(name, manifest.get("spec", {}))
        return
    pages = {key: text for key, text in (manifest.get("data") or {}).items() if key.endswith(".json")}
    if kind == "ConfigMap" and pages:
        for text in pages.values():
            yield from _dashboard(text)
        return
    subject = f"{kind}/{name}"
    yield FactKey(kind=Kind.OBJECT, subject=subject), True
    rest = {key: value for key, value in manifest.items() if key not in {"kind", "apiVersion"}}
    yield from flat(rest, kind=Kind.OBJECT, subject=subject)


def rendered_facts(manifests: Iterable[Mapping[str, Any]]) -> Found:
    """Objects as a chart renders them: by kind, name and field."""
    for manifest in manifests:
        metadata = manifest.get("metadata", {})
        names = (manifest.get("kind", ""), metadata.get("namespace"), metadata.get("name", ""))
        subject = "/".join(str(name) for name in names if name is not None)
        yield FactKey(kind=Kind.RENDERED, subject=subject), True
        rest = {key: value for key, value in manifest.items() if key != "kind"}
        yield from flat(rest, kind=Kind.RENDERED, subject=subject)


def _policy(name: str, spec: Mapping[str, Any]) -> Found:
    """Each way in or out is one fact: it is there or not."""
    yield FactKey(kind=Kind.POLICY, subject=name), True
    for direction in ("ingress", "egress"):
        for rule in spec.get(direction) or ():
            yield FactKey(kind=Kind.POLICY, subject=name, path=f"{direction} {json.dumps(rule, sort_keys=True)}"), True
    rest = {key: value for key, value in spec.items() if key not in {"ingress", "egress"}}
    yield from flat(rest, kind=Kind.POLICY, subject=name)


def _dashboard(text: str) -> Found:
    """Panels by their titles; positions and ids are not the meaning."""
    try:
        page = json.loads(text.replace("{{`{{`}}", "{{"))  # Helm's own escape of legends
    except ValueError:
        yield FactKey(kind=Kind.DASHBOARD, subject="a page that is no JSON"), text
        return
    title = page.get("title", page.get("uid", ""))
    yield FactKey(kind=Kind.DASHBOARD, subject=title), True
    for panel in page.get("panels", ()):
        if panel.get("type") == "row":
            continue
        subject = f"{title}: {panel.get('title', '')}"
        yield FactKey(kind=Kind.DASHBOARD, subject=subject), True
        meant = {key: value for key, value in panel.items() if key not in {"id", "gridPos", "title"}}
        yield from flat(meant, kind=Kind.DASHBOARD, subject=subject)
