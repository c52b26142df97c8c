"""What a person reads when an alert fires: its description, rendered by promtool on the first case in which it does.

`python -m tests.rules.texts` writes them to tests/golden/alert-texts.txt, to be read by a person before they are
committed.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from monitoring.blueprint.rules.loader import rules
from monitoring.blueprint.values.charts import ROOT
from tests.rules.alert_cases import firing
from tests.rules.promtool import promtool, write

GOLDEN = ROOT / "tests" / "golden" / "alert-texts.txt"

_FIRED = re.compile(r"alertname: (\w+), time: .*?got:\[\n(.*?)\n\s*\]", re.DOTALL)
_DESCRIPTION = re.compile(r'Annotations:\{.*?description=("(?:\\.|[^"\\])*")')


def texts(folder: Path) -> str:
    """A line for every alert that fires in a case of tests/rules, sorted; files of promtool's go to `folder`."""
    write(rules().delivered(runbook_base="https://pages.trial.example", global_view=True), folder)
    files = sorted(Path(__file__).parent.glob("*.yaml"))
    found = {alert: text for file in files for alert, text in rendered(file, folder).items()}
    return "".join(f"{alert}: {text}\n" for alert, text in sorted(found.items()))


def rendered(file: Path, deployed: Path) -> dict[str, str]:
    """Description by alert, of all that fire in a file of promtool's tests; the rules are in the folder `deployed`.

    promtool is told to expect nothing, and so tells what it got.
    """
    content = yaml.load(file.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506  (safe; 0x50 stays a text)
    content["tests"] = list(_silent(content))
    beside = deployed / "texts.yaml"
    beside.write_text(yaml.safe_dump(content), encoding="utf-8")
    done = promtool("test", "rules", beside.name, cwd=deployed)
    return {
        alert: json.loads(text[1])
        for alert, got in _FIRED.findall(done.stdout)
        if (text := _DESCRIPTION.search(got)) is not None
    }


def _silent(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each firing case once, held to the expectation that no alert fires."""
    seen: set[str] = set()
    for test in content["tests"]:
        for alert, at in firing(test):
            if alert not in seen:
                seen.add(alert)
                asked = {"eval_time": at, "alertname": alert, "exp_alerts": []}
                kept = {key: value for key, value in test.items() if key != "promql_expr_test"}
                yield {**kept, "alert_rule_test": [asked]}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        GOLDEN.write_text(texts(Path(name)), encoding="utf-8")
