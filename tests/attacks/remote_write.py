"""Requests of remote write, made by hand: also those that no client would make.

Formats: prompb/remote.proto and types.proto of Prometheus; google/snappy, format_description.txt.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

HEADERS = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}

LONGEST_LITERAL = 65536
REPEAT = 2**24


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
        program = request[start : start + LONGEST_LITERAL]
        made += bytes([61 << 2]) + struct.pack("<H", len(program) - 1) + program
    return bytes(made)


def bomb(size: int) -> bytes:
    """What unpacks to `size` zeros and a few, a million times smaller; `size` is a multiple of `REPEAT`.

    A literal, a copy of it, and the copy repeated: the last is S2, snappy's extension, which Receive unpacks as well
    (klauspost/compress, s2/decode_other.go).
    """
    times, rest = divmod(size, REPEAT)
    assert rest == 0, f"must be a multiple of {REPEAT}, got {size}"
    repeat = bytes([7 << 2 | 1, 0]) + (REPEAT - 2**16 - 4).to_bytes(3, "little")
    return varint(size + 5) + b"\x00\x00" + bytes([(4 - 1) << 2 | 2, 1, 0]) + repeat * times


def _field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data
