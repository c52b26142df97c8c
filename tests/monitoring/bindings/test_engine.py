"""The source's imports give the chosen engine's modules; what cannot be chosen is told."""

from __future__ import annotations

from monitoring.bindings.engine import ENGINES, IMPORTED, VARIABLE, chosen_engine

import json
from pathlib import Path

import pytest

from tests.monitoring.bindings.test_fast import python

OTHER = next(name for name in ENGINES if name != chosen_engine().package)
"""The engine that this environment lacks."""


def test_the_source_imports_cdktf() -> None:
    assert IMPORTED.package == "cdktf"
    assert set(ENGINES) == {"cdktf", "cdktn"}


def test_cdktf_is_the_engine_where_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    assert chosen_engine() is ENGINES["cdktf"]
    monkeypatch.delenv(VARIABLE)
    assert chosen_engine() is ENGINES["cdktf"]


@pytest.mark.parametrize(
    ("engine", "message"),
    [
        ("cdk", "OVERSIGHT_ENGINE: must be cdktf or cdktn, got 'cdk'\n"),
        (OTHER, f" lacks {OTHER}: run `make synth"),
    ],
)
def test_an_engine_that_cannot_be_used_is_told_without_a_traceback(engine: str, message: str) -> None:
    done = python("main.py", **{VARIABLE: engine})
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


IMPORTS = """\
import monitoring.bindings, importlib, json
from monitoring.bindings.engine import Engine, use_engine
use_engine(Engine(package="other", providers="other_provider_", npm_providers="@other/provider-"))
import cdktf, cdktf_cdktf_provider_x.thing, other, other_provider_x.thing
from cdktf.inner import INNER
print(json.dumps({
    "one": cdktf is other and cdktf_cdktf_provider_x.thing is other_provider_x.thing,
    "spec": [cdktf.__spec__.name, cdktf_cdktf_provider_x.thing.__spec__.name],
    "inner": INNER,
    "thing": cdktf_cdktf_provider_x.thing.THING,
    "others": importlib.import_module("click").__name__,
}))
"""


def test_the_source_s_imports_give_the_modules_of_the_chosen_engine(tmp_path: Path) -> None:
    files = {
        "other/__init__.py": "",
        "other/inner.py": "INNER = 'inner of other'",
        "other_provider_x/__init__.py": "",
        "other_provider_x/thing.py": "from . import __name__ as package\nTHING = package",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    done = python("-c", IMPORTS, PYTHONPATH=str(tmp_path))
    assert done.stderr == ""
    assert json.loads(done.stdout) == {
        "one": True,
        "spec": ["other", "other_provider_x.thing"],
        "inner": "inner of other",
        "thing": "other_provider_x",
        "others": "click",
    }
