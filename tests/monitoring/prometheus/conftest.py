"""Two regions in miniature, once for all tests here: they only ask."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from monitoring.local.system import System
from tests.monitoring.prometheus.miniature import FIRST, SECOND, system


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Both regions, as they are deployed."""
    with system(tmp_path_factory.mktemp("whole"), FIRST.name, SECOND.name) as made:
        yield made
