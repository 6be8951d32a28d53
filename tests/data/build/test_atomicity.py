"""A build that fails, for any reason, leaves nothing new and the old dataset whole."""

from __future__ import annotations

import errno
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rclicks_hf.data.build import builder
from rclicks_hf.data.build.builder import build_dataset
from rclicks_hf.data.build.verify import verify_dataset
from rclicks_hf.data.images.memory import MemoryStore
from rclicks_hf.errors import RclicksError


def _full_disk(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def _interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def _files(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize(
    ("place", "failure", "error"),
    [
        ((builder, "write_instance_files"), _full_disk, RclicksError),
        ((pq.ParquetWriter, "write_table"), _full_disk, RclicksError),
        ((builder, "write_card"), _full_disk, RclicksError),
        ((builder, "write_card"), _interrupt, KeyboardInterrupt),
        ((MemoryStore, "mask"), _interrupt, KeyboardInterrupt),
    ],
)
@pytest.mark.parametrize("replace", [False, True])
def test_a_failed_build_leaves_things_as_they_were(
    tmp_path: Path,
    make_source: Callable[..., MemoryStore],
    make_clicks: Callable[..., pa.Table],
    monkeypatch: pytest.MonkeyPatch,
    place: tuple[object, str],
    failure: Callable[..., None],
    error: type[BaseException],
    replace: bool,
) -> None:
    source = make_source(2)
    sources = {"simulated_scenes": source}
    out = tmp_path / "rclicks"
    if replace:
        build_dataset(make_clicks(source), sources, out, progress=False)
    before = _files(tmp_path)
    monkeypatch.setattr(*place, failure)
    with pytest.raises(error) as caught:
        build_dataset(make_clicks(source, seed=9), sources, out, replace=replace, progress=False)
    assert "\n" not in str(caught.value)
    if failure is _full_disk:
        assert "full" in str(caught.value)
    assert _files(tmp_path) == before
    assert out.exists() == replace
    if replace:
        assert all(check.ok is not False for check in verify_dataset(out))


def test_an_existing_folder_is_not_touched(
    tmp_path: Path, make_source: Callable[..., MemoryStore], make_clicks: Callable[..., pa.Table]
) -> None:
    (tmp_path / "keep.txt").write_text("mine")
    with pytest.raises(RclicksError, match="already exists"):
        build_dataset(make_clicks(make_source(1)), {}, tmp_path, progress=False)
    assert _files(tmp_path) == {"keep.txt": b"mine"}


def _is_kept(folder: Path, clicks: pa.Table, out: Path, message: str) -> None:
    before = _files(folder)
    with pytest.raises(RclicksError, match=message):
        build_dataset(clicks, {}, out, replace=True, progress=False)
    assert _files(folder) == before


def test_only_a_build_is_replaced(
    tmp_path: Path,
    make_source: Callable[..., MemoryStore],
    make_clicks: Callable[..., pa.Table],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clicks = make_clicks(make_source(1))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "clicks.csv").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "card").mkdir()
    (tmp_path / "card" / "README.md").write_text("---\nconfigs: [{config_name: other}]\n---\n")
    for name in ("folder", "file", "card"):
        _is_kept(tmp_path, clicks, tmp_path / name, "is not a dataset made by `rclicks build`")
    build_dataset(clicks, {}, tmp_path / "rclicks", progress=False)
    monkeypatch.chdir(tmp_path / "rclicks")
    for out in (".", "..", tmp_path / "rclicks"):
        _is_kept(tmp_path, clicks, Path(out), "is the current folder")


@pytest.mark.parametrize("path", ["results/results.parquet", ".git/HEAD", "clicks/notes.txt"])
def test_a_build_with_files_of_the_user_is_not_replaced(
    make_source: Callable[..., MemoryStore],
    make_clicks: Callable[..., pa.Table],
    tmp_path: Path,
    path: str,
) -> None:
    clicks, out = make_clicks(make_source()), tmp_path / "rclicks"
    build_dataset(clicks, {}, out, progress=False)
    (out / ".cache/huggingface").mkdir(parents=True)
    for made in (".DS_Store", ".cache/huggingface/.gitignore"):
        (out / made).touch()
    build_dataset(clicks, {}, out, replace=True, progress=False)
    (out / path).parent.mkdir(exist_ok=True)
    (out / path).write_text("mine")
    with pytest.raises(RclicksError, match=rf"holds '{path}', which --replace would.*move it to"):
        build_dataset(clicks, {}, out, replace=True, progress=False)
    assert (out / path).read_text() == "mine"


def test_what_a_link_names_is_replaced_and_the_link_stays(
    tmp_path: Path, make_source: Callable[..., MemoryStore], make_clicks: Callable[..., pa.Table]
) -> None:
    (tmp_path / "rclicks").symlink_to(tmp_path / "disk" / "build")
    (tmp_path / "disk" / "build").mkdir(parents=True)  # an empty folder may be taken
    for images in (1, 2):
        clicks = make_clicks(make_source(images))
        build_dataset(clicks, {}, tmp_path / "rclicks", replace=True, progress=False)
    assert (tmp_path / "rclicks").is_symlink()
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["build"]
    assert len(pq.read_table(tmp_path / "disk" / "build" / "instances", partitioning=None)) == 4


def test_a_folder_of_the_user_that_appears_while_a_build_is_replaced_is_left(
    tmp_path: Path,
    make_source: Callable[..., MemoryStore],
    make_clicks: Callable[..., pa.Table],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "rclicks"
    clicks = make_clicks(make_source(1))
    write = builder.write_card

    def write_and_interfere(*args: object, **options: object) -> list[str]:
        out.mkdir()
        (out / "mine.txt").write_text("mine")
        return write(*args, **options)

    monkeypatch.setattr(builder, "write_card", write_and_interfere)
    with pytest.raises(RclicksError, match="is not a dataset made by `rclicks build`"):
        build_dataset(clicks, {}, out, replace=True, progress=False)
    assert _files(tmp_path) == {"rclicks/mine.txt": b"mine"}


def test_of_two_builds_at_once_one_ends_well(
    tmp_path: Path, make_source: Callable[..., MemoryStore], make_clicks: Callable[..., pa.Table]
) -> None:
    start = Barrier(2)

    def build(seed: int) -> str:
        clicks = make_clicks(make_source(1), seed=seed)
        start.wait()
        try:
            build_dataset(clicks, {}, tmp_path / "rclicks", progress=False)
        except RclicksError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(2) as pool:
        messages = sorted(pool.map(build, (1, 2)))
    assert messages[0] == ""
    if "was created meanwhile" in messages[1]:
        assert messages[1].endswith("/rclicks-1")
        assert all(check.ok is not False for check in verify_dataset(tmp_path / "rclicks-1"))
    else:  # the second began when the first had ended
        assert "already exists" in messages[1]
    assert all(check.ok is not False for check in verify_dataset(tmp_path / "rclicks"))
