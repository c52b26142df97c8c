"""A region that is gone takes its stack along."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.synthesis.stale import remove_stale_stacks


@pytest.fixture
def outdir(tmp_path: Path) -> Path:
    for name in ("stays", "gone"):
        folder = tmp_path / "stacks" / name
        (folder / ".terraform").mkdir(parents=True)
        (folder / "cdk.tf.json").write_text("{}")
    return tmp_path


def test_stack_of_a_removed_region_is_deleted(outdir: Path) -> None:
    remove_stale_stacks(outdir, keep={"stays"})
    assert [folder.name for folder in (outdir / "stacks").iterdir()] == ["stays"]


def test_a_local_state_is_never_removed(outdir: Path) -> None:
    state = outdir / "stacks" / "gone" / "terraform.tfstate"
    state.write_text("{}")
    remove_stale_stacks(outdir, keep={"stays"})
    assert state.exists()
    assert not state.with_name("cdk.tf.json").exists()


def test_folder_without_a_stack_is_kept(outdir: Path) -> None:
    (outdir / "stacks" / "notes").mkdir()
    remove_stale_stacks(outdir, keep={"stays"})
    assert (outdir / "stacks" / "notes").exists()
