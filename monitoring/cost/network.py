"""Load balancers, the private endpoint, and what travels between zones and regions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from monitoring.blueprint.capacity.needs import GIB, Load
from monitoring.blueprint.network.load_balancers import load_balancers
from monitoring.blueprint.scraping import limits
from monitoring.blueprint.scraping.federation import INTERVAL
from monitoring.cost import meters
from monitoring.cost.blob import ESTIMATE, flow
from monitoring.cost.line import DAYS, HOURS, Line
from monitoring.fleet.model import Peer, Region
from monitoring.fleet.quantities import Duration

MONTH = HOURS * 3600

INCLUDED_RULES = 5
"""Of a Standard load balancer, in the price of its first hour (Microsoft, "Load Balancer pricing")."""

WIRE_BYTES_PER_SAMPLE = 33
"""Of remote write, packed; measured: 32.8 (Prometheus 3.14.0, its own 735 series with our target labels, for 90 s)."""
FEDERATED_BYTES_PER_SERIES = 14
"""Of a page of /federate, packed; measured: 13.5 (the same 735 series)."""


def page_bytes() -> float:
    """A month's pages of one replica's aggregates, for one that fetches them; as many series as a page may have."""
    most = int(str(limits.of_job()["sample_limit"]))
    return most * FEDERATED_BYTES_PER_SERIES * MONTH / Duration.parse(INTERVAL).seconds


def balancers(region: Region) -> Iterator[Line]:
    """AKS puts all internal Services on one balancer: its hour counts here in full, as if nobody else had one."""
    rules = len(load_balancers(region))
    yield Line(
        part="load balancer",
        detail=f"1, with {min(rules, INCLUDED_RULES)} rules",
        quantity=HOURS,
        meter=meters.balancer_rules(included=True),
        source="the region's file",
    )
    if rules > INCLUDED_RULES:
        yield Line(
            part="load balancer: more rules",
            detail=f"{rules - INCLUDED_RULES} rules",
            quantity=(rules - INCLUDED_RULES) * HOURS,
            meter=meters.balancer_rules(included=False),
            source="the region's file",
        )


def balancer_data(region: Region, peers: Sequence[Peer]) -> Iterator[Line]:
    """What the regions with the global view fetch through it."""
    if leaves := _leaves(region, peers):
        yield Line(
            part="load balancer: data",
            detail="federation, at most",
            quantity=leaves / GIB,
            meter=meters.balancer_data(),
            source=ESTIMATE,
        )


def endpoint(region: Region, load: Load) -> Iterator[Line]:
    """The account's private endpoint, and all that goes to Blob and comes from it."""
    found = flow(region, load)
    for what, part, quantity, detail in (
        ("Private Endpoint", "private endpoint", HOURS, "1"),
        ("Data Processed - Ingress", "private endpoint: uploads", found.uploaded * DAYS / GIB, "blocks"),
        ("Data Processed - Egress", "private endpoint: downloads", found.downloaded * DAYS / GIB, "compaction"),
    ):
        yield Line(
            part=part,
            detail=detail,
            quantity=quantity,
            meter=meters.private_endpoint(what),
            source=ESTIMATE if "Data" in what else "the region's file",
        )


def between_zones(region: Region, load: Load) -> Iterator[Line]:
    """A sample goes to a router and on to each ingestor that keeps it; of N zones, all but one in N crosses."""
    if not region.zones:
        return
    crossing = 1 - 1 / len(region.zones)
    hops = 1 + region.thanos.receive.replication_factor
    samples = load.rate * region.prometheus.replicas * MONTH
    yield Line(
        part="traffic between zones",
        detail=f"{samples / 1e9:.0f} G samples, {hops} hops",
        quantity=samples * hops * crossing * WIRE_BYTES_PER_SAMPLE / GIB,
        meter=None,  # Microsoft, May 2024: data between availability zones is not charged
        source=ESTIMATE,
    )


def between_regions(region: Region, peers: Sequence[Peer]) -> Iterator[Line]:
    """Aggregates, by peering: each end pays, for what leaves and for what enters."""
    enters = _enters(region, peers)
    for part, size in (("traffic to other regions", _leaves(region, peers)), ("traffic from other regions", enters)):
        if size:
            yield Line(
                part=part,
                detail="federation, at most",
                quantity=size / GIB,
                meter=meters.peering(),
                source=ESTIMATE,
            )


def geo_replication(region: Region, load: Load) -> Iterator[Line]:
    """What a geo-redundant account copies: all that is written."""
    if "G" in region.object_store.replication:
        yield Line(
            part="Blob: copies to the paired region",
            detail=region.object_store.replication,
            quantity=flow(region, load).uploaded * DAYS / GIB,
            meter=meters.geo_replication(region.location),
            source=ESTIMATE,
        )


def _leaves(region: Region, peers: Sequence[Peer]) -> float:
    """Each replica of this region is fetched by each replica of those with the global view, as many as here."""
    return sum(peer.global_view for peer in peers) * region.prometheus.replicas**2 * page_bytes()


def _enters(region: Region, peers: Sequence[Peer]) -> float:
    if not region.global_view:
        return 0.0
    return sum(len(peer.federation_addresses) for peer in peers) * region.prometheus.replicas * page_bytes()
