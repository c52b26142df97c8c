"""Writes that are too much for the router, by who has a certificate: refused, and others go on writing."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from monitoring.blueprint.releases.request_limits import REQUEST_BYTES, REQUEST_ITEMS, SAMPLES_PER_SEND
from tests.attacks.remote_write import bomb, packed, series, varint
from tests.attacks.system import PATIENCE, Answer, Attacked, another
from tests.tables import Attacked as Record

pytestmark = pytest.mark.stack

AT = "Receive router"
ROUTER = "thanos-receive-router-0"
AT_ONCE = 4


def many_series(count: int) -> bytes:
    now = time.time()
    return packed(b"".join(series({"__name__": "flood", "n": str(number)}, [(1, now)]) for number in range(count)))


def many_samples(count: int) -> bytes:
    now = time.time()
    return packed(series({"__name__": "flood"}, [(1, now - behind / 1000) for behind in range(count, 0, -1)]))


SIZE, ITEMS = f"413: size_bytes_limit {REQUEST_BYTES // 2**20} MiB", f"413: series_limit, samples_limit {REQUEST_ITEMS}"
REFUSED: dict[str, tuple[Callable[[], bytes], int, str]] = {
    "a body over the limit": (lambda: bytes(REQUEST_BYTES + 1), 413, SIZE),
    "a few bytes that unpack to more": (lambda: bomb(REQUEST_BYTES), 413, SIZE),
    "a few bytes that unpack to four times as much": (lambda: bomb(4 * REQUEST_BYTES), 413, SIZE),
    "too many series": (lambda: many_series(REQUEST_ITEMS + 1), 413, ITEMS),
    "too many samples": (lambda: many_samples(REQUEST_ITEMS + 1), 413, ITEMS),
    "no snappy": (lambda: b"no snappy at all", 400, "400: it does not unpack"),
    "snappy that says to be more than can be": (lambda: varint(2**40) + b"\0", 400, "400: it does not unpack"),
    "snappy of no request": (lambda: packed(b"\0\1\2\3"), 400, "400: no protobuf"),
}


@pytest.mark.parametrize("attack", REFUSED)
def test_oversized_remote_write_is_refused_and_other_senders_succeed(
    target: Attacked, attacked: Record, attack: str
) -> None:
    made, status, holds = REFUSED[attack]
    body = made()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = [pool.submit(target.write, body) for _ in range(AT_ONCE)]
        target.others_are_served()
    assert {answer.result().status for answer in answers} == {status}
    attacked(AT, attack, tries=AT_ONCE, holds=holds)


def test_remote_write_body_without_content_length_is_read_before_refusal(target: Attacked, attacked: Record) -> None:
    """The router compares a stated length before it reads, and what it has unpacked afterwards: in between, memory."""
    body = packed(bytes(REQUEST_BYTES + 1))
    chunks = (body[start : start + 2**16] for start in range(0, len(body), 2**16))
    answer = target.write(chunks)
    target.others_are_served()
    assert answer.status == 413
    attacked(AT, "a body over the limit that states no length", tries=1, holds=f"{SIZE}, after it was read")


def test_deployed_remote_write_requests_are_far_below_the_limits(target: Attacked) -> None:
    assert target.write(many_series(SAMPLES_PER_SEND)).status == 200


@pytest.mark.parametrize("attack", ["too many series", "a few bytes that unpack to more"])
def test_router_without_limits_accepts_the_oversized_request(target: Attacked, tmp_path: Path, attack: str) -> None:
    made, status, _ = REFUSED[attack]
    with another(target, ROUTER, tmp_path, without=("--receive.limits-config",)) as router:
        answer: Answer = target.write(made(), address=router.address("--remote-write.address"))
    assert answer.status != status


DEADLY: dict[str, Callable[[], bytes]] = {
    "a few bytes that unpack to more than the pod's memory": lambda: bomb(2**30),
    "a few bytes that say to be 4 GiB": lambda: varint(2**32 - 1) + b"\0",
}
"""The second takes its memory before it finds that it does not unpack; from the system, or used before and cleared."""


@pytest.mark.parametrize("attack", DEADLY)
def test_out_of_memory_write_kills_only_one_router(
    target: Attacked, attacked: Record, tmp_path: Path, attack: str
) -> None:
    """The exception: the limit is asked after unpacking. A pod has 2 GiB, this one may take half of one more."""
    with another(target, ROUTER, tmp_path) as router:
        router.bound(2**29)
        with pytest.raises((OSError, http.client.HTTPException)):
            target.write(DEADLY[attack](), address=router.address("--remote-write.address"))
        assert router.process.wait(PATIENCE) != 0
        target.others_are_served()
    why = "exception: one of two routers dies, and starts again; who has a certificate of ours can"
    attacked(AT, attack, tries=1, let_in=1, holds=why)
