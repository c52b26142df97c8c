"""A region's bill of a month: every line priced, and what cannot be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from monitoring.blueprint.capacity.needs import Load, load
from monitoring.blueprint.releases.release import Release
from monitoring.cost import blob, machines, network
from monitoring.cost.line import Line
from monitoring.cost.meters import Meter
from monitoring.cost.prices import Prices
from monitoring.fleet.model import Peer, Region

LEFT_OUT = (
    "answers to the global query and to people",
    "the cluster's control plane, its other nodes and its way out",
    "Key Vault, the private DNS zone, logs of deletes",
    "operations of disks that are not premium, IOPS and throughput of PremiumV2 beyond what is included",
    "discounts, reservations, taxes",
)
"""What no line is about: small, shared with others, or nobody's price."""


@dataclass(frozen=True, kw_only=True)
class Priced:
    """A line and what it costs; None where the price is unknown."""

    line: Line
    cost: float | None


@dataclass(frozen=True, kw_only=True)
class Bill:
    """A month of a region in the table's currency."""

    region: str
    currency: str
    lines: tuple[Priced, ...]

    @property
    def known(self) -> float:
        """The sum of the lines whose price is known."""
        return sum(one.cost for one in self.lines if one.cost is not None)

    @property
    def lacks(self) -> tuple[Priced, ...]:
        """Lines that the sum lacks."""
        return tuple(one for one in self.lines if one.cost is None)


MONTHS = 12
"""How far a bill looks ahead."""


def loads(region: Region) -> tuple[Load, Load]:
    """Today's load, and that of `MONTHS` later."""
    today = load(region)
    return today, today.after(MONTHS, growth=region.load.growth_per_month)


def lines(region: Region, at: Load, *, releases: tuple[Release, ...], peers: Sequence[Peer]) -> Iterator[Line]:
    """All that a region is billed for at a load."""
    yield from machines.nodes(region, releases)
    yield from machines.disks(region, at, releases)
    yield from machines.snapshots(region, at)
    yield from blob.stored(region, at)
    yield from blob.operations(region, at)
    yield from network.geo_replication(region, at)
    yield from network.endpoint(region, at)
    yield from network.balancers(region)
    yield from network.balancer_data(region, peers)
    yield from network.between_zones(region, at)
    yield from network.between_regions(region, peers)


def bill(region: str, of: Iterable[Line], *, prices: Prices) -> Bill:
    """The lines priced. Lines of one meter share its tiers: each begins where the one before has ended."""
    used: dict[Meter, float] = {}
    priced: list[Priced] = []
    for line in of:
        if line.meter is None:
            priced.append(Priced(line=line, cost=0.0))
            continue
        before = used.get(line.meter, 0.0)
        used[line.meter] = before + line.quantity
        until, since = prices.cost(line.meter, used[line.meter]), prices.cost(line.meter, before)
        cost = None if until is None or since is None else until - since
        priced.append(Priced(line=line, cost=cost))
    return Bill(region=region, currency=prices.currency, lines=tuple(priced))
