"""Requests of remote write, made by hand: also those that no client would make.

Formats: prompb/remote.proto and types.proto of Prometheus; google/snappy, format_description.txt.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

HEADERS = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}

LONGEST_LITERAL = 65536
LONGEST_COPY = 64


def varint(number: int) -> bytes:
    """As protobuf and snappy write whole numbers."""
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*made, number])


def series(labels: Mapping[str, str], samples: Iterable[tuple[float, float]]) -> bytes:
    """One series with its samples (value, seconds since 1970), as a field of a write request."""
    made = b"".join(_field(1, _field(1, name.encode()) + _field(2, labels[name].encode())) for name in sorted(labels))
    for value, at in samples:
        made += _field(2, b"\x09" + struct.pack("<d", value) + b"\x10" + varint(int(at * 1000)))
    return _field(1, made)


def packed(request: bytes) -> bytes:
    """A request as it is sent: snappy, without compression."""
    made = bytearray(varint(len(request)))
    for start in range(0, len(request), LONGEST_LITERAL):
        part = request[start : start + LONGEST_LITERAL]
        made += bytes([61 << 2]) + struct.pack("<H", len(part) - 1) + part
    return bytes(made)


def bomb(size: int) -> bytes:
    """What unpacks to `size` zeros, and is 21 times smaller: a literal, and copies of it."""
    copies, rest = divmod(size - 1, LONGEST_COPY)
    return varint(size) + b"\x00\x00" + _copy(LONGEST_COPY) * copies + (_copy(rest) if rest else b"")


def _copy(length: int) -> bytes:
    return bytes([(length - 1) << 2 | 2, 1, 0])


def _field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data
