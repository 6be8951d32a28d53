from __future__ import annotations

from pathlib import Path

import pytest

from rclicks_hf.demo.settings import DemoSettings
from rclicks_hf.demo.workspace import open_workspace
from rclicks_hf.errors import RclicksError


@pytest.mark.parametrize(
    ("name", "value"),
    [("scenes", 2), ("epochs", 0), ("instances", 0), ("seed", -1), ("num_proc", 0)],
)
def test_senseless_numbers_are_one_line(name: str, value: int) -> None:
    with pytest.raises(RclicksError, match=f"--{name.replace('_', '-')} {value}: must be at least"):
        DemoSettings(**{name: value})


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"out": Path("elsewhere")}, True),
        ({"num_proc": 7}, True),
        ({"seed": 1}, False),
        ({"data": Path("photos")}, False),
        ({"full": True}, False),
        ({"epochs": 3}, False),
    ],
)
def test_the_digest_changes_with_what_decides_the_results(change: dict, same: bool) -> None:
    assert (DemoSettings(**change).digest == DemoSettings().digest) is same


def stop_after_writing(settings: DemoSettings) -> None:
    with open_workspace(settings) as work:
        (work.root / "a.txt").write_text("done")
        raise KeyboardInterrupt


def test_a_stopped_run_is_found_again_by_the_same_settings(tmp_path: Path) -> None:
    settings = DemoSettings(out=tmp_path / "out")
    with pytest.raises(KeyboardInterrupt):
        stop_after_writing(settings)
    assert not settings.out.exists()
    with open_workspace(settings) as work:
        assert (work.root / "a.txt").read_text() == "done"
    assert [p.name for p in settings.out.iterdir()] == ["a.txt"]
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_what_other_settings_left_is_not_mixed_in(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        stop_after_writing(DemoSettings(out=tmp_path / "out", seed=1))
    with open_workspace(DemoSettings(out=tmp_path / "out", seed=2)) as work:
        assert not (work.root / "a.txt").exists()


def test_a_run_that_fails_at_once_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RclicksError), open_workspace(DemoSettings(out=tmp_path / "out")):
        raise RclicksError("bad input")
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    with (
        pytest.raises(RclicksError, match="already exists"),
        open_workspace(DemoSettings(out=tmp_path / "out")),
    ):
        pytest.fail("the body must not run")
    assert (tmp_path / "out" / "mine.txt").read_text() == "keep"


def test_changed_pictures_are_other_settings(tmp_path: Path) -> None:
    (tmp_path / "data_GT").mkdir()
    picture = tmp_path / "data_GT" / "a.jpg"
    picture.write_bytes(b"one")
    before = DemoSettings(data=tmp_path).digest
    assert DemoSettings(data=tmp_path).digest == before
    picture.write_bytes(b"three")
    assert DemoSettings(data=tmp_path).digest != before
