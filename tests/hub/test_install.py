"""Installed datasets and metrics load by their names from any folder, in separate processes."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from helpers.commands import HUB_LIBRARIES, run_python

from rclicks_hf.data.build.builder import build_dataset
from rclicks_hf.data.images.memory import MemoryStore
from rclicks_hf.data.schema import CLICK_SCHEMA
from rclicks_hf.errors import RclicksError
from rclicks_hf.hub.install import install_dataset, install_metrics

LOAD = """
import json, os, sys
from datasets import load_dataset
for config, folder in json.loads(sys.argv[1]):
    os.chdir(folder)
    rows = load_dataset("rclicks", config) if config else load_dataset("rclicks")
    print(json.dumps({split: part.to_list() for split, part in rows.items()}, default=repr))
"""
Rows = dict[str, list[dict]]


def load(home: Path, *wanted: tuple[str, Path]) -> list[Rows]:
    """What a process gets: per config and folder, offline and with only the caches in ``home``."""
    env = {**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    done = run_python(["-c", LOAD, json.dumps(wanted, default=str)], env=env, loaded=HUB_LIBRARIES)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def places(tmp_path: Path, hf_home: Path) -> tuple[Path, Path]:
    """An empty folder to work in, and a home of the libraries' caches."""
    (tmp_path / "elsewhere").mkdir()
    return tmp_path / "elsewhere", hf_home


def test_the_same_rows_as_in_the_folder(built: Path, places: tuple[Path, Path]) -> None:
    cwd, home = places
    names = install_dataset(built, cache_dir=home / "datasets", progress=False)
    assert "all" in names
    configs = ("", "all", "simulated_scenes-images", "first-pc")
    folders = (cwd, built.parent)
    loaded = load(home, *((config, folder) for folder in folders for config in configs))
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
    files = list(home.rglob("*.arrow"))
    parts = {path.stat().st_ino for path in files}
    assert len(parts) == len(list(built.rglob("*.parquet"))) < len(files)
    assert not list(home.rglob(".*"))


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
        seen.append(load(home, ("", cwd), ("first", cwd)))
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
    installed, in_folder = load(places[1], ("all", places[0]), ("all", built.parent))
    assert installed == in_folder


def test_streaming_from_the_cache(built: Path, places: tuple[Path, Path]) -> None:
    cwd, home = places
    install_dataset(built, cache_dir=home / "datasets", progress=False)
    code = (
        "from datasets import load_dataset\n"
        "rows = load_dataset('rclicks', 'all', split='train', streaming=True)\n"
        "print(sum(1 for _ in rows))"
    )
    env = {**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    done = run_python(["-c", code], cwd=cwd, env=env, loaded=HUB_LIBRARIES)
    assert done.returncode == 0, done.stderr
    [rows] = load(home, ("all", cwd))
    assert int(done.stdout) == len(rows["train"])


@pytest.mark.parametrize("damage", ["no folder", "broken"])
def test_a_missing_or_broken_dataset_is_one_line(
    built: Path, tmp_path: Path, places: tuple[Path, Path], damage: str
) -> None:
    root = tmp_path / "copy"
    if damage == "broken":
        shutil.copytree(built, root)
        next((root / "clicks").rglob("*.parquet")).write_bytes(b"PAR1")
    with pytest.raises(RclicksError) as error:
        install_dataset(root, cache_dir=places[1], progress=False)
    assert str(error.value).startswith(str(root))
    assert not list(places[1].rglob("*.arrow"))


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
    installed, in_folder = load(home, ("all", cwd), ("all", built.parent))
    assert installed == in_folder


def test_files_of_no_config_are_not_installed(
    built: Path, tmp_path: Path, places: tuple[Path, Path]
) -> None:
    cwd, home = places
    root = tmp_path / "copy"
    shutil.copytree(built, root)
    shutil.copy(next((root / "clicks").rglob("*.parquet")), root / "clicks" / "copy.parquet")
    install_dataset(root, cache_dir=home / "datasets", progress=False)
    installed, in_folder = load(home, ("all", cwd), ("all", built.parent))
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
    installed = load(home, *configs)
    other, first, _ = load(home, ("first", tmp_path), ("first", cwd), ("all", tmp_path))
    assert other != first
    assert load(home, *configs) == installed


def test_remains_of_a_killed_install_are_removed(built: Path, places: tuple[Path, Path]) -> None:
    home = places[1] / "datasets"
    for name in ("rclicks/.parts.01234567.tmp", "rclicks/first/0.0.0/.old.01234567.tmp"):
        (home / name).mkdir(parents=True)
        os.utime(home / name, (0, 0))
    install_dataset(built, cache_dir=home, progress=False)
    assert not list(home.rglob(".*"))


def run(code: str, cwd: Path, env: dict[str, str]) -> str:
    done = run_python(["-c", code], cwd=cwd, env=os.environ | env, loaded=HUB_LIBRARIES)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_installed_metrics_load_by_name_from_any_folder(
    tmp_path: Path, hf_home: Path, repo: Path
) -> None:
    env = {"HF_HOME": str(hf_home), "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(repo)}
    install = "from rclicks_hf.hub import install_all; print(install_all())"
    printed = run(install, tmp_path, env)
    assert 'evaluate.load("rclicks_noc")' in printed
    assert "offline, set HF_HUB_OFFLINE=1 first" in printed
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    load = "import evaluate; print(evaluate.load('rclicks_noc').name)"
    assert "rclicks_noc" in run(load, elsewhere, env)


def test_the_cache_is_the_one_that_evaluate_uses() -> None:
    from evaluate.loading import init_dynamic_modules

    from rclicks_hf.hub.install import _evaluate_modules

    assert _evaluate_modules() == Path(init_dynamic_modules())


def test_metrics_can_be_installed_again() -> None:
    assert install_metrics() == install_metrics()


INSTANCES = """
import json, time
from rclicks_hf import load_instances
from rclicks_hf.errors import RclicksError
import datasets
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

    def instances(folder: Path) -> tuple[list, float]:
        done = run_python(["-c", INSTANCES], cwd=folder, env=env, loaded=("datasets",))
        assert (done.returncode, done.stderr) == (0, "")
        [line] = done.stdout.splitlines()
        return json.loads(line)

    # Cached under the name of its folder.
    load(home, *((f"simulated_scenes-{kind}", tmp_path) for kind in ("instances", "images")))
    assert instances(cwd)[0].startswith("rclicks: no dataset there; give the folder")
    install_dataset(built, cache_dir=home / "datasets", progress=False)
    found, spent = instances(cwd)
    assert found == instances(built.parent)[0] != instances(tmp_path)[0]
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
