"""Bad input is told clearly: every file under bad/ begins with the messages that it must bring about.

A case stands for one region's file: its lines are merged over the correct region of the fixture fleet, so that
it holds the fault alone. Its comments say more:

    # expect: <one exact problem; several lines where there are several>
    # as: <the file that it stands for; trial-gamma.yaml where nothing is said>
    # of: <the correct region below it, where that has another name>
    # without: <a file of the fleet that is missing>

Where the correct region comes below the case, its file is joined with `_common.yaml` and has other lines: `*` there.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from monitoring.errors import InvalidInput
from monitoring.fleet import Duration, load_fleet
from monitoring.fleet.yaml_file import merged

HERE = Path(__file__).parent
NOW = datetime(2026, 6, 1, tzinfo=UTC)
CASES = sorted((HERE / "bad").iterdir())


def _comments(text: str, word: str) -> list[str]:
    return re.findall(rf"^# {word}: (.*)$", text, re.MULTILINE)


def build(case: Path, folder: Path) -> list[str]:
    """Make the fleet with the case in it; the messages that it must bring about."""
    shutil.copytree(HERE / "regions", folder)
    text = case.read_text(encoding="utf-8")
    name = next(iter(_comments(text, "as")), "trial-gamma.yaml")
    original = HERE / "regions" / next(iter(_comments(text, "of")), name)
    if original.exists():
        common = folder / "_common.yaml"
        under, over = (yaml.safe_load(file.read_text(encoding="utf-8")) for file in (common, original))
        both = merged(under, over) | {"global_view": False}  # as in _common.yaml: the other regions read it too
        common.write_text(yaml.safe_dump(both), encoding="utf-8")
    (folder / name).write_text(text, encoding="utf-8")
    for missing in _comments(text, "without"):
        (folder / missing).unlink()
    return _comments(text, "expect")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_each_fault_is_reported_with_file_and_line(case: Path, tmp_path: Path) -> None:
    folder = tmp_path / "regions"
    expected = build(case, folder)
    with pytest.raises(InvalidInput) as caught:
        load_fleet(folder)
    joined = any("_common.yaml:*: " in line for line in expected)
    told = [re.sub(r"(?<=_common\.yaml:)\d+", "*" if joined else r"\g<0>", str(one)) for one in caught.value.problems]
    assert expected
    assert sorted(told) == sorted(expected)


def test_each_bad_input_case_states_its_expected_messages() -> None:
    assert [case.name for case in CASES if not case.read_text(encoding="utf-8").startswith("# expect: ")] == []


def test_a_name_in_the_common_file_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "regions"
    shutil.copytree(HERE / "regions", folder)
    with (folder / "_common.yaml").open("a") as file:
        file.write("name: trial-gamma\n")
    with pytest.raises(
        InvalidInput, match=r"_common\.yaml:\d+: name must not be here: the file's name is the region's$"
    ):
        load_fleet(folder)


def test_zeros_for_ids_are_a_warning_at_their_line(tmp_path: Path) -> None:
    folder = tmp_path / "regions"
    shutil.copytree(HERE / "regions", folder)
    common = folder / "_common.yaml"
    zero = "00000000-0000-0000-0000-000000000000"
    common.write_text(re.sub(r"(?m)^tenant_id: .*$", f"tenant_id: {zero}", common.read_text()))
    (warning,) = load_fleet(folder).warnings(NOW)
    assert str(warning) == "regions/_common.yaml:5: tenant_id must be filled in before a deploy, got zeros"


def test_fault_in_common_file_is_reported_once(tmp_path: Path) -> None:
    folder = tmp_path / "regions"
    shutil.copytree(HERE / "regions", folder)
    common = folder / "_common.yaml"
    common.write_text(common.read_text().replace("location: swedencentral", "location: nowhere-at-all"))
    with pytest.raises(InvalidInput) as caught:
        load_fleet(folder)
    (problem,) = caught.value.problems
    assert str(problem).startswith("regions/_common.yaml:14: fleet.location must be an Azure region of ")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda file: file.mkdir(), "must be a file that can be read, got: Is a directory"),
        (lambda file: file.symlink_to("nowhere"), "must exist, got no such file"),
        (lambda file: file.write_bytes(b"location: \xe9t\xe9\n"), "must be UTF-8 text: invalid trailing UTF-8 octet"),
        (
            lambda file: file.write_text(f"location: {'[' * 980}{']' * 980}"),
            "must be at most 50 levels deep, got more",
        ),
        (
            lambda file: file.write_text(f"location: {'[' * 3000}{']' * 3000}"),
            "must be YAML: exceeded maximum nesting depth",
        ),
    ],
    ids=["folder", "link to nothing", "Latin-1", "deep", "deeper than the parser goes"],
)
def test_unreadable_file_is_reported(make: Callable[[Path], object], message: str, tmp_path: Path) -> None:
    folder = tmp_path / "regions"
    shutil.copytree(HERE / "regions", folder)
    make(folder / "trial-delta.yaml")
    with pytest.raises(InvalidInput) as caught:
        load_fleet(folder)
    (problem,) = caught.value.problems
    assert (problem.file, problem.message) == ("regions/trial-delta.yaml", message)


def test_editor_backup_file_is_not_a_region_and_warned_of(tmp_path: Path) -> None:
    folder = tmp_path / "regions"
    shutil.copytree(HERE / "regions", folder)
    (folder / ".#trial-alpha.yaml").symlink_to("someone@somewhere")
    fleet = load_fleet(folder)
    assert len(fleet.regions) == 3
    (warning,) = fleet.warnings(NOW)
    assert str(warning) == "regions/.#trial-alpha.yaml: is not read: its name begins with a dot"


def test_yaml_alias_is_resolved(tmp_path: Path) -> None:
    folder = tmp_path / "regions"
    shutil.copytree(HERE / "regions", folder)
    with (folder / "trial-gamma.yaml").open("a") as file:
        file.write("alertmanager: {retention: &kept 36h}\nprometheus: {retention: *kept}\n")
    region = load_fleet(folder).region("trial-gamma")
    assert region.prometheus.retention == region.alertmanager.retention == Duration.parse("36h")


def test_the_fixture_fleet_is_correct() -> None:
    fleet = load_fleet(HERE / "regions")
    assert [region.name for region in fleet.regions] == ["trial-alpha", "trial-beta", "trial-gamma"]
    assert fleet.warnings(NOW) == ()


def test_folder_without_regions_is_reported(tmp_path: Path) -> None:
    (tmp_path / "_common.yaml").write_text("{}")
    with pytest.raises(InvalidInput, match="must hold a file per region, got none"):
        load_fleet(tmp_path)


def test_unknown_region_is_reported_with_known_regions() -> None:
    with pytest.raises(InvalidInput, match="region must be one of trial-alpha, trial-beta, trial-gamma, got prod-x"):
        load_fleet(HERE / "regions").region("prod-x")
