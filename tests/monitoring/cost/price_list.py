"""A price list on loopback that answers as the Retail Prices API is documented to.

Microsoft Learn, "Azure Retail Prices overview": the fields of an item and the envelope are those of its example.
"""

from __future__ import annotations

import json
import re
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATH = "/api/retail/prices"
Item = dict[str, object]


def item(**other: object) -> Item:
    """P10 in West Europe, as the API answers it."""
    return {
        "currencyCode": "USD",
        "tierMinimumUnits": 0.0,
        "retailPrice": 21.68,
        "unitPrice": 21.68,
        "armRegionName": "westeurope",
        "location": "EU West",
        "effectiveStartDate": "2018-05-01T00:00:00Z",
        "meterId": "137d3f72-fe0e-4a78-b5d0-92d704aa3cac",
        "meterName": "P10 LRS Disk",
        "productId": "DZH318Z0BP04",
        "skuId": "DZH318Z0BP04/0080",
        "availabilityId": None,
        "productName": "Premium SSD Managed Disks",
        "skuName": "P10 LRS",
        "serviceName": "Storage",
        "serviceId": "DZH317F1HKN0",
        "serviceFamily": "Storage",
        "unitOfMeasure": "1/Month",
        "type": "Consumption",
        "isPrimaryMeterRegion": True,
        "armSkuName": "Premium_SSD_Managed_Disk_P10",
        **other,
    }


@dataclass
class PriceList:
    """The items that are known, `page` of them at a time; `asked` are the filters of first pages, `pages` all calls."""

    items: list[Item]
    page: int = 100
    address: str = ""
    next_host: str | None = None
    asked: list[str] = field(default_factory=list)
    pages: int = 0

    def answer(self, query: dict[str, list[str]]) -> bytes:
        chosen = dict(re.findall(r"(\w+) eq '((?:[^']|'')*)'", query["$filter"][0]))
        skip = int(query.get("$skip", ["0"])[0])
        self.pages += 1
        if not skip:
            self.asked.append(query["$filter"][0])
        fields = {**chosen, "type": chosen["priceType"]}
        del fields["priceType"]
        found = [
            {**one, "currencyCode": one["currencyCode"]}
            for one in self.items
            if all(one[key] == value.replace("''", "'") for key, value in fields.items())
        ]
        more = None
        if skip + self.page < len(found):
            rest = {"api-version": query["api-version"][0], "$filter": query["$filter"][0], "$skip": skip + self.page}
            more = f"{self.next_host or self.address}?{urllib.parse.urlencode(rest)}"
        return json.dumps(
            {
                "BillingCurrency": "USD",
                "CustomerEntityId": "Default",
                "CustomerEntityType": "Retail",
                "Items": found[skip : skip + self.page],
                "NextPageLink": more,
                "Count": len(found[skip : skip + self.page]),
            }
        ).encode()


@contextmanager
def served(prices: PriceList) -> Iterator[PriceList]:
    """On loopback until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urllib.parse.urlsplit(self.path)
            if parts.path == "/elsewhere":
                self.send_response(302)
                self.send_header("Location", prices.address)
                self.end_headers()
                return
            body = prices.answer(urllib.parse.parse_qs(parts.query)) if parts.path == PATH else b"no such page"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    prices.address = f"http://127.0.0.1:{server.server_port}{PATH}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield prices
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
