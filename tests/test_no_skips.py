"""What is skipped elsewhere fails on CI."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from monitoring.blueprint.values.charts import ROOT

SKIPS = """
import pytest

@pytest.mark.skipif(True, reason="no tape drive")
def test_by_mark(): ...

def test_by_call():
    pytest.skip("no tape drive")

@pytest.mark.xfail
def test_that_is_known_to_fail():
    raise AssertionError
"""


@pytest.mark.parametrize(
    ("environment", "summary"), [({}, "2 skipped, 1 xfailed"), ({"CI": "true"}, "1 failed, 1 xfailed, 1 error")]
)
def test_a_skip_fails_on_ci_alone(tmp_path: Path, environment: dict[str, str], summary: str) -> None:
    (tmp_path / "test_skips.py").write_text(SKIPS, encoding="utf-8")
    kept = {key: value for key, value in os.environ.items() if key != "CI" and not key.startswith("PYTEST")}
    line = [sys.executable, "-m", "pytest", "-c", os.devnull, "-p", "tests.no_skips", "-rA", str(tmp_path)]
    done = subprocess.run(line, cwd=ROOT, env={**kept, **environment}, capture_output=True, text=True, check=False)
    assert summary in done.stdout
    assert done.stdout.count("nothing may be skipped on CI. Skipped: no tape drive") >= 2 * bool(environment)
