"""What the source knows of each scrape, asked as Prometheus asks: what was taken, and what was given up."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from monitoring.local.region import LOOPBACK
from monitoring.processes import PATIENCE
from tests.fake_clock import STANDING
from tests.faults.counts import Found, lost
from tests.faults.region import eventually
from tests.faults.source import Source, counting

FIRST, SECOND = "first", "second"


class Scraper:
    """Asks as Prometheus does: again on the same connection where it took the answer."""

    def __init__(self, source: Source, replica: str) -> None:
        self.connection = http.client.HTTPConnection(LOOPBACK, source.port, timeout=PATIENCE)
        self.replica = replica

    def scrape(self) -> bytes:
        self.connection.request("GET", f"/metrics?replica={self.replica}")
        return self.connection.getresponse().read()

    def give_up(self) -> None:
        """The answer comes too late: nobody reads it."""
        self.connection.request("GET", f"/metrics?replica={self.replica}")
        self.connection.close()


@pytest.fixture
def source() -> Iterator[Source]:
    with counting() as made:
        yield made


def test_each_scrape_increments_a_counter_per_replica(source: Source) -> None:
    first, second = Scraper(source, FIRST), Scraper(source, SECOND)
    pages = [first.scrape(), first.scrape(), second.scrape()]
    assert [page.splitlines()[0] for page in pages] == [b"scrapes_total 1", b"scrapes_total 2", b"scrapes_total 1"]
    assert (source.written(FIRST), source.written(SECOND), source.count()) == ([1, 2], [1], 3)
    assert source.written(FIRST, after=1) == [2]


def test_aborted_scrape_is_no_loss_and_stored_scrape_is(source: Source) -> None:
    scraper = Scraper(source, FIRST)
    scraper.scrape()
    scraper.scrape()
    scraper.give_up()
    eventually(
        lambda: source.written(FIRST)[-1:] == [2] and source.count() == 3, "the third is given up", clock=STANDING
    )
    assert source.newest(FIRST) == 2
    scraper.scrape()
    scraper.scrape()
    assert source.written(FIRST) == [1, 2, 4, 5]

    found = Found(samples=frozenset((FIRST, at, number) for at, number in [(1.0, 1), (2.0, 2), (5.0, 5)]))
    assert lost({FIRST: source.written(FIRST)}, found) == {FIRST: [4]}


def test_a_scrape_before_a_kill_in_the_quiet_is_not_given_up(source: Source) -> None:
    """The quiet begins when the scraper is refused on its connection: so it took what it was answered before."""
    scraper = Scraper(source, FIRST)

    def scrape() -> None:
        while scraper.scrape():
            pass

    with ThreadPoolExecutor() as threads:
        scraping = threads.submit(scrape)
        eventually(lambda: source.newest(FIRST) >= 2, "scrapes", clock=STANDING)
        with source.quiet(FIRST):
            scraping.result()
            written = source.count()
            scraper.connection.close()
            assert Scraper(source, FIRST).scrape() == b""
            assert Scraper(source, SECOND).scrape(), "it is quiet for the other one alone"
    assert source.written(FIRST) == [*range(1, written + 1)]


def test_the_quiet_begins_when_it_is_known_of_every_scrape_whether_it_was_taken(source: Source) -> None:
    undecided = Scraper(source, FIRST)
    undecided.scrape()

    def written_when_quiet() -> list[int]:
        with source.quiet(FIRST):
            return source.written(FIRST)

    with ThreadPoolExecutor() as threads:
        written = threads.submit(written_when_quiet)
        refused = Scraper(source, FIRST)
        eventually(lambda: refused.scrape() == b"", "it is quiet", clock=STANDING)
        assert not source.is_settled()
        undecided.connection.close()
        assert written.result() == [*range(2, source.count() + 1)]
