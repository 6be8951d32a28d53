from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rclicks_hf.errors import RclicksError
from rclicks_hf.support.files import atomic
from rclicks_hf.support.files.atomic import (
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
    with atomic_directory(tmp_path / "set") as part:
        (part / "old.txt").write_text("old")
    monkeypatch.setattr(atomic, "_renameat2", disk_full)
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


@pytest.fixture(params=["renameat2", "no renameat2", "refused by the file system"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A system with and without the calls that refuse or swap."""
    if request.param == "no renameat2":
        monkeypatch.setattr(atomic, "_find_renameat2", lambda: None)
    if request.param == "refused by the file system":

        def refuse(*_: object) -> int:
            atomic.ctypes.set_errno(errno.EINVAL)
            return -1

        monkeypatch.setattr(atomic, "_find_renameat2", lambda: refuse)
    return request.param


def _make_folder(path: Path) -> None:
    path.mkdir()
    (path / "mine.txt").write_text("mine")


MEANWHILE: dict[str, Callable[[Path], object]] = {
    "folder": _make_folder,
    "empty folder": Path.mkdir,
    "file": lambda path: path.write_text("mine"),
    "broken link": lambda path: path.symlink_to("nowhere"),
}


@pytest.mark.parametrize("kind", MEANWHILE)
@pytest.mark.usefixtures("system")
def test_what_appears_meanwhile_is_left_and_the_work_is_kept(tmp_path: Path, kind: str) -> None:
    (tmp_path / "set-1").mkdir()  # a name that is taken, too
    with (
        pytest.raises(RclicksError, match=r"set: was created .* is in \S*/set-2$") as caught,
        atomic_directory(tmp_path / "set") as part,
    ):
        (part / "new.txt").write_text("new")
        MEANWHILE[kind](tmp_path / "set")
    assert "\n" not in str(caught.value)
    assert names(tmp_path) == ["set", "set-1", "set-2"]
    assert names(tmp_path / "set-2") == ["new.txt"]
    found = tmp_path / "set"
    if kind == "folder":
        assert names(found) == ["mine.txt"]
    elif kind == "empty folder":
        assert names(found) == []
    elif kind == "file":
        assert found.read_text() == "mine"
    else:
        assert found.is_symlink()


@pytest.mark.usefixtures("system")
def test_of_two_runs_at_once_one_gets_the_name(tmp_path: Path) -> None:
    with (
        pytest.raises(RclicksError, match=r"set: was created .* is in \S*/set-1$"),
        atomic_directory(tmp_path / "set") as outer,
    ):
        (outer / "outer").touch()
        with atomic_directory(tmp_path / "set") as inner:
            (inner / "inner").touch()
    assert names(tmp_path) == ["set", "set-1"]
    assert (names(tmp_path / "set"), names(tmp_path / "set-1")) == (["inner"], ["outer"])


@pytest.mark.usefixtures("system")
def test_replacing_works_with_and_without_an_older_folder(tmp_path: Path) -> None:
    for text in ("one", "two", "three"):
        with atomic_directory(tmp_path / "set", replace=True) as part:
            (part / text).touch()
        assert (names(tmp_path), names(tmp_path / "set")) == (["set"], [text])
    with atomic_directory(tmp_path / "set", replace=True) as part:
        (tmp_path / "set").rename(tmp_path / "moved")  # by its owner, meanwhile
        (part / "four").touch()
    assert (names(tmp_path / "moved"), names(tmp_path / "set")) == (["three"], ["four"])


REPLACE = """
import sys
from pathlib import Path
from rclicks_hf.support.files.atomic import atomic_directory
print("ready", flush=True)
while True:
    with atomic_directory(Path(sys.argv[1]), replace=True) as part:
        (part / "a").write_text("whole")
"""


def test_a_folder_that_is_replaced_exists_at_every_moment_and_after_a_kill(tmp_path: Path) -> None:
    if atomic._find_renameat2() is None:
        pytest.skip("this system cannot swap two names in one step")
    final = tmp_path / "set"
    final.mkdir()
    (final / "a").write_text("whole")
    command = [sys.executable, "-c", REPLACE, str(final)]
    for moment in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            until = time.monotonic() + 0.3 + moment / 100
            while time.monotonic() < until:
                assert final.exists()
            process.send_signal(signal.SIGKILL)
        assert (final / "a").read_text() == "whole"


KILLED = """
import os, sys
from pathlib import Path
from rclicks_hf.support.files import atomic
atomic._find_renameat2 = lambda: None
atomic._rename_new = lambda *_: os._exit(9)  # between the two steps of the swap
with atomic.atomic_directory(Path(sys.argv[1]), replace=True) as part:
    (part / "new").touch()
"""


@pytest.mark.parametrize("replace", [False, True])
def test_a_swap_killed_half_way_is_repaired_at_the_next_start(
    tmp_path: Path, replace: bool
) -> None:
    final = tmp_path / "set"
    final.mkdir()
    (final / "old").touch()
    done = subprocess.run([sys.executable, "-c", KILLED, str(final)])
    assert done.returncode == 9
    assert not final.exists()
    if replace:
        with atomic_directory(final, replace=True):
            assert names(final) == ["old"]
    else:
        with pytest.raises(RclicksError, match="already exists"), atomic_directory(final):
            pytest.fail("the body must not run")
        assert names(final) == ["old"]
    assert not (tmp_path / ".set.replaced").exists()
