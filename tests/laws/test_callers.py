"""Who may call whom, said once more by hand: a row that is widened, moved or weakened in flows.py fails here.

The law of reachability (test_reachability.py) takes the rows for granted and holds the policies against them; this
table holds the rows. Names (DNS) are left out: everybody asks for them.
"""

from __future__ import annotations

from collections import defaultdict

import pytest

from monitoring.blueprint.network.flow import ApiServer, Auth, Cidr, ClusterPods, Flow, HostName, Nodes, Side
from monitoring.blueprint.network.flows import flows
from monitoring.blueprint.network.selectors import Block, called
from monitoring.fleet import Fleet

Callers = dict[str, str]
"""By `target:port`: the callers, each with a sign where it is known: `*` mTLS, `+` TLS with a token, `^` TLS of the
called side alone, `@` a session, and nothing where it is not."""

SIGNS = {Auth.MTLS: "*", Auth.TLS_TOKEN: "+", Auth.TLS: "^", Auth.SESSION: "@", Auth.NONE: ""}

EVERYWHERE: Callers = {
    "API server:https": "crds-upgrade+ grafana+ kube-state-metrics+ prometheus+ prometheus-operator+",
    "CoreDNS:metrics": "prometheus",
    "alertmanager:http-web": "grafana^ oauth2-proxy^ prometheus^ prometheus^",
    "alertmanager:mesh-tcp": "alertmanager*",
    "alertmanager:reloader-web": "prometheus^",
    "applications:any": "prometheus",
    "chat.trial.example:https": "alertmanager+",
    "desk.trial.example:https": "alertmanager+",
    "grafana:grafana": "oauth2-proxy prometheus",
    "kube-state-metrics:http": "prometheus",
    "kubelet:https-metrics": "prometheus+",
    "login.microsoftonline.com:https": (
        "oauth2-proxy+ prometheus+ thanos-compact+ thanos-drill+ thanos-receive-ingestor+ thanos-store-gateway+"
    ),
    "management.azure.com:https": "prometheus+",
    "node-exporter:http-metrics": "prometheus",
    "oauth2-proxy:http": "Gateway@",
    "oauth2-proxy:metrics": "prometheus",
    "pages.trial.example:https": "alertmanager+",
    "prometheus-operator-webhook:https": "API-server^",
    "prometheus-operator:https": "prometheus^",
    "prometheus:http-web": "grafana^ oauth2-proxy^ prometheus^",
    "prometheus:reloader-web": "prometheus^",
    "switch.trial.example:https": "alertmanager+",
    "thanos-compact:http": "prometheus",
    "thanos-drill:http": "prometheus",
    "thanos-query-frontend:http": "grafana oauth2-proxy prometheus",
    "thanos-query:http": "prometheus thanos-query-frontend",
    "thanos-receive-ingestor:grpc": "thanos-query thanos-receive-router",
    "thanos-receive-ingestor:http": "prometheus",
    "thanos-receive-router:http": "prometheus",
    "thanos-receive-router:http-rem-write": "prometheus*",
    "thanos-store-gateway:grpc": "thanos-query",
    "thanos-store-gateway:http": "prometheus",
    "virtual machines:node-exporter": "prometheus",
}
BLOB = "thanos-compact+ thanos-drill+ thanos-receive-ingestor+ thanos-store-gateway+"
ASKED: Callers = {"prometheus:federate": "nodes-of-trial-alpha*", "thanos-query:grpc": "nodes-of-trial-alpha*"}
"""Of a region that alpha's global view asks."""

CALLERS: dict[str, Callers] = {
    "trial-alpha": EVERYWHERE
    | {
        "sttrialalpha.blob.core.windows.net:https": BLOB,
        "Prometheus of trial-beta:federate": "prometheus*",
        "Prometheus of trial-gamma:federate": "prometheus*",
        "Query of trial-beta:grpc": "thanos-global-query*",
        "Query of trial-gamma:grpc": "thanos-global-query*",
        "thanos-query:grpc": "thanos-global-query*",
        "thanos-cache:memcached": "thanos-query-frontend thanos-store-gateway",
        "thanos-global-query:http": "prometheus thanos-global-query-frontend",
        "thanos-global-query-frontend:http": "grafana oauth2-proxy prometheus",
        "postgres-exporter:http": "prometheus",
        "redis-exporter:exporter-port": "prometheus",
        "psql.trial.example:database": "postgres-exporter+",
        "redis.trial.example:database": "redis-exporter+",
    },
    "trial-beta": EVERYWHERE | ASKED | {"sttrialbeta.blob.core.windows.net:https": BLOB},
    "trial-gamma": EVERYWHERE | ASKED | {"sttrialgamma.blob.core.windows.net:https": BLOB},
}


def rows(fleet: Fleet, name: str) -> tuple[Flow, ...]:
    region = fleet.region(name)
    return flows(region, fleet.peers_of(region))


@pytest.mark.parametrize("name", CALLERS)
def test_only_listed_callers_are_allowed(fleet: Fleet, name: str) -> None:
    found = defaultdict(list)
    for row in rows(fleet, name):
        if row.why != "names":
            caller = row.source.name.removeprefix("kube-prometheus-stack-").replace(" ", "-")
            found[f"{row.target.name}:{row.port}"].append(caller + SIGNS[row.auth])
    assert {target: " ".join(sorted(callers)) for target, callers in found.items()} == CALLERS[name]


def test_unauthenticated_flows_have_a_reason_and_others_none(fleet: Fleet) -> None:
    for name in CALLERS:
        for row in rows(fleet, name):
            assert bool(row.reason) == (SIGNS[row.auth] in {"", "^"}), str(row)


def where(side: Side) -> str:
    """Addresses or names, and ports, of what is no component of ours."""
    ports = ",".join(f"{port.number}/{port.protocol}" for port in side.ports)
    match side:
        case ApiServer():
            return f"{side.network} {ports} through {side.agents.namespace}/{dict(side.agents.labels)}"
        case Nodes():
            return f"{'own ' if side.own else ''}{' '.join(map(str, side.networks))} {ports}"
        case Cidr():
            return f"{' '.join(map(str, side.networks))} {ports}"
        case HostName():
            return f"{side.network} {ports}"
        case ClusterPods():
            return f"{side.namespace}/{dict(side.labels)} {ports}"
        case _:
            return ""


OUTSIDE = {
    "API server": "None 443/TCP through kube-system/{'app': 'konnectivity-agent'}",
    "CoreDNS": "kube-system/{'k8s-app': 'kube-dns'} 53/UDP,53/TCP,9153/TCP",
    "Gateway": "edge/{'gateway.networking.k8s.io/gateway-name': 'front'} ",
    "LocalDNS": "own 169.254.10.10/32 169.254.10.11/32 53/UDP,53/TCP",
    "Prometheus of trial-beta": "10.2.8.5/32 10.2.8.6/32 9443/TCP",
    "Prometheus of trial-gamma": "10.3.8.5/32 10.3.8.6/32 9443/TCP",
    "Query of trial-beta": "10.2.8.4/32 10901/TCP",
    "Query of trial-gamma": "10.3.8.4/32 10901/TCP",
    "applications": "None/{} 0/TCP",
    "chat.trial.example": "None 443/TCP",
    "desk.trial.example": "None 443/TCP",
    "kubelet": "10.1.0.0/22 10250/TCP",
    "login.microsoftonline.com": "None 443/TCP",
    "management.azure.com": "None 443/TCP",
    "pages.trial.example": "None 443/TCP",
    "psql.trial.example": "10.1.9.0/28 6432/TCP",
    "redis.trial.example": "10.1.9.0/28 10000/TCP",
    "sttrialalpha.blob.core.windows.net": "10.1.9.0/28 443/TCP",
    "switch.trial.example": "None 443/TCP",
    "virtual machines": "10.1.12.0/24 9200/TCP",
}


def test_external_addresses_come_from_the_regions_file(fleet: Fleet) -> None:
    sides = {side.name: where(side) for row in rows(fleet, "trial-alpha") for side in (row.source, row.target)}
    assert {name: text for name, text in sides.items() if text} == OUTSIDE


def test_global_view_callers_are_the_regions_node_addresses(fleet: Fleet) -> None:
    sides = {row.source.name: where(row.source) for row in rows(fleet, "trial-beta") if isinstance(row.source, Cidr)}
    assert sides == {"nodes of trial-alpha": "10.1.0.0/22 "}


@pytest.mark.parametrize(
    ("name", "servers"),
    [
        ("trial-alpha", {"CoreDNS", "LocalDNS"}),
        ("trial-beta", {"CoreDNS", "LocalDNS"}),
        ("trial-gamma", {"CoreDNS", "LocalDNS"}),
    ],
)
def test_dns_is_allowed_over_udp_and_tcp(fleet: Fleet, name: str, servers: set[str]) -> None:
    asked = {(row.source.name, row.target.name, row.port) for row in rows(fleet, name) if row.why == "names"}
    assert {(target, port) for _, target, port in asked} == {
        (server, port) for server in servers for port in ("dns", "dns-tcp")
    }
    callers = {source for source, *_ in asked}
    assert len(asked) == len(callers) * len(servers) * 2
    assert {"prometheus", "oauth2-proxy", "grafana", "alertmanager", "thanos-compact"} < callers
    assert "node-exporter" not in callers


def test_public_range_excludes_private_and_azure_addresses(fleet: Fleet) -> None:
    region = fleet.region("trial-alpha")
    (public,) = called(HostName(name="a.example"), region)
    assert isinstance(public, Block)
    assert str(public.network) == "0.0.0.0/0"
    assert [str(network) for network in public.but] == [
        "10.0.0.0/8",
        "100.64.0.0/10",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
    ]
