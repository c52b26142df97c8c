"""A dashboard that is not there, or cannot be read, is told by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.blueprint.dashboards import FOLDER, delivery
from monitoring.errors import InvalidInput


@pytest.mark.parametrize("content", [None, b"\xff\xfe"], ids=["missing", "no text"])
def test_a_dashboard_that_cannot_be_read_is_told(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "ROOT", tmp_path)
    monkeypatch.setattr(delivery, "DASHBOARDS", {"capacity": None})
    if content is not None:
        (tmp_path / FOLDER).mkdir(parents=True)
        (tmp_path / FOLDER / "capacity.json").write_bytes(content)
    with pytest.raises(InvalidInput) as caught:
        delivery.config_maps()
    message = "must be a dashboard that can be read: `monitoring generate` writes it"
    assert str(caught.value) == f"{FOLDER}/capacity.json: {message}"
