"""One line of a bill, before it is priced."""

from __future__ import annotations

from dataclasses import dataclass

from monitoring.cost.meters import Meter

HOURS = 730
"""Of a month, as Azure's calculator has it (365 days in twelve parts)."""

DAYS = HOURS / 24


@dataclass(frozen=True, kw_only=True)
class Line:
    """So many a month of what `meter` counts (None: Azure bills nothing for it).

    `detail` says what the quantity is made of, `source` where its figures are from.
    """

    part: str
    detail: str
    quantity: float
    meter: Meter | None
    source: str
