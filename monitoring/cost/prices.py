"""The table of prices: `prices/azure.json`. A price that nobody has recorded is unknown, never 0."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError

from monitoring.blueprint.values.charts import ROOT
from monitoring.cost.meters import UNITS, Meter
from monitoring.errors import InvalidInput, Problem, shown
from monitoring.fleet.base import Model
from monitoring.fleet.yaml_file import YamlFile, dotted, read_yaml

PRICES = "prices/azure.json"

Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Tiers = Annotated[tuple[Annotated[tuple[Amount, Amount | None], Field(strict=False)], ...], Field(strict=False)]


class Row(Model):
    """The price of a meter: `tiers` are pairs of the units from which a price holds, and that price (null: unknown).

    `tiers` is null where nothing is known, and so are then `date` (when the price was asked for) and `source`.
    """

    region: Text
    service: Text
    product: Text
    meter: Text
    sku: Annotated[str, StringConstraints(max_length=200)]
    unit: Text
    id: Text | None
    tiers: Tiers | None
    date: Day | None
    source: Text | None

    @property
    def key(self) -> Meter:
        """The meter that it is the price of."""
        return Meter(
            region=self.region,
            service=self.service,
            product=self.product,
            name=self.meter,
            sku=self.sku,
            unit=self.unit,
        )


class _Table(Model):
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    sources: Mapping[Text, Annotated[str, StringConstraints(max_length=400)]]
    prices: Annotated[tuple[Row, ...], Field(strict=False)]


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Prices by meter, in one currency; `sources` says in full what the rows name."""

    currency: str
    sources: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[Meter, Row] = field(default_factory=dict)

    def cost(self, meter: Meter, quantity: float) -> float | None:
        """What so many of what the meter counts cost; None where a price is unknown."""
        row = self.rows.get(meter)
        if row is None or row.tiers is None:
            return None
        units = quantity / meter.unit_size
        ends = [start for start, _ in row.tiers[1:]] + [float("inf")]
        total = 0.0
        for (start, price), end in zip(row.tiers, ends, strict=True):
            within = min(units, end) - start
            if within > 0:
                if price is None:
                    return None
                total += within * price
        return total


def read_prices(file: Path = ROOT / PRICES, *, name: str = PRICES) -> Prices:
    """The table; `InvalidInput` tells everything that has not its form, at its line."""
    text = read_yaml(file, name=name)
    try:
        table = _Table.model_validate(text.data)
    except ValidationError as invalid:
        raise InvalidInput(
            Problem(
                file=name,
                line=text.line(error["loc"]),
                path=dotted(error["loc"]),
                message=f"{error['msg']}, got {shown(error['input'])}",
            )
            for error in invalid.errors()
        ) from invalid
    if problems := [*_problems(table, text)]:
        raise InvalidInput(problems)
    return Prices(currency=table.currency, sources=table.sources, rows={row.key: row for row in table.prices})


def _problems(table: _Table, text: YamlFile) -> Iterable[Problem]:
    seen: set[Meter] = set()
    for number, row in enumerate(table.prices):
        for message in _faults(row, table, seen):
            path = ("prices", number)
            yield Problem(file=text.name, line=text.line(path), path=dotted(path), message=message)
        seen.add(row.key)


def _faults(row: Row, table: _Table, seen: set[Meter]) -> Iterable[str]:
    if row.key in seen:
        yield f"must be there once, got {row.key} twice"
    if row.unit not in UNITS:
        yield f"unit must be one of {', '.join(UNITS)}, got {row.unit}"
    if (row.tiers is None) != (row.date is None) or (row.tiers is None) != (row.source is None):
        yield "must have tiers, date and source, or none of them"
    if row.source is not None and row.source not in table.sources:
        yield f"source must be one of {', '.join(table.sources)}, got {row.source}"
    if row.tiers is not None:
        starts = [start for start, _ in row.tiers]
        if not starts or starts[0] != 0 or any(one >= other for one, other in pairwise(starts)):
            yield f"tiers must begin at 0 and rise, got {shown(starts)}"


def written(prices: Prices) -> str:
    """The table as the file has it: JSON with a line of each meter, in their order."""
    rows = ",\n".join(f"    {json.dumps(prices.rows[meter].model_dump())}" for meter in sorted(prices.rows))
    head = json.dumps({"currency": prices.currency, "sources": dict(prices.sources)}, indent=2).removesuffix("\n}")
    return f'{head},\n  "prices": [\n{rows}\n  ]\n}}\n'
