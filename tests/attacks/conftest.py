"""The system that is attacked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from monitoring.fleet import Fleet, Region
from tests.attacks.system import Attacked, attacked_region


@pytest.fixture(scope="session")
def target(fleet: Fleet, zoned: Region, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """One region from its values, on loopback."""
    with attacked_region(fleet, zoned, tmp_path_factory.mktemp("attacked")) as made:
        yield made
