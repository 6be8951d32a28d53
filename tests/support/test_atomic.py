from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from rclicks_hf.errors import RclicksError
from rclicks_hf.support.atomic import (
    atomic_directory,
    atomic_file,
    explain_full_disk,
    require_absent,
    scratch_directory,
)


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def disk_full(*_args: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_that_fails_half_way_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(ValueError, match="half"), atomic_file(tmp_path / "a.txt") as part:
        part.write_text("ne")
        raise ValueError("half way")
    assert names(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_a_folder_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), atomic_directory(tmp_path / "set") as part:
        (part / "a.txt").write_text("x")
        raise KeyboardInterrupt
    assert names(tmp_path) == []


def test_an_existing_folder_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    with (
        pytest.raises(RclicksError, match=r"set: already exists; remove it"),
        atomic_directory(tmp_path / "set"),
    ):
        pytest.fail("the body must not run")


def test_replacing_a_folder_swaps_it_whole(tmp_path: Path) -> None:
    for text in ("one", "two"):
        with atomic_directory(tmp_path / "set", replace=True) as part:
            (part / f"{text}.txt").write_text(text)
    assert names(tmp_path) == ["set"]
    assert names(tmp_path / "set") == ["two.txt"]


@pytest.mark.parametrize("writer", [atomic_file, atomic_directory])
def test_a_full_disk_is_one_line_that_names_the_place(tmp_path: Path, writer) -> None:
    with (
        pytest.raises(RclicksError, match=r"out: the disk is full") as caught,
        writer(tmp_path / "out"),
    ):
        disk_full()
    assert "\n" not in str(caught.value)
    assert names(tmp_path) == []


def test_a_full_disk_at_the_rename_keeps_the_old_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    with atomic_directory(tmp_path / "set") as part:
        (part / "old.txt").write_text("old")
    real = os.rename

    def rename(source: Path, target: Path) -> None:
        if str(source).endswith(".tmp") and Path(target).name == "set" and fail:
            fail.pop()
            disk_full()
        real(source, target)

    fail = [True]
    monkeypatch.setattr(os, "rename", rename)
    with (
        pytest.raises(RclicksError, match="disk is full"),
        atomic_directory(tmp_path / "set", replace=True) as part,
    ):
        (part / "new.txt").write_text("new")
    assert names(tmp_path / "set") == ["old.txt"]
    assert names(tmp_path) == ["set"]


def test_an_error_about_an_input_is_not_blamed_on_the_output(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_directory(tmp_path / "set"):
        Path("absent-input").read_text()


@pytest.mark.parametrize("writer", [atomic_file, atomic_directory])
def test_a_parent_that_is_a_file_is_named(tmp_path: Path, writer) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(RclicksError, match="cannot be written there"),
        writer(tmp_path / "file" / "set"),
    ):
        pytest.fail("the body must not run")


def test_require_absent_sees_broken_links(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(RclicksError, match="already exists"):
        require_absent(tmp_path / "link")


def test_a_full_disk_that_a_library_reports_in_its_own_way_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil
    from types import SimpleNamespace

    free = {"bytes": 100}
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free["bytes"]))
    with pytest.raises(RclicksError, match="the disk is full"), explain_full_disk(tmp_path / "x/y"):
        raise RuntimeError("unexpected pos 651008 vs 650896")
    free["bytes"] = 1 << 30
    with pytest.raises(RuntimeError, match="unexpected pos"), explain_full_disk(tmp_path / "x/y"):
        raise RuntimeError("unexpected pos 651008 vs 650896")


def test_what_killed_runs_left_is_removed_once_it_is_nobodys(tmp_path: Path) -> None:
    for name in (".set.0123abcd.tmp", ".set.89abcdef.tmp", ".settings.0123abcd.tmp"):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (0, 0))
    (tmp_path / ".set.fedcba98.tmp").mkdir()  # new: its run may be about to lock it
    held = os.open(tmp_path / ".set.89abcdef.tmp", os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with atomic_directory(tmp_path / "set"):
        assert (tmp_path / ".set.0123abcd.tmp").exists()  # may be the old set of a swap cut short
    kept = [".set.89abcdef.tmp", ".set.fedcba98.tmp", ".settings.0123abcd.tmp", "set"]
    assert names(tmp_path) == kept
    os.close(held)
    with atomic_directory(tmp_path / "set", replace=True) as part:
        os.utime(part, (0, 0))
        with atomic_directory(tmp_path / "set", replace=True):
            pass
        assert part.exists()  # a run that goes on keeps its folder
    assert names(tmp_path) == [".set.fedcba98.tmp", ".settings.0123abcd.tmp", "set"]


def test_a_scratch_folder_is_a_hidden_sibling_and_is_removed(tmp_path: Path) -> None:
    with scratch_directory(tmp_path / "parts") as scratch:
        assert scratch.parent == tmp_path
        assert scratch.name.startswith(".parts.")
        (scratch / "a").write_text("1")
    assert list(tmp_path.iterdir()) == []
