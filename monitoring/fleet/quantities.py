"""Sizes, durations and CPU as value types that know each consumer's way of writing them.

Prometheus writes `50GB` and means base 2 (alecthomas/units `Base2Bytes`, used for
`storage.tsdb.retention.size`); Kubernetes writes the same as `50Gi`, and Azure wants an integer of GiB.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from monitoring.errors import shown

_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_KUBERNETES = re.compile(
    r"\+?([0-9]{1,18}(?:\.[0-9]{0,18})?(?:[eE][-+]?[0-9]{1,2})?|\.[0-9]{1,18})([numkMGTPE]|[KMGTPE]i)?"
)
_SCALES = {"": Fraction(1), "k": Fraction(1000), **{unit: Fraction(size) for unit, size in _BINARY.items()}}
_SCALES |= {unit: Fraction(1, 1000**power) for power, unit in enumerate("mun", start=1)}
_SCALES |= {unit: Fraction(1000**power) for power, unit in enumerate("MGTPE", start=2)}
_SCALES |= {unit: Fraction(1024**power) for power, unit in ((5, "Pi"), (6, "Ei"))}


@dataclass(frozen=True, order=True)
class _Quantity:
    """One whole number in a base unit, parsed from text."""

    amount: int

    PATTERN: ClassVar[str]
    EXAMPLES: ClassVar[str]
    PER_UNIT: ClassVar[int] = 1

    @classmethod
    def parse(cls, text: object) -> Self:
        """The quantity that `text` says; `ValueError` says what is allowed."""
        if isinstance(text, cls):
            return text
        if not isinstance(text, str) or not re.fullmatch(cls.PATTERN, text):
            raise ValueError(f"must be {cls.EXAMPLES}, got {shown(text)}")
        return cls(cls._amount(text))

    @classmethod
    def of_kubernetes(cls, value: object) -> Self:
        """The quantity as Kubernetes takes it: `4Gi`, `1.5Gi`, `1G`, `0.5`, `500m`, or a number; rounded up."""
        if isinstance(value, cls):
            return value
        match = _KUBERNETES.fullmatch(str(value)) if type(value) in {str, int, float} else None
        if not match:
            raise ValueError(f"must be a quantity such as 500m, 0.5, 4Gi or 1.5Gi, got {shown(value)}")
        return cls(math.ceil(Fraction(match[1]) * _SCALES[match[2] or ""] * cls.PER_UNIT))

    @classmethod
    def _amount(cls, text: str) -> int:
        raise NotImplementedError

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^({cls.PATTERN})$", "description": cls.EXAMPLES}


class Size(_Quantity):
    """Bytes. Refuses what means different things to different readers: `100G`, `100`, `1.5Gi`."""

    PATTERN = r"[1-9][0-9]{0,9}([KMGT]i|[KMGT]B)"
    EXAMPLES = "a size such as 100Gi or 50GB"

    @classmethod
    def _amount(cls, text: str) -> int:
        return int(text[:-2]) * _BINARY[text[-2] + "i"]

    @property
    def bytes(self) -> int:
        """The number of bytes."""
        return self.amount

    def _largest_unit(self) -> tuple[int, str]:
        units = ((factor, unit[0]) for unit, factor in reversed(_BINARY.items()))
        return next(
            ((self.amount // factor, unit) for factor, unit in units if self.amount % factor == 0), (self.amount, "")
        )

    @property
    def kubernetes(self) -> str:
        """As Kubernetes writes it: `100Gi`."""
        amount, unit = self._largest_unit()
        return f"{amount}{unit}i" if unit else str(amount)

    @property
    def prometheus(self) -> str:
        """As Prometheus writes it: `100GB`, base 2."""
        return "{}{}B".format(*self._largest_unit())

    @property
    def gib(self) -> int:
        """Whole GiB, as Azure wants a disk's size; `ValueError` where it is not whole."""
        whole, rest = divmod(self.amount, _BINARY["Gi"])
        if rest:
            raise ValueError(f"must be whole Gi, got {self.kubernetes}")
        return whole

    def __str__(self) -> str:
        return self.kubernetes


_SECONDS = {"y": 365 * 86400, "w": 7 * 86400, "d": 86400, "h": 3600, "m": 60, "s": 1}
"""Prometheus' units: a year is 365 days, a week 7 (prometheus/common model.ParseDuration)."""


class Duration(_Quantity):
    """Whole seconds, written as Prometheus does: `30s`, `1h30m`, `15d`, `2y`."""

    PATTERN = "(?=[0-9])" + "".join(f"([1-9][0-9]{{0,7}}{unit})?" for unit in _SECONDS)
    EXAMPLES = "a duration such as 30s, 1h30m, 15d or 2y"
    LONGEST = 100 * _SECONDS["y"]
    """Go's own durations, in nanoseconds, end after 292 years."""

    @classmethod
    def _amount(cls, text: str) -> int:
        seconds = sum(int(number) * _SECONDS[unit] for number, unit in re.findall(r"([0-9]+)([ywdhms])", text))
        if seconds > cls.LONGEST:
            raise ValueError(f"must be at most 100y, got {text}")
        return seconds

    @property
    def seconds(self) -> int:
        """The number of seconds."""
        return self.amount

    def _whole(self, unit: str, word: str) -> int:
        whole, rest = divmod(self.amount, _SECONDS[unit])
        if rest:
            raise ValueError(f"must be whole {word}, got {self.prometheus}")
        return whole

    @property
    def minutes(self) -> int:
        """Whole minutes; `ValueError` where they are not."""
        return self._whole("m", "minutes")

    @property
    def hours(self) -> int:
        """Whole hours; `ValueError` where they are not."""
        return self._whole("h", "hours")

    @property
    def days(self) -> int:
        """Whole days; `ValueError` where they are not."""
        return self._whole("d", "days")

    @property
    def prometheus(self) -> str:
        """As Prometheus and Thanos write it: one unit where one is enough (`15d`, `180d`, `2y`), else several."""
        for unit in ("y", "d", "h", "m", "s"):
            if self.amount % _SECONDS[unit] == 0:
                return f"{self.amount // _SECONDS[unit]}{unit}"
        raise AssertionError("every whole second is a multiple of 1s")

    def __str__(self) -> str:
        return self.prometheus


class Cpu(_Quantity):
    """Thousandths of a core, written as Kubernetes does: `2`, `500m`."""

    PATTERN = r"[1-9][0-9]{0,6}m?"
    PER_UNIT = 1000
    EXAMPLES = 'CPU such as "2" or 500m'

    @classmethod
    def _amount(cls, text: str) -> int:
        return int(text[:-1]) if text.endswith("m") else int(text) * 1000

    @property
    def millicores(self) -> int:
        """Thousandths of a core."""
        return self.amount

    @property
    def kubernetes(self) -> str:
        """As Kubernetes writes it: whole cores where they are whole."""
        whole, rest = divmod(self.amount, 1000)
        return f"{self.amount}m" if rest else str(whole)

    def __str__(self) -> str:
        return self.kubernetes
