"""A value that no template reads is refused, with the key that was meant."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.blueprint.values.closed_schema import IGNORED, check, faults, schema
from monitoring.blueprint.values.layers import nested

SCHEMA: dict[str, Any] = {
    "type": ["object", "null"],
    "additionalProperties": False,
    "x-hints": {"server.flags": "server.extraArgs"},
    "properties": {
        "replicaCount": {"type": ["integer", "null"]},
        "image": {
            "type": ["object", "null"],
            "additionalProperties": False,
            "properties": {"tag": {"type": ["string", "null"]}, "pullPolicy": {IGNORED: "no template reads it"}},
        },
        "server": {
            "type": ["object", "null"],
            "additionalProperties": False,
            "properties": {
                "resources": {"type": ["object", "null"]},
                "affinity": {},
                "extraArgs": {"type": ["array", "null"]},
                "routes": {
                    "type": ["array", "null"],
                    "items": {"type": ["object", "null"], "additionalProperties": False, "properties": {"path": {}}},
                },
                "named": {"additionalProperties": {"additionalProperties": False, "properties": {"path": {}}}},
            },
        },
    },
}

TYPOS = [
    (
        "kube-prometheus-stack",
        "prometheus.topologySpreadConstraints",
        "prometheus.prometheusSpec.topologySpreadConstraints",
    ),
    ("kube-prometheus-stack", "prometheus.affinity", "prometheus.prometheusSpec.affinity"),
    ("kube-prometheus-stack", "prometheus.extraArgs", "prometheus.prometheusSpec.additionalArgs"),
    ("kube-prometheus-stack", "prometheus.prometheusSpec.retentionsize", "prometheus.prometheusSpec.retentionSize"),
    ("kube-prometheus-stack", "alertmanager.replicas", "alertmanager.alertmanagerSpec.replicas"),
    ("kube-prometheus-stack", "grafana.persistance.enabled", "grafana.persistence"),
    ("thanos", "receive.replicas", "receive.ingestor.replicas"),
    ("oauth2-proxy", "config.existingsecret", "config.existingSecret"),
]
IN_VAIN = [
    ("kube-prometheus-stack", "prometheusOperator.service.additionalPorts"),
    ("kube-prometheus-stack", "prometheusOperator.serviceMonitor.scrapeTimeout"),
    ("thanos", "rule.configReloader.image.pullPolicy"),
    ("oauth2-proxy", "initContainers.waitForRedis.kubectlVersion"),
]


def _messages(values: Any) -> list[str]:
    return [f"{'.'.join(map(str, path))} {message}" for path, message in check(SCHEMA, values)]


@pytest.mark.parametrize(("chart", "path", "meant"), TYPOS)
def test_the_commonest_mistakes_are_refused_with_the_right_hint(chart: str, path: str, meant: str) -> None:
    ((_, message),) = faults(chart, nested({path: 1}))
    assert message == f"is no value of the chart, did you mean {meant}?"


@pytest.mark.parametrize(("chart", "path"), IN_VAIN)
def test_a_value_that_the_chart_ignores_is_refused_with_the_reason(chart: str, path: str) -> None:
    ((_, message),) = faults(chart, nested({path: 1}))
    assert message.startswith("must not be set: no template reads it")


def test_known_values_pass() -> None:
    good = {"replicaCount": 2, "image": None, "server": {"resources": {"any": 1}, "routes": [{"path": "/"}]}}
    assert _messages(good) == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"replicaCount": "two"}, "replicaCount must be a whole number, got 'two'"),
        ({"replicaCount": True}, "replicaCount must be a whole number, got true"),
        ({"image": "nginx"}, "image must be a mapping, got 'nginx'"),
        ({"server": {"extraArgs": {"a": 1}}}, "server.extraArgs must be a list, got {a: 1}"),
        ({"image": {"tag": 1.5}}, "image.tag must be a string, got 1.5"),
    ],
)
def test_a_wrong_type_is_told_with_the_right_one(values: dict[str, Any], message: str) -> None:
    assert _messages(values) == [message]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"replicacount": 2}, "replicacount is no value of the chart, did you mean replicaCount?"),
        ({"server": {"flags": []}}, "server.flags is no value of the chart, did you mean server.extraArgs?"),
        ({"server": {"image": {}}}, "server.image is no value of the chart"),
        ({"zzz": 1}, "zzz is no value of the chart"),
        (
            {"server": {"routes": [{"path": "/"}, {"pth": "/"}]}},
            "server.routes.1.pth is no value of the chart, did you mean server.routes[1].path?",
        ),
        (
            {"server": {"named": {"free": {"pathh": 1}}}},
            "server.named.free.pathh is no value of the chart, did you mean server.named.free.path?",
        ),
    ],
)
def test_an_unknown_key_is_told_with_the_nearest(values: dict[str, Any], message: str) -> None:
    assert _messages(values) == [message]


def test_everything_wrong_is_told_at_once() -> None:
    assert len(_messages({"replicaCount": "two", "imag": {}, "server": {"extraArgs": 1}})) == 3


@given(st.text(st.characters(codec="ascii", categories=["L"]), min_size=1))
def test_no_other_key_passes_a_closed_mapping(key: str) -> None:
    known = SCHEMA["properties"]
    assert bool(_messages({key: None})) == (key not in known)


@pytest.mark.parametrize("chart", ["kube-prometheus-stack", "thanos", "oauth2-proxy"])
def test_the_committed_schemas_are_closed(chart: str) -> None:
    assert schema(chart)["additionalProperties"] is False
    assert list(faults(chart, {"noSuchKeyAnywhere": 1}))
