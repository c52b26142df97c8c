"""Rule files that are wrong on purpose: tests/rules/bad/, each beginning with what must be said of it.

# expect: <a problem that the loader tells; several lines where there are several>
# promtool: <a problem that promtool finds>
# page: <an alert that has a page>
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from monitoring.blueprint.rules import runbooks
from monitoring.blueprint.rules.loader import FOLDER, Rules, read_rules

CASES = sorted((Path(__file__).parent / "bad").iterdir())


def comments(case: Path, word: str) -> list[str]:
    """What the case says after `word`."""
    return re.findall(rf"^# {word}: (.*)$", case.read_text(encoding="utf-8"), re.MULTILINE)


def read(case: Path, root: Path) -> Rules:
    """The case as the only rule file of the repository `root`."""
    folder = root / FOLDER
    folder.mkdir(parents=True)
    shutil.copy(case, folder)
    for alert in comments(case, "page"):
        page = root / runbooks.page(alert)
        page.parent.mkdir(parents=True)
        page.touch()
    return read_rules(folder, root=root)
