"""Installed datasets and metrics load by their names from any folder, in other processes too."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from datasets import load_dataset
from helpers.commands import HUB_LIBRARIES, run_python

from rclicks_hf.data.build.builder import build_dataset
from rclicks_hf.data.images.memory import MemoryStore
from rclicks_hf.data.schema import CLICK_SCHEMA
from rclicks_hf.errors import RclicksError
from rclicks_hf.hub.install import _evaluate_modules, install_dataset, install_metrics

LOAD = """
import json, os, sys
from datasets import load_dataset
for config, folder in json.loads(sys.argv[1]):
    os.chdir(folder)
    rows = load_dataset("rclicks", config) if config else load_dataset("rclicks")
    print(json.dumps({split: part.to_list() for split, part in rows.items()}, default=repr))
"""
Rows = dict[str, list[dict]]


def run(code: str, *words: str, cwd: Path) -> str:
    """What a process prints that is offline and has the caches of this one."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = run_python(["-c", code, *words], cwd=cwd, env=env, loaded=HUB_LIBRARIES)
    assert done.returncode == 0, done.stderr
    return done.stdout


def load(*wanted: tuple[str, Path]) -> list[Rows]:
    """What is loaded per config and folder, offline and from the caches of this process."""
    found = []
    for config, folder in wanted:
        with contextlib.chdir(folder):
            rows = load_dataset("rclicks", config or None)
        found.append({split: part.to_list() for split, part in rows.items()})
    return found


@pytest.fixture
def places(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """An empty folder to work in, and the home of the libraries' caches, which know no rclicks."""
    home = Path(os.environ["HF_HOME"])
    (tmp_path / "elsewhere").mkdir()
    shutil.rmtree(home / "datasets" / "rclicks", ignore_errors=True)
    yield tmp_path / "elsewhere", home
    shutil.rmtree(home / "datasets" / "rclicks", ignore_errors=True)


def test_the_same_rows_as_in_the_folder(built: Path, places: tuple[Path, Path]) -> None:
    cwd, home = places
    names = install_dataset(built, cache_dir=home / "datasets", progress=False)
    assert "all" in names
    configs = ("", "all", "simulated_scenes-images", "first-pc")
    folders = (cwd, built.parent)
    wanted = json.dumps([(config, folder) for folder in folders for config in configs], default=str)
    loaded = [json.loads(line) for line in run(LOAD, wanted, cwd=cwd).splitlines()]
    installed, in_folder = loaded[: len(configs)], loaded[len(configs) :]
    for config, there, here in zip(configs, installed, in_folder, strict=True):
        assert {split: len(rows) for split, rows in there.items()} == {
            split: len(rows) for split, rows in here.items()
        }, config
        if "images" not in config:  # pictures print as addresses
            assert there == here, config


def test_a_click_lies_on_the_disk_once(built: Path, places: tuple[Path, Path]) -> None:
    home = places[1] / "datasets"
    install_dataset(built, cache_dir=home, progress=False)
    files = list((home / "rclicks").rglob("*.arrow"))
    parts = {path.stat().st_ino for path in files}
    assert len(parts) == len(list(built.rglob("*.parquet"))) < len(files)
    assert not list((home / "rclicks").rglob(".*"))


def test_a_new_build_replaces_the_old_one(
    tmp_path: Path,
    places: tuple[Path, Path],
    make_source: Callable[..., MemoryStore],
    make_clicks: Callable[..., pa.Table],
) -> None:
    cwd, home = places
    clicks = make_clicks(make_source(3))
    moved = [row | {"x": (row["x"] + 1) % row["w"]} for row in clicks.to_pylist()]
    seen = []
    for table in (clicks, pa.Table.from_pylist(moved, CLICK_SCHEMA)):
        build_dataset(table, {}, tmp_path / "rclicks", replace=True, progress=False)
        install_dataset(tmp_path / "rclicks", cache_dir=home / "datasets", progress=False)
        seen.append(load(("", cwd), ("first", cwd)))
    assert seen[0] != seen[1]
    rows = [row for part in seen[1][0].values() for row in part]
    assert sorted(row["x"] for row in rows) == sorted(row["x"] for row in moved)
    versions = list((home / "datasets" / "rclicks" / "first" / "0.0.0").iterdir())
    assert len(versions) == 1


def test_without_hard_links_the_files_are_copied(
    built: Path, places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    install_dataset(built, cache_dir=places[1] / "datasets", progress=False)
    installed, in_folder = load(("all", places[0]), ("all", built.parent))
    assert installed == in_folder


def test_streaming_from_the_cache(built: Path, places: tuple[Path, Path]) -> None:
    cwd, home = places
    install_dataset(built, cache_dir=home / "datasets", progress=False)
    [rows] = load(("all", cwd))
    with contextlib.chdir(cwd):
        streamed = list(load_dataset("rclicks", "all", split="train", streaming=True))
    assert streamed == rows["train"]


@pytest.mark.parametrize("damage", ["no folder", "broken"])
def test_a_missing_or_broken_dataset_is_one_line(built: Path, tmp_path: Path, damage: str) -> None:
    root = tmp_path / "copy"
    if damage == "broken":
        shutil.copytree(built, root)
        next((root / "clicks").rglob("*.parquet")).write_bytes(b"PAR1")
    with pytest.raises(RclicksError) as error:
        install_dataset(root, cache_dir=tmp_path / "cache", progress=False)
    assert str(error.value).startswith(str(root))
    assert not list((tmp_path / "cache").rglob("*.arrow"))


def test_a_damaged_build_leaves_what_was_installed(
    built: Path, tmp_path: Path, places: tuple[Path, Path]
) -> None:
    cwd, home = places
    install_dataset(built, cache_dir=home / "datasets", progress=False)
    root = tmp_path / "copy"
    shutil.copytree(built, root)
    shutil.rmtree(root / "images")
    with pytest.raises(RclicksError, match="no files of the config 'sim"):
        install_dataset(root, cache_dir=home / "datasets", progress=False)
    (root / "README.md").write_text("---\nconfigs: []\n---\n")
    with pytest.raises(RclicksError, match="lists no configs"):
        install_dataset(root, cache_dir=home / "datasets", progress=False)
    installed, in_folder = load(("all", cwd), ("all", built.parent))
    assert installed == in_folder


def test_files_of_no_config_are_not_installed(
    built: Path, tmp_path: Path, places: tuple[Path, Path]
) -> None:
    cwd, home = places
    root = tmp_path / "copy"
    shutil.copytree(built, root)
    shutil.copy(next((root / "clicks").rglob("*.parquet")), root / "clicks" / "copy.parquet")
    install_dataset(root, cache_dir=home / "datasets", progress=False)
    installed, in_folder = load(("all", cwd), ("all", built.parent))
    assert installed == in_folder


def test_another_build_loaded_in_its_own_folder_does_not_replace_the_installed_one(
    built: Path,
    tmp_path: Path,
    places: tuple[Path, Path],
    make_source: Callable[..., MemoryStore],
    make_clicks: Callable[..., pa.Table],
) -> None:
    cwd, home = places
    install_dataset(built, cache_dir=home / "datasets", progress=False)
    build_dataset(make_clicks(make_source(3), seed=5), {}, tmp_path / "rclicks", progress=False)
    configs = ("", cwd), ("first", cwd)
    installed = load(*configs)
    other, first, _ = load(("first", tmp_path), ("first", cwd), ("all", tmp_path))
    assert other != first
    assert load(*configs) == installed


def test_remains_of_a_killed_install_are_removed(built: Path, places: tuple[Path, Path]) -> None:
    home = places[1] / "datasets"
    own = home / "rclicks"
    for name in (".parts.01234567.tmp", "first/0.0.0/.old.01234567.tmp"):
        (own / name).mkdir(parents=True)
        os.utime(own / name, (0, 0))
    install_dataset(built, cache_dir=home, progress=False)
    assert not list(own.rglob(".*"))


def test_installed_metrics_load_by_name_from_any_folder(tmp_path: Path) -> None:
    for installed in (_evaluate_modules() / "metrics").glob("*rclicks_noc"):
        shutil.rmtree(installed)
    printed = run("from rclicks_hf.hub import install_all; print(install_all())", cwd=tmp_path)
    assert 'evaluate.load("rclicks_noc")' in printed
    assert "offline, set HF_HUB_OFFLINE=1 first" in printed
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    code = (
        "import time, evaluate\n"
        "time.sleep = lambda seconds: None\n"  # between tries, of which the Hub has three
        "print(evaluate.load('rclicks_noc').name)\n"
        "print(evaluate.loading.init_dynamic_modules())"
    )
    name, modules = run(code, cwd=elsewhere).splitlines()
    assert "rclicks_noc" in name
    assert Path(modules) == _evaluate_modules()


def test_metrics_can_be_installed_again() -> None:
    assert install_metrics() == install_metrics()


INSTANCES = """
import json, os, sys, time
from rclicks_hf import load_instances
from rclicks_hf.errors import RclicksError
import datasets
for folder in sys.argv[1:]:
    os.chdir(folder)
    start = time.perf_counter()
    try:
        table = load_instances("rclicks", "simulated_scenes", split="train")
        found = [[one.full_stem, one.clicks.x.tolist()] for one in table]
    except RclicksError as error:
        found = str(error)
    print(json.dumps([found, time.perf_counter() - start]))
"""


def test_our_own_loading_takes_only_the_installed_dataset_and_asks_no_network(
    built: Path,
    tmp_path: Path,
    places: tuple[Path, Path],
    make_source: Callable[..., MemoryStore],
    make_clicks: Callable[..., pa.Table],
    repo: Path,
) -> None:
    cwd, home = places
    source = make_source()
    build_dataset(
        make_clicks(source, seed=5), {"simulated_scenes": source}, tmp_path / "rclicks",
        progress=False,
    )  # fmt: skip
    env = {key: value for key, value in os.environ.items() if not key.endswith("OFFLINE")}
    env |= {"HF_HOME": str(home), "HF_ENDPOINT": "http://127.0.0.1:9", "PYTHONPATH": str(repo)}

    def instances(*folders: Path) -> list[tuple[Any, float]]:
        done = run_python(["-c", INSTANCES, *map(str, folders)], env=env, loaded=("datasets",))
        assert (done.returncode, done.stderr) == (0, "")
        return [json.loads(line) for line in done.stdout.splitlines()]

    # Cached under the name of its folder.
    load(*((f"simulated_scenes-{kind}", tmp_path) for kind in ("instances", "images")))
    [(problem, _)] = instances(cwd)
    assert problem.startswith("rclicks: no dataset there; give the folder")
    install_dataset(built, cache_dir=home / "datasets", progress=False)
    (found, spent), (in_folder, _), (in_other, _) = instances(cwd, built.parent, tmp_path)
    assert found == in_folder != in_other
    assert spent < 3


def test_a_path_needs_no_network_and_prints_nothing(built: Path, places: tuple[Path, Path]) -> None:
    cwd, home = places
    env = {key: value for key, value in os.environ.items() if not key.endswith("OFFLINE")}
    env |= {"HF_HOME": str(home), "HF_ENDPOINT": "http://127.0.0.1:9"}
    code = (
        "import sys, time, datasets\n"
        "datasets.disable_progress_bars()\n"
        "start = time.perf_counter()\n"
        "rows = datasets.load_dataset(sys.argv[1], 'all', split='train')\n"
        "sys.exit(len(rows) == 0 or time.perf_counter() - start > 3)"
    )
    done = run_python(["-c", code, str(built)], cwd=cwd, env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
