"""A clock that jumps an hour between any two reads: `PYTHONPATH=tests/jumping_clock make test`.

Python imports a module of this name at its start, so the clock jumps in every process of a run: pytest, the workers of
xdist, and the programs that tests start. A test that depends on the time, or on how long something takes, fails.

Who waits for threads, processes and sockets sees the true time, else nothing could be waited for. So does pytest, which
removes the temporary folders of other runs by their age.
"""

from __future__ import annotations

import datetime
import itertools
import sys
import time
from collections.abc import Callable
from typing import Any

HOUR = 3600
NANOSECONDS = 1_000_000_000

TRUE_TIME = {
    *("_pytest", "asyncio", "concurrent", "execnet", "multiprocessing", "queue", "selectors", "socketserver"),
    *("subprocess", "threading", "xdist"),
}
"""Packages that see the true time."""

_reads = itertools.count(1)
_time = time.time


def _jumped() -> int:
    """Seconds that the clock of the caller's caller is ahead."""
    package = str(sys._getframe(2).f_globals.get("__name__")).partition(".")[0]
    return 0 if package in TRUE_TIME else HOUR * next(_reads)


def _jumping(clock: Callable[[], Any], unit: int) -> Callable[[], Any]:
    return lambda: clock() + unit * _jumped()


class _AlsoTheirs(type):
    """Moments and days that C made are instances too."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.__mro__[1])

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls.__mro__[1])


class DateTime(datetime.datetime, metaclass=_AlsoTheirs):
    """A moment; the present one jumps."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> DateTime:
        return cls.fromtimestamp(_time() + _jumped(), tz)

    @classmethod
    def utcnow(cls) -> DateTime:
        return cls.fromtimestamp(_time() + _jumped(), datetime.UTC).replace(tzinfo=None)

    @classmethod
    def today(cls) -> DateTime:
        return cls.fromtimestamp(_time() + _jumped())


class Date(datetime.date, metaclass=_AlsoTheirs):
    """A day; the present one jumps."""

    @classmethod
    def today(cls) -> Date:
        return cls.fromtimestamp(_time() + _jumped())


for name in ("time", "monotonic", "perf_counter"):
    setattr(time, name, _jumping(getattr(time, name), 1))
    setattr(time, f"{name}_ns", _jumping(getattr(time, f"{name}_ns"), NANOSECONDS))
for name in ("gmtime", "localtime"):
    of: Callable[[float], time.struct_time] = getattr(time, name)
    setattr(time, name, lambda at=None, of=of: of(_time() + _jumped() if at is None else at))
_strftime = time.strftime
time.strftime = lambda format, at=None: _strftime(format, time.localtime() if at is None else at)  # noqa: A006
datetime.datetime, datetime.date = DateTime, Date  # type: ignore[misc]
