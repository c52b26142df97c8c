"""What the scale makes of the deployed rules."""

from __future__ import annotations

import pytest

from tests.faults import scale


@pytest.mark.parametrize(
    ("deployed", "here"), [("5m", "5000ms"), ("30s", "500ms"), ("1h:30s", "60000ms:500ms"), ("1d", "1440000ms")]
)
def test_a_duration_is_sixty_times_as_short(deployed: str, here: str) -> None:
    assert scale.shorter(deployed) == here


def test_every_range_and_wait_of_the_rules_is_at_the_scale() -> None:
    for name, file in scale.rule_files().items():
        text = str(file)
        assert "5m]" not in text, name
        assert "1h]" not in text, name
        assert all(rule.get("for", "0ms").endswith("ms") for group in file["groups"] for rule in group["rules"])


def test_changed_deployed_bound_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale, "SECONDS", (("alerts-thanos", "> 7 * 3600", "> 420"),))
    with pytest.raises(ValueError, match=r"alerts-thanos\.yaml must have '> 7 \* 3600'"):
        scale.rule_files()
