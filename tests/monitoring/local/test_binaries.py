"""`monitoring tools`: a binary is the pinned one, or it is built; what cannot be had is told."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitoring.commands import tools
from monitoring.errors import CannotHave
from monitoring.local import binaries
from monitoring.local.binaries import BINARIES, MODULES, Module, build, find_tool

TRIAL = Module(name="trial", path="example.org/trial", packages=("cmd/trial", "cmd/trialtool"))
BUILDS = """
while [ "$1" != -o ]; do shift; done
for package in trial trialtool; do printf '#!/bin/sh\\necho built\\n' > "$2$package"; done
"""


def _program(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


def _pin(root: Path, version: str) -> None:
    folder = root / "tools" / "trial"
    folder.mkdir(parents=True, exist_ok=True)
    text = f"module trial\n\nrequire (\n\texample.org/other v9.9.9\n\texample.org/trial {version}\n)\n"
    (folder / "go.mod").write_text(text, encoding="utf-8")
    (folder / "go.sum").write_text(f"example.org/trial {version} h1:=\n", encoding="utf-8")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder on PATH; the trial module, pinned at v1.2.3, is all that there is."""
    _pin(tmp_path, "v1.2.3")
    monkeypatch.setattr(binaries, "ROOT", tmp_path)
    monkeypatch.setattr(binaries, "CACHE", tmp_path / "cache")
    for name in ("trial", "trialtool"):
        monkeypatch.setitem(BINARIES, name, TRIAL)
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def _call(*binaries: str) -> Result:
    return CliRunner().invoke(tools.command, binaries)


def test_a_binary_on_path_in_the_pinned_version_is_taken(path: Path) -> None:
    _program(path, "trial", "echo 'trial, version 1.2.3 (branch: HEAD)'")
    assert _call("trial").stdout == f"trial {path}/trial\n"


def test_version_printed_on_stderr_is_recognized(path: Path) -> None:
    on_path = _program(path, "trial", "echo trial v1.2.3 >&2")
    assert find_tool("trial") == on_path


@pytest.mark.parametrize("other", ["1.2.4", "1.2.30", "11.2.3", "0.1.2.3", "1.2.3-rc.1", "2.0.0"])
def test_a_binary_on_path_in_another_version_is_not_taken(other: str, path: Path) -> None:
    _program(path, "trial", f"echo trial, version {other}")
    with pytest.raises(CannotHave, match=r"trial 1\.2\.3 is neither on PATH nor built: make tools"):
        find_tool("trial")


def test_missing_binary_is_built_once_and_cached(path: Path) -> None:
    _program(path, "go", f"echo >> {path}/calls\n{BUILDS}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{path}:/usr/bin:/bin")
        first = _call("trial", "trialtool")
    assert first.exit_code == 0, first.output
    assert first.stdout == f"trial {TRIAL.built}/trial\ntrialtool {TRIAL.built}/trialtool\n"
    assert _call("trial").stdout == f"trial {TRIAL.built}/trial\n"
    assert len((path / "calls").read_text().splitlines()) == 1


@pytest.mark.usefixtures("path")
def test_changed_version_builds_again(tmp_path: Path) -> None:
    TRIAL.built.mkdir(parents=True)
    built = _program(TRIAL.built, "trial", "echo")
    assert find_tool("trial") == built
    _pin(tmp_path, "v1.2.4")
    with pytest.raises(CannotHave, match=r"trial 1\.2\.4 is neither"):
        find_tool("trial")


def test_failed_build_is_reported_and_not_cached(path: Path) -> None:
    _program(path, "go", "echo 'cannot find module' >&2; exit 1")
    told = _call("trial")
    assert told.exit_code == 2
    assert "tools/trial does not build: cannot find module" in told.stderr
    assert told.stdout == ""
    assert not TRIAL.built.exists()


def test_missing_go_is_reported(path: Path) -> None:
    assert not list(path.iterdir())
    with pytest.raises(CannotHave, match="go is not on PATH"):
        build(TRIAL)
    assert _call("trial").exit_code == 2


def test_an_unknown_binary_is_refused_with_those_that_there_are() -> None:
    told = _call("promtool", "promtol")
    assert told.exit_code == 2
    assert f"must be of {', '.join(BINARIES)}, got promtol" in " ".join(told.stderr.split()).replace("│ ", "")


@pytest.mark.usefixtures("path")
def test_the_version_comes_from_go_mod(tmp_path: Path) -> None:
    assert TRIAL.version == "1.2.3"
    _pin(tmp_path, "v0.31.1")
    assert TRIAL.version == "0.31.1"


def test_the_version_comes_from_a_line_of_its_own(path: Path, tmp_path: Path) -> None:
    assert path.is_dir()
    (tmp_path / "tools" / "trial" / "go.mod").write_text("module trial\n\nrequire example.org/trial v2.0.1\n")
    assert TRIAL.version == "2.0.1"


AT_THE_ROOT = Module(name="trial", path="example.org/trial", packages=("",), version_in="example.org/trial.Version")
BUILDS_ONE = """
[ "$6" = "-ldflags=-X example.org/trial.Version=v1.2.3" ] || { echo "$6" >&2; exit 1; }
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\n' > "$2"v2
"""


def test_a_binary_of_the_root_package_is_named_after_the_module_and_is_told_its_version(path: Path) -> None:
    _program(path, "go", BUILDS_ONE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{path}:/usr/bin:/bin")
        build(AT_THE_ROOT)
    assert [one.name for one in AT_THE_ROOT.built.iterdir()] == ["trial"]


def test_what_takes_long_to_build_is_built_by_name_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not {"kube-apiserver", "etcd", "kwok", "operator"} & binaries.ORDINARY.keys()
    _program(path, "trial", "echo 1.2.3")
    monkeypatch.setattr(tools, "ORDINARY", {"trial": TRIAL})
    assert _call().stdout == f"trial {path}/trial\n"


@pytest.mark.usefixtures("path")
def test_prometheus_module_version_maps_to_its_release_version(tmp_path: Path) -> None:
    """Prometheus 3.14.0 is the module's v0.314.0."""
    folder = tmp_path / "tools" / "prometheus"
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text("require (\n\tgithub.com/prometheus/prometheus v0.314.0\n)\n", encoding="utf-8")
    (prometheus,) = [module for module in MODULES if module.name == "prometheus"]
    assert prometheus.version == "3.14.0"


@pytest.mark.usefixtures("path")
def test_go_mod_without_the_module_is_reported(tmp_path: Path) -> None:
    (tmp_path / "tools" / "trial" / "go.mod").write_text("module trial\n", encoding="utf-8")
    with pytest.raises(CannotHave, match=r"tools/trial/go\.mod must require example\.org/trial"):
        _ = TRIAL.version
