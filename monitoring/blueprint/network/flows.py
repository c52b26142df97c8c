"""All network flows: the one table behind the network policies and docs/reference/flows.md.

A row opens one named port of a component, or of what is outside, to one caller; whatever has no row is closed. To add
one: docs/network-policies.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network

from monitoring.blueprint.access.paths import PORTS
from monitoring.blueprint.components.model import Component, Port
from monitoring.blueprint.components.of_region import components_of
from monitoring.blueprint.components.workloads import (
    ALERTMANAGER,
    CACHE,
    COMPACTOR,
    COMPONENTS,
    CRD_UPGRADE,
    DRILL,
    GLOBAL_QUERY,
    GLOBAL_QUERY_FRONTEND,
    GRAFANA,
    JOBS,
    KUBE_STATE_METRICS,
    NODE_EXPORTER,
    OPERATOR,
    OPERATOR_WEBHOOK,
    POSTGRES_EXPORTER,
    PROMETHEUS,
    QUERY,
    QUERY_FRONTEND,
    RECEIVE_INGESTOR,
    RECEIVE_ROUTER,
    REDIS_CREDENTIALS,
    REDIS_EXPORTER,
    SIGN_IN,
    STORE_GATEWAY,
)
from monitoring.blueprint.network.flow import ANY, ApiServer, Auth, Cidr, ClusterPods, Flow, HostName, Nodes
from monitoring.fleet.model import Peer, Region

FILE = "monitoring/blueprint/network/flows.py"

PARTICIPANTS = (*COMPONENTS, *JOBS)
"""All that a row may name of ours; `participants` are those that a region has."""

SILENT: tuple[Component, ...] = (REDIS_CREDENTIALS,)
"""Components that call nobody and that nobody calls, but for DNS."""

METRICS = "metrics tell no secret"
INSIDE = "inside the namespace, where only rows of this table pass"
SIGNED_IN = "who comes this way has signed in at oauth2-proxy"

DNS = (Port(name="dns", number=53, protocol="UDP"), Port(name="dns-tcp", number=53))
CLUSTER_DNS = ClusterPods(
    name="CoreDNS",
    namespace="kube-system",
    labels={"k8s-app": "kube-dns"},
    ports=(*DNS, Port(name="metrics", number=9153)),
)
LOCAL_DNS = Nodes(
    name="LocalDNS",
    networks=(IPv4Network("169.254.10.10/32"), IPv4Network("169.254.10.11/32")),
    own=True,
    ports=DNS,
)
"""AKS' cache on each node, which AKS prefers from Kubernetes 1.37. It is asked in place of CoreDNS where it is on, so
both are open everywhere; with host names in policies a cluster that has it is refused (`constructs/cluster.py`)."""

TUNNEL = ClusterPods(name="konnectivity-agent", namespace="kube-system", labels={"app": "konnectivity-agent"})
"""Out of these pods come the API server's calls to webhooks."""

APPLICATIONS = ClusterPods(name="applications", namespace=None, ports=(ANY,))

ENTRA = HostName(name="login.microsoftonline.com")
AZURE = HostName(name="management.azure.com")

SCRAPED_BY_TLS = (
    (PROMETHEUS, "http-web"),
    (PROMETHEUS, "reloader-web"),
    (ALERTMANAGER, "http-web"),
    (ALERTMANAGER, "reloader-web"),
    (OPERATOR, "https"),
)
SCRAPED = (
    (KUBE_STATE_METRICS, "http"),
    (GRAFANA, "grafana"),
    (QUERY, "http"),
    (QUERY_FRONTEND, "http"),
    (RECEIVE_ROUTER, "http"),
    (RECEIVE_INGESTOR, "http"),
    (STORE_GATEWAY, "http"),
    (COMPACTOR, "http"),
    (DRILL, "http"),
    (GLOBAL_QUERY, "http"),
    (GLOBAL_QUERY_FRONTEND, "http"),
    (SIGN_IN, "metrics"),
    (POSTGRES_EXPORTER, "http"),
    (REDIS_EXPORTER, "exporter-port"),
)
"""Ports of ours with metrics, with TLS and without."""


def participants(region: Region) -> tuple[Component, ...]:
    """Our workloads in a region, jobs too."""
    return (*components_of(region), *JOBS)


def flows(region: Region, peers: Sequence[Peer]) -> tuple[Flow, ...]:
    """Every row of a region, unchecked: `flow_problems` tells what is wrong with them."""
    absent = {component.name for component in PARTICIPANTS} - {component.name for component in participants(region)}
    return tuple(row for row in _rows(region, peers) if absent.isdisjoint({row.source.name, row.target.name}))


def _rows(region: Region, peers: Sequence[Peer]) -> Iterator[Flow]:
    """As if the region had every component."""
    yield from (
        *_names(),
        *_kubernetes(region),
        *_scrapes(region),
        *_databases(region),
        *_samples(region),
        *_alerts(region),
        *_people(region),
        *_regions(peers),
        *_federation(region, peers),
    )


def _names() -> Iterator[Flow]:
    reason = "DNS has none; who calls by TLS checks the name that it got"
    for component in PARTICIPANTS:
        if component.host_network:
            continue  # it asks as its node
        for server in (CLUSTER_DNS, LOCAL_DNS):
            for port in DNS:
                yield Flow(component, server, port=port.name, why="names", auth=Auth.NONE, reason=reason)


def _kubernetes(region: Region) -> Iterator[Flow]:
    server = ApiServer(network=region.network.api_server_subnet, agents=TUNNEL)
    callers = {
        PROMETHEUS: "discovery; its metrics",
        OPERATOR: "makes what the custom resources ask for",
        KUBE_STATE_METRICS: "the state of objects",
        GRAFANA: "the sidecar reads dashboards",
        CRD_UPGRADE: "upgrades the custom resource definitions",
    }
    for component, why in callers.items():
        yield Flow(component, server, port="https", why=why, auth=Auth.TLS_TOKEN)
    yield Flow(
        server,
        OPERATOR_WEBHOOK,
        port="https",
        why="asks whether a rule is right",
        auth=Auth.TLS,
        reason="it answers whether a rule is valid, and changes nothing",
    )


def _scrapes(region: Region) -> Iterator[Flow]:
    for component, port in SCRAPED:
        yield Flow(PROMETHEUS, component, port=port, why="metrics", auth=Auth.NONE, reason=METRICS)
    for component, port in SCRAPED_BY_TLS:
        yield Flow(PROMETHEUS, component, port=port, why="metrics", auth=Auth.TLS, reason=METRICS)
    node_ports = f"{METRICS}; a host's port is open to all who reach the node"
    yield Flow(PROMETHEUS, NODE_EXPORTER, port="http-metrics", why="metrics", auth=Auth.NONE, reason=node_ports)
    kubelets = Nodes(
        name="kubelet", networks=(region.network.node_subnet,), ports=(Port(name="https-metrics", number=10250),)
    )
    yield Flow(PROMETHEUS, kubelets, port="https-metrics", why="metrics of nodes and pods", auth=Auth.TLS_TOKEN)
    yield Flow(PROMETHEUS, CLUSTER_DNS, port="metrics", why="metrics", auth=Auth.NONE, reason=METRICS)
    yield Flow(
        PROMETHEUS,
        APPLICATIONS,
        port="any",
        why="metrics, at a port of each team's choice",
        auth=Auth.NONE,
        reason=METRICS,
    )
    if region.network.virtual_machine_subnets:
        machines = Cidr(
            name="virtual machines",
            networks=region.network.virtual_machine_subnets,
            ports=(Port(name="node-exporter", number=region.azure_vms.port),),
        )
        yield Flow(PROMETHEUS, machines, port="node-exporter", why="metrics", auth=Auth.NONE, reason=METRICS)
    yield Flow(PROMETHEUS, ENTRA, port="https", why="a token for Azure", auth=Auth.TLS_TOKEN)
    yield Flow(PROMETHEUS, AZURE, port="https", why="discovery of virtual machines", auth=Auth.TLS_TOKEN)


def _databases(region: Region) -> Iterator[Flow]:
    """Managed databases answer at private endpoints."""
    if region.databases is None:
        return
    asked = ((POSTGRES_EXPORTER, region.databases.postgresql), (REDIS_EXPORTER, region.databases.redis))
    for exporter, database in asked:
        if database is not None:
            server = HostName(
                name=database.host,
                network=region.network.private_endpoint_subnet,
                ports=(Port(name="database", number=database.port),),
            )
            yield Flow(exporter, server, port="database", why="statistics", auth=Auth.TLS_TOKEN)


def _samples(region: Region) -> Iterator[Flow]:
    yield Flow(PROMETHEUS, RECEIVE_ROUTER, port="http-rem-write", why="remote write", auth=Auth.MTLS)
    yield Flow(
        RECEIVE_ROUTER, RECEIVE_INGESTOR, port="grpc", why="each sample, three times", auth=Auth.NONE, reason=INSIDE
    )
    yield Flow(QUERY, RECEIVE_INGESTOR, port="grpc", why="recent samples", auth=Auth.NONE, reason=INSIDE)
    yield Flow(QUERY, STORE_GATEWAY, port="grpc", why="samples in Blob", auth=Auth.NONE, reason=INSIDE)
    for component, why in ((STORE_GATEWAY, "index and chunks"), (QUERY_FRONTEND, "answers")):
        yield Flow(component, CACHE, port="memcached", why=f"cached {why}", auth=Auth.NONE, reason=INSIDE)
    yield Flow(QUERY_FRONTEND, QUERY, port="http", why="queries, split by day", auth=Auth.NONE, reason=INSIDE)
    blob = HostName(
        name=f"{region.object_store.account}.blob.core.windows.net",
        title="Blob, the region's account",
        network=region.network.private_endpoint_subnet,
    )
    for component, why in (
        (RECEIVE_INGESTOR, "writes blocks"),
        (STORE_GATEWAY, "reads blocks"),
        (COMPACTOR, "rewrites blocks"),
        (DRILL, "reads all blocks once a day"),
    ):
        yield Flow(component, blob, port="https", why=why, auth=Auth.TLS_TOKEN)
        yield Flow(component, ENTRA, port="https", why="a token for Blob", auth=Auth.TLS_TOKEN)


def _alerts(region: Region) -> Iterator[Flow]:
    yield Flow(PROMETHEUS, ALERTMANAGER, port="http-web", why="alerts", auth=Auth.TLS, reason=INSIDE)
    # with certificates, gossip goes by TCP alone
    yield Flow(ALERTMANAGER, ALERTMANAGER, port="mesh-tcp", why="silences, what was sent", auth=Auth.MTLS)
    for host in region.alerting.hosts():
        yield Flow(ALERTMANAGER, HostName(name=host), port="https", why="notifications", auth=Auth.TLS_TOKEN)


def _people(region: Region) -> Iterator[Flow]:
    gateway = ClusterPods(
        name="Gateway",
        namespace=region.access.gateway.namespace,
        labels={"gateway.networking.k8s.io/gateway-name": region.access.gateway.name},
    )
    yield Flow(gateway, SIGN_IN, port="http", why="people and machines come in", auth=Auth.SESSION)
    yield Flow(SIGN_IN, ENTRA, port="https", why="signs people in", auth=Auth.TLS_TOKEN)
    for component, port in PORTS.items():
        auth = Auth.TLS if component.port(port).tls else Auth.NONE
        yield Flow(SIGN_IN, component, port=port, why="pages and queries", auth=auth, reason=SIGNED_IN)
    for front in (QUERY_FRONTEND, GLOBAL_QUERY_FRONTEND):
        yield Flow(GRAFANA, front, port="http", why="dashboards", auth=Auth.NONE, reason=INSIDE)
    yield Flow(
        GRAFANA, PROMETHEUS, port="http-web", why="dashboards while Thanos is down", auth=Auth.TLS, reason=INSIDE
    )
    yield Flow(GRAFANA, ALERTMANAGER, port="http-web", why="alerts and silences", auth=Auth.TLS, reason=INSIDE)


def _regions(peers: Sequence[Peer]) -> Iterator[Flow]:
    """The global view, at both ends. It asks each region's Query, and no other global view.

    A pod's call to another region leaves as its node's, and the load balancer keeps that address.
    """
    asks = "the global view asks every region"
    for peer in peers:
        if peer.global_view:
            nodes = Cidr(name=f"nodes of {peer.name}", networks=(peer.node_subnet,))
            yield Flow(nodes, QUERY, port="grpc", why=asks, auth=Auth.MTLS)
    yield Flow(GLOBAL_QUERY_FRONTEND, GLOBAL_QUERY, port="http", why="queries, split", auth=Auth.NONE, reason=INSIDE)
    yield Flow(GLOBAL_QUERY, QUERY, port="grpc", why=asks, auth=Auth.MTLS)
    for peer in peers:
        balancer = Cidr(
            name=f"Query of {peer.name}",
            networks=(IPv4Network(peer.query_address),),
            ports=(QUERY.port("grpc"),),
        )
        yield Flow(GLOBAL_QUERY, balancer, port="grpc", why=asks, auth=Auth.MTLS)


def _federation(region: Region, peers: Sequence[Peer]) -> Iterator[Flow]:
    """Both ends, again by nodes and load balancers."""
    why = "federation: aggregates of the rules"
    for peer in peers:
        if peer.global_view:
            nodes = Cidr(name=f"nodes of {peer.name}", networks=(peer.node_subnet,))
            yield Flow(nodes, PROMETHEUS, port="federate", why=why, auth=Auth.MTLS)
        if region.global_view:
            balancers = Cidr(
                name=f"Prometheus of {peer.name}",
                networks=tuple(IPv4Network(address) for address in peer.federation_addresses),
                ports=(PROMETHEUS.port("federate"),),
            )
            yield Flow(PROMETHEUS, balancers, port="federate", why=why, auth=Auth.MTLS)
