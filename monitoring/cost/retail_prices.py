"""Asks Azure's Retail Prices API for the price of meters.

Microsoft Learn, "Azure Retail Prices overview": a filter in OData, pages by `NextPageLink`, no sign-in. An answer's
`Items` of type Consumption are what is paid without a reservation; Spot and Low Priority are meters of their own.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from monitoring.cost.meters import Meter
from monitoring.cost.prices import Prices, Row
from monitoring.errors import CannotHave

ADDRESS = "https://prices.azure.com/api/retail/prices"
VERSION = "2023-01-01-preview"
SOURCE = "api"
SOURCE_SAYS = f"{ADDRESS}, api-version {VERSION}"

MOST_PAGES = 50
"""Of one question: a page has 100 prices, and the largest product that is asked for has a few hundred."""
MOST_BYTES = 4 * 2**20
"""Of a page: a hundred prices have about 80 kB."""
TIMEOUT = 30
"""Seconds for a page."""

HTTPS = 443
"""The port that the API writes out in the address of a next page."""

Fetch = Callable[[str], bytes]


class _Item(BaseModel):
    """What is needed of a price; the answer has more."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    currency: str = Field(alias="currencyCode")
    start: float = Field(alias="tierMinimumUnits", ge=0)
    price: float = Field(alias="retailPrice", ge=0, allow_inf_nan=False)
    region: str = Field(alias="armRegionName")
    id: str = Field(alias="meterId")
    name: str = Field(alias="meterName")
    product: str = Field(alias="productName")
    sku: str = Field(alias="skuName")
    service: str = Field(alias="serviceName")
    unit: str = Field(alias="unitOfMeasure")
    type: str
    primary: bool = Field(alias="isPrimaryMeterRegion")

    def is_of(self, meter: Meter) -> bool:
        same = (self.region, self.service, self.product) == (meter.region, meter.service, meter.product)
        named = self.name == meter.name or self.name.endswith(f" {meter.name}")
        return same and named and meter.sku in {"", self.sku} and self.type == "Consumption"

    def __str__(self) -> str:
        return f"{self.name} of {self.sku} ({self.id}), from {self.start:g} at {self.price:g}"


class _Unclear(ValueError):  # noqa: N818  (told, not raised further)
    """The answer has no single price of a meter: the message says what it has."""


@dataclass(frozen=True, kw_only=True)
class Refreshed:
    """The new table, and what could not be had, in sentences."""

    prices: Prices
    problems: tuple[str, ...]


def refresh(
    prices: Prices, wanted: Iterable[Meter], *, fetch: Fetch, day: str, currency: str, address: str = ADDRESS
) -> Refreshed:
    """Ask for every meter of the table and every wanted one.

    What the API does not have becomes unknown. Where its answer is unclear, the price stays as it was, unless that is
    of another currency. `CannotHave` where nobody answers, or not as documented.
    """
    meters = sorted({*prices.rows, *wanted})
    rows: dict[Meter, Row] = {}
    problems: list[str] = []
    for of, group in groupby(sorted(meters, key=_question), key=_question):
        items = [*_items(_url(*of, currency=currency, address=address), fetch=fetch, address=address)]
        for meter in group:
            unknown = _row(meter, [], day=None)
            try:
                found = _priced([item for item in items if item.is_of(meter)], meter, currency=currency)
            except _Unclear as unclear:
                problems.append(f"{meter}: {unclear}")
                rows[meter] = prices.rows.get(meter, unknown) if currency == prices.currency else unknown
                continue
            if not found:
                problems.append(f"{meter}: the price list has no such meter")
            rows[meter] = _row(meter, found, day=day) if found else unknown
    used = {row.source for row in rows.values()}
    sources = {name: said for name, said in {**prices.sources, SOURCE: SOURCE_SAYS}.items() if name in used}
    return Refreshed(prices=Prices(currency=currency, sources=sources, rows=rows), problems=tuple(problems))


def by_https(url: str) -> bytes:
    """A page; `CannotHave` where there is none. A redirect is not followed: the host is fixed."""
    try:
        with _OPENER.open(urllib.request.Request(url), timeout=TIMEOUT) as answer:  # noqa: S310  (`_items` checks it)
            page: bytes = answer.read(MOST_BYTES + 1)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as failed:
        raise CannotHave(f"{url} must answer with prices, got {failed}") from failed
    if len(page) > MOST_BYTES:
        raise CannotHave(f"{url} must answer with at most {MOST_BYTES:,} bytes, got more")
    return page


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_Stay)


def _question(meter: Meter) -> tuple[str, str, str]:
    """Meters that one question asks for together."""
    return meter.service, meter.product, meter.region


def _url(service: str, product: str, region: str, *, currency: str, address: str) -> str:
    fields = {
        "serviceName": service,
        "productName": product,
        "armRegionName": region,
        "priceType": "Consumption",
    }
    chosen = " and ".join(f"{key} eq '{value.replace(chr(39), chr(39) * 2)}'" for key, value in fields.items())
    query = {"api-version": VERSION, "currencyCode": f"'{currency}'", "$filter": chosen}
    return f"{address}?{urllib.parse.urlencode(query, quote_via=urllib.parse.quote)}"


def _items(url: str, *, fetch: Fetch, address: str) -> Iterator[_Item]:
    """Every price of all pages."""
    following: str | None = url
    for _ in range(MOST_PAGES):
        if not following:
            return
        if _place(following) != _place(address):
            raise CannotHave(f"the next page must be of {address}, got {following}")
        page = _page(fetch(following), url=following)
        yield from page.items
        following = page.following
    if following:
        raise CannotHave(f"{url} must have at most {MOST_PAGES} pages, got more")


class _Page(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    items: list[_Item] = Field(alias="Items")
    following: str | None = Field(alias="NextPageLink", default=None)


def _page(text: bytes, *, url: str) -> _Page:
    try:
        return _Page.model_validate(json.loads(text))
    except (ValidationError, ValueError, RecursionError) as wrong:
        raise CannotHave(f"{url} must answer with prices as documented, got {str(wrong)[:300]}") from wrong


def _place(url: str) -> tuple[str, str | None, int | None, str]:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or HTTPS, parts.path


def _priced(items: list[_Item], meter: Meter, *, currency: str) -> list[_Item]:
    """The tiers of one meter; none where it is not there."""
    if len({item.id for item in items}) > 1:
        items = [item for item in items if item.primary] or items  # others are of regions that bill through this one
    if len({item.id for item in items}) > 1:
        raise _Unclear(f"must be one meter, got {' and '.join(map(str, items))}")
    for what, value in (("unit", meter.unit), ("currency", currency)):
        if others := {str(getattr(item, what)) for item in items} - {value}:
            raise _Unclear(f"{what} must be {value}, got {', '.join(sorted(others))}")
    tiers = sorted(items, key=lambda item: item.start)
    if len({item.start for item in tiers}) < len({(item.start, item.price) for item in tiers}):
        raise _Unclear(f"must have one price from each quantity on, got {' and '.join(map(str, tiers))}")
    if tiers and tiers[0].start:
        raise _Unclear(f"must have a price from 0 on, got {tiers[0]}")
    return [*{item.start: item for item in tiers}.values()]


def _row(meter: Meter, tiers: list[_Item], *, day: str | None) -> Row:
    return Row(
        region=meter.region,
        service=meter.service,
        product=meter.product,
        meter=meter.name,
        sku=meter.sku,
        unit=meter.unit,
        id=tiers[0].id if tiers else None,
        tiers=tuple((item.start, item.price) for item in tiers) or None,
        date=day,
        source=SOURCE if tiers else None,
    )
