"""The page of flows: one line of each shape, as it must be read."""

from __future__ import annotations

import pytest

from monitoring.blueprint.network.page import page
from monitoring.fleet import Fleet

LINES = [
    # the picture: known and unknown callers, ours and others
    '  API_server(["API server"]) -.->|"https 10250"| prometheus_operator_webhook["prometheus-operator-webhook"]',
    '  prometheus["prometheus"] -->|"http-rem-write 19291"| thanos_receive_router["thanos-receive-router"]',
    '  nodes_of_trial_alpha(["nodes of trial-alpha"]) -->|"grpc 10901"| thanos_query["thanos-query"]',
    # known by a certificate, a token or a session; in all regions, in some
    "| prometheus | thanos-receive-router | http-rem-write 19291 | remote write | mTLS | all |",
    "| Gateway | oauth2-proxy | http 4180 | people and machines come in | session | all |",
    "| postgres-exporter | psql.trial.example | database 6432 | statistics | TLS, token | trial-alpha |",
    "| thanos-receive-ingestor, thanos-store-gateway, thanos-compact, thanos-drill | login.microsoftonline.com "
    "| https 443 | a token for Blob | TLS, token | all |",
    "| nodes of trial-alpha | thanos-query | grpc 10901 | the global view asks every region | mTLS "
    "| trial-beta, trial-gamma |",
    "| thanos-receive-ingestor | Blob, the region's account | https 443 | writes blocks | TLS, token | all |",
    # not known, and why that is no harm
    "| every component | CoreDNS | dns 53 UDP | names | no | all "
    "| DNS has none; who calls by TLS checks the name that it got |",
    "| every component | CoreDNS | dns-tcp 53 | names | no | all "
    "| DNS has none; who calls by TLS checks the name that it got |",
    "| prometheus | applications | any TCP | metrics, at a port of each team's choice | no | all "
    "| metrics tell no secret |",
    "| prometheus | alertmanager | http-web 9093 | alerts | yes | all "
    "| inside the namespace, where only rows of this table pass |",
    # what is no pod, by engine
    "| LocalDNS | entity host | 169.254.10.10/32, 169.254.10.11/32 |",
    "| API server | entity kube-apiserver | any public address, at this port |",
    "| API server, calling | entity kube-apiserver, and pods konnectivity-agent "
    "| pods konnectivity-agent in kube-system |",
    "| node-exporter | entities host, remote-node | the subnet of nodes (`network.node_subnet`) |",
    "| kubelet | entities host, remote-node | the subnet of nodes (`network.node_subnet`) |",
    "| psql.trial.example | the addresses that DNS answered with; without `cluster.host_name_policies` as beside "
    "| the subnet of private endpoints (`network.private_endpoint_subnet`) |",
    "- `alertmanager`: port mesh-udp 9094 is declared, no row opens it.",
    "- `redis-credentials` calls nobody and nobody calls it.",
]


@pytest.fixture(scope="module")
def lines(fleet: Fleet) -> list[str]:
    return page(fleet).splitlines()


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[:60])
def test_each_form_of_table_row_is_rendered_once(lines: list[str], line: str) -> None:
    assert lines.count(line) == 1


def test_the_picture_leaves_out_names_and_metrics(lines: list[str]) -> None:
    drawn = lines[lines.index("```mermaid") : lines.index("Dotted: the caller is not known. Round: not ours.")]
    assert "flowchart LR" in drawn
    assert not [line for line in drawn if any(word in line for word in ("CoreDNS", "kubelet", "node-exporter"))]
    edges = [line for line in drawn if line.startswith("  ")]
    assert len(edges) == len(set(edges)) > 30


def test_tables_have_a_column_for_each_heading(lines: list[str]) -> None:
    heads = [index for index, line in enumerate(lines) if line.startswith("|---")]
    assert [lines[index] for index in heads] == ["|" + "---|" * columns for columns in (6, 7, 3)]
    assert [lines[index - 1] for index in heads] == [
        "| from | to | port | for | known by | regions |",
        "| from | to | port | for | TLS | regions | reason |",
        "| side | cilium | calico, azure |",
    ]
    assert [line for line in lines if line.startswith("| ") and line.count(" | ") not in {2, 5, 6}] == []
