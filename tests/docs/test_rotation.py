"""The rotation of docs/certificates.md, walked with real certificates, in every order in which regions can do it."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path

import pytest

from monitoring.blueprint.values.charts import ROOT
from monitoring.local.authorities import CLIENT, SERVER, Issued, issue

NAME = "part.monitoring.svc"
ROOTS = {name: issue(f"{name} root", authority=True) for name in ("old", "new")}
INTERMEDIATES = {name: issue(f"{name} intermediate", by=root, authority=True) for name, root in ROOTS.items()}
LEAVES = {name: issue("part", by=one, names=[NAME], usages=[SERVER, CLIENT]) for name, one in INTERMEDIATES.items()}


@dataclass(frozen=True, kw_only=True)
class State:
    """A region: the roots that its parts trust, and who may have issued a certificate that is in use."""

    trust: tuple[str, ...]
    leaves: tuple[str, ...]


BEFORE = State(trust=("old",), leaves=("old",))
STEPS = {
    "add": State(trust=("old", "new"), leaves=("old",)),
    "roll": State(trust=("old", "new"), leaves=("old", "new")),
    "reissue": State(trust=("old", "new"), leaves=("new",)),
    "remove": State(trust=("new",), leaves=("new",)),
}
"""Where a region is after each step. After `roll` the new intermediate issues, and each leaf is anew at a time of its
own."""


class Files:
    """A leaf's files, which Python's ssl wants."""

    def __init__(self, folder: Path) -> None:
        for name, leaf in LEAVES.items():
            (folder / f"{name}.crt").write_text(leaf.chain)
            (folder / f"{name}.key").write_text(leaf.key_pem)
        self.folder = folder

    def context(self, *, server: bool, trust: tuple[str, ...], leaf: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata="".join(ROOTS[name].pem for name in trust))
        context.load_cert_chain(self.folder / f"{leaf}.crt", self.folder / f"{leaf}.key")
        return context


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tmp_path_factory.mktemp("leaves"))


def handshake(client: ssl.SSLContext, server: ssl.SSLContext) -> None:
    """Both sides, in memory, until each has accepted the other; ssl.SSLError where one does not."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(to_client, to_server, server_hostname=NAME),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(3):
        for side in sides:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    sides[1].write(b"accepted")  # in TLS 1.3 only the server's first bytes tell the client that it was accepted
    assert sides[0].read() == b"accepted"


def broken(files: Files, one: State, other: State) -> Iterator[str]:
    """Connections between parts of two regions, in either direction, that would fail."""
    for client, server in ((one, other), (other, one)):
        for client_leaf, server_leaf in product(client.leaves, server.leaves):
            try:
                handshake(
                    files.context(server=False, trust=client.trust, leaf=client_leaf),
                    files.context(server=True, trust=server.trust, leaf=server_leaf),
                )
            except ssl.SSLError as fault:
                yield f"client {client_leaf} of {client.trust}, server {server_leaf} of {server.trust}: {fault.reason}"


ORDER = [BEFORE, *STEPS.values()]


@pytest.mark.parametrize(("before", "after"), list(pairwise(ORDER)), ids=list(STEPS))
def test_a_step_is_safe_in_any_order_of_the_regions(files: Files, before: State, after: State) -> None:
    """While it is under way, each region, and each part of a region, has taken it or not."""
    for one, other in product((before, after), repeat=2):
        assert list(broken(files, one, other)) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(BEFORE, STEPS["roll"], id="roll before every region has added"),
        pytest.param(BEFORE, STEPS["remove"], id="the new root in place of the old"),
        pytest.param(STEPS["roll"], STEPS["remove"], id="remove before every leaf is anew"),
    ],
)
def test_rotation_step_started_too_early_breaks_mutual_trust(files: Files, one: State, other: State) -> None:
    assert list(broken(files, one, other))


def test_the_page_has_these_steps_in_this_order() -> None:
    page = (ROOT / "docs" / "certificates.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \d \| (\w+) \|", page, re.MULTILINE) == list(STEPS)


def test_leaf_certificate_chain_includes_the_intermediate() -> None:
    """As cert-manager writes tls.crt: a client has the root alone."""
    issued: Issued = LEAVES["old"]
    assert issued.chain == issued.pem + INTERMEDIATES["old"].pem
