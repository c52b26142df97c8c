"""What a change of sizes costs a month: disks and nodes of both sides as facts, priced by this tree's table.

Blob, traffic and what a load does to them are `monitoring cost`'s: no change says how much is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from monitoring.cost import meters
from monitoring.cost.line import HOURS
from monitoring.cost.machines import billed_disk
from monitoring.cost.meters import Meter
from monitoring.cost.prices import Prices
from monitoring.effective.facts import FactKey, Facts, Kind, Value
from monitoring.fleet.quantities import Size
from monitoring.review.changes import Change

CLAIM, DISK = "kubernetes_persistent_volume_claim_v1 ", "azurerm_managed_disk "
POOL, CLASS = "azurerm_kubernetes_cluster_node_pool ", "kubernetes_storage_class_v1 "

_VOLUMES = (
    (".persistence.size", ".persistence.storageClass"),
    (
        ".storage.volumeClaimTemplate.spec.resources.requests.storage",
        ".storage.volumeClaimTemplate.spec.storageClassName",
    ),
)
"""Below a workload in a chart's values: where a volume's size stands, and its class. Prometheus' volumes are claims."""

Side = Mapping[str, Facts]
"""Facts by stack."""


@dataclass(frozen=True, kw_only=True)
class Billed:
    """A disk, equal ones, or a node pool: so many a month of what a meter counts; None where its size is no size.

    `places` are the facts that say it.
    """

    what: str
    meter: Meter | None
    quantity: float
    places: frozenset[FactKey] = field(compare=False)


@dataclass(frozen=True, kw_only=True)
class Money:
    """More or less a month by stack; None where a price is unknown. `what` says from what to what."""

    what: str
    currency: str
    by_stack: Mapping[str, float | None] = field(hash=False)

    def __str__(self) -> str:
        known = [amount for amount in self.by_stack.values() if amount is not None]
        unknown = [stack for stack, amount in self.by_stack.items() if amount is None]
        said = [f"{sum(known):+,.2f} {self.currency} a month"] if known else []
        said += [f"price unknown in {', '.join(unknown)}"] if unknown else []
        return ": ".join(filter(None, (self.what, ", ".join(said))))


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Of each change that is about something billed, what it costs; and of all together, each thing once."""

    of: Mapping[Change, Money] = field(default_factory=dict)
    total: Money | None = None


def difference(changes: Iterable[Change], *, before: Side, after: Side, prices: Prices) -> Difference:
    """What the disks and nodes behind the changes cost more or less."""
    old, new = ({stack: dict(billed(facts)) for stack, facts in side.items()} for side in (before, after))
    found: dict[Change, Money] = {}
    total: dict[str, dict[str, float | None]] = {}
    for change in changes:
        by_stack: dict[str, float | None] = {}
        said: list[str] = []
        for stack in () if change.held_back else change.stacks:
            one, other = old.get(stack, {}), new.get(stack, {})
            moved = {name: _amount(one.get(name), other.get(name), prices) for name in _moved(change, one, other)}
            if moved:
                by_stack[stack] = _sum(moved.values())
                said += [_said(one.get(name), other.get(name)) for name in moved]
                total.setdefault(stack, {}).update(moved)
        if by_stack:
            what = "; ".join(dict.fromkeys(said)) if len(set(said)) <= MOST_SAID else f"{len(said)} disks and pools"
            found[change] = Money(what=what, currency=prices.currency, by_stack=by_stack)
    sums = {stack: _sum(amounts.values()) for stack, amounts in sorted(total.items())}
    return Difference(of=found, total=Money(what="", currency=prices.currency, by_stack=sums) if sums else None)


MOST_SAID = 3
"""Things that a change is told with; of a whole stack, how many there are."""


def billed(facts: Facts) -> Iterator[tuple[str, Billed]]:
    """Every disk and node pool of a stack, by a name that it keeps; none where the stack has no region."""
    locations = [value for place, value in facts.items() if _is(place, "azurerm_resource_group ", "location")]
    if locations:
        location = str(locations[0])
        yield from _claims(facts, location)
        yield from _volumes(facts, location)
        yield from _pools(facts, location)


def _claims(facts: Facts, location: str) -> Iterator[tuple[str, Billed]]:
    """Prometheus' disks, which are all of one type; their size is the claim's. Ingestors' are their chart's volumes."""
    types = {place: value for place, value in facts.items() if _is(place, DISK, "storage_account_type")}
    for place, size in facts.items():
        of_a_disk = FactKey(kind=place.kind, subject=place.subject, path="spec.volume_name") in facts
        if types and of_a_disk and _is(place, CLAIM, "spec.resources.requests.storage"):
            places = frozenset({place, *types})
            yield place.subject, _disks(size, str(next(iter(types.values()))), 1, location, places=places)


def _volumes(facts: Facts, location: str) -> Iterator[tuple[str, Billed]]:
    """Volumes of the charts' workloads, of a class that provisions disks."""
    skus = {
        facts.get(FactKey(kind=place.kind, subject=place.subject, path="metadata.name")): value
        for place, value in facts.items()
        if _is(place, CLASS, "parameters.skuName")
    }
    for place, size in facts.items():
        for end, of_class in _VOLUMES:
            if place.kind is not Kind.VALUE or not place.path.endswith(end):
                continue
            workload = place.path.removesuffix(end)
            replicas = FactKey(kind=Kind.VALUE, subject=place.subject, path=f"{workload}.replicas")
            sku = skus.get(facts.get(FactKey(kind=Kind.VALUE, subject=place.subject, path=workload + of_class)))
            if sku is not None:
                places = frozenset({place, replicas})
                count = _whole(facts.get(replicas), otherwise=1)
                yield f"{place.subject} {workload}", _disks(size, str(sku), count, location, places=places)


def _disks(size: Value, disk_type: str, count: int, location: str, *, places: frozenset[FactKey]) -> Billed:
    try:
        disk = billed_disk(disk_type, Size.of_kubernetes(size).bytes, location)
    except ValueError:
        return Billed(what=f"{count} x {disk_type} of {size}", meter=None, quantity=count, places=places)
    what = f"{count} x {disk.tier or f'{disk.gib} GiB {disk_type}'}"
    return Billed(what=what, meter=disk.meter, quantity=count * disk.quantity, places=places)


def _pools(facts: Facts, location: str) -> Iterator[tuple[str, Billed]]:
    """At the least number of nodes."""
    for place, size in facts.items():
        if _is(place, POOL, "vm_size"):
            least = FactKey(kind=place.kind, subject=place.subject, path="min_count")
            count = _whole(facts.get(least), otherwise=0)
            places = frozenset({place, least})
            try:
                meter = meters.virtual_machine(str(size), location)
            except ValueError:
                meter = None
            yield place.subject, Billed(what=f"{count} x {size}", meter=meter, quantity=count * HOURS, places=places)


def _whole(value: object, *, otherwise: int) -> int:
    """A count; `otherwise` where nothing that is one is said."""
    return value if isinstance(value, int) else otherwise


def _is(place: FactKey, of: str, path: str) -> bool:
    return place.kind is Kind.RESOURCE and place.path == path and place.subject.startswith(of)


def _moved(change: Change, old: Mapping[str, Billed], new: Mapping[str, Billed]) -> Iterator[str]:
    """Names of what the change is about and what differs."""
    for name in sorted(old.keys() | new.keys()):
        places = {place for side in (old, new) if name in side for place in side[name].places}
        here = change.key in places or (change.whole and any(_below(place, change.key) for place in places))
        if here and old.get(name) != new.get(name):
            yield name


def _below(place: FactKey, whole: FactKey) -> bool:
    return whole.kind is Kind.STACK or (place.kind, place.subject) == (whole.kind, whole.subject)


def _amount(old: Billed | None, new: Billed | None, prices: Prices) -> float | None:
    before, after = _cost(old, prices), _cost(new, prices)
    return None if before is None or after is None else after - before


def _cost(one: Billed | None, prices: Prices) -> float | None:
    if one is None:
        return 0.0
    return prices.cost(one.meter, one.quantity) if one.meter else None


def _sum(amounts: Iterable[float | None]) -> float | None:
    """Of a stack: unknown where a part of it is."""
    known = 0.0
    for amount in amounts:
        if amount is None:
            return None
        known += amount
    return known


def _said(old: Billed | None, new: Billed | None) -> str:
    return f"{old.what if old else 'nothing'} → {new.what if new else 'nothing'}"
