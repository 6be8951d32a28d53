"""Fixtures of all tests: one torch thread, stored reference values, the wheel, a tiny demo run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from helpers.commands import (
    RCLICKS,
    SMALL_PICTURES,
    PythonProcess,
    run_python,
    shared_warm_python,
    stop_warm_python,
)
from helpers.local_hub import LocalHub
from helpers.small_network import SMALL_NETWORK

REPO = Path(__file__).resolve().parents[1]
SHARED = REPO.parent / "shared"
#: Two instances in the report.
SMALL_GALLERY = """
import_module("rclicks_hf.demo.pages").GALLERY_SIZE = 2
"""
TINY_DEMO = [
    *("-c", SMALL_PICTURES + SMALL_NETWORK + SMALL_GALLERY + RCLICKS, "demo"),
    *("--scenes", "4", "--epochs", "1", "--instances", "1", "--num-proc", "2"),
]


#: Files whose tests use `demo_run`.
OF_THE_DEMO = ("tests/demo/test_demo.py", "tests/test_readme.py", "tests/test_docs.py")
#: Every test of it can go to another worker: they share nothing, and CI replays minutes of clicks.
TRACES = "tests/segmenters/click_map/test_traces.py"
#: Rooms of one worker, whose tests share a browser, exports, or processes with libraries loaded.
TOGETHER = ("tests/space/", "tests/hub/", "tests/segmenters/onnx/")
#: Files of the slowest tests. Workers begin with them, so that all end at about the same time.
SLOWEST = (
    *OF_THE_DEMO,
    TRACES,
    *("tests/training/test_train_command.py", "tests/segmenters/prompt/test_sam.py"),
    *("tests/space/browser/test_explorer.py", "tests/space/browser/test_other_pages.py"),
    *("tests/benchmark/test_shared_folder.py", "tests/hub/test_install.py"),
    *("tests/hub/test_round_trips.py", "tests/hub/test_push_kinds.py"),
    *("tests/cli/test_build.py", "tests/simulation/test_full_size_copy.py"),
    *("tests/segmenters/onnx/test_segmenter.py", "tests/benchmark/test_runner.py"),
    "tests/networks/clickability/test_saving.py",
    *("tests/benchmark/test_same_results.py", "tests/networks/clickability/test_convert.py"),
    *("tests/networks/sam_family/test_convert.py", "tests/cli/test_secrets.py"),
    *("tests/test_types.py", "tests/networks/clickability/test_parity.py"),
    *("tests/metrics/test_many_clicks.py", "tests/metrics/test_every_metric.py"),
    *("tests/click_models/test_fine_tuning_recipe.py", "tests/simulation/test_annotators.py"),
    *("tests/click_scoring/test_score_run.py", "tests/networks/saliency/test_parity.py"),
    "tests/networks/clickability/test_graphs.py",
)


def pytest_configure(config: pytest.Config) -> None:
    """The workers of the whole suite share one warm process, which starts while they do."""
    shares_out = config.getoption("numprocesses", None) and not hasattr(config, "workerinput")
    if shares_out and config.args_source is config.ArgsSource.TESTPATHS:
        meanwhile = ExitStack()
        meanwhile.enter_context(shared_warm_python())
        config.add_cleanup(meanwhile.close)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files go first; tests on a GPU are skipped where there is none."""
    ranks = {REPO / name: rank for rank, name in enumerate(SLOWEST)}
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if marked:
        import torch

        for item in () if torch.cuda.is_available() else marked:
            item.add_marker(pytest.mark.skip(reason="needs a GPU that PyTorch can use"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Each file goes to one worker, which makes its fixtures once; so do those that share them.

    Marks of groups would do, but pytest-xdist 3.8 does not see them under pytest 9.2.
    """
    from xdist.scheduler import LoadFileScheduling

    class WholeFiles(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            if file == TRACES:
                return nodeid
            rooms = (room for room in TOGETHER if file.startswith(room))
            return "demo" if file in OF_THE_DEMO else next(rooms, file)

    return WholeFiles(config, log)


@pytest.fixture(scope="session", autouse=True)
def _one_torch_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _warm_python_ends() -> Iterator[None]:
    yield
    stop_warm_python()


@pytest.fixture(scope="session")
def repo() -> Path:
    """Root of the checkout."""
    return REPO


@pytest.fixture(scope="session")
def shared() -> Path:
    """Photographs and larger oracles in a folder beside the checkout; skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} does not exist: this test needs photographs or larger oracles")
    return SHARED


@pytest.fixture(scope="session")
def oracles() -> Path:
    """The folder of stored reference values that is part of the checkout."""
    return REPO / "tests" / "oracles"


@pytest.fixture(scope="session")
def oracle() -> ModuleType:
    """The helper that rebuilds the weights and inputs of a network oracle."""
    from helpers import oracles  # it loads torch, which the process that shares out tests lacks

    return oracles


@pytest.fixture(scope="session")
def _hub() -> Iterator[LocalHub]:
    with LocalHub() as server:
        yield server


@pytest.fixture
def hf_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder for ``HF_HOME``, under the same path in all tests: see `PythonProcess`."""
    home = tmp_path_factory.getbasetemp() / "hf_home"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    return home


@pytest.fixture
def hub(_hub: LocalHub, hf_home: Path) -> LocalHub:
    """A Hub on the loopback; ``hub.env()`` holds the environment variables of its clients."""
    _hub.forget()
    _hub.home = hf_home
    return _hub


@pytest.fixture(scope="session")
def wheel_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as its built wheel unpacks, away from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, REPO]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture(scope="session")
def stopped_demo(
    tmp_path_factory: pytest.TempPathFactory, wheel_folder: Path
) -> tuple[Path, int, str, list[str]]:
    """A tiny demo, run from the wheel in an empty folder, stopped after its first stage.

    The folder, the exit code, what was printed as errors, and the files that were there then.
    """
    cwd = tmp_path_factory.mktemp("empty")
    env = {**os.environ, "PYTHONPATH": str(wheel_folder)}
    with PythonProcess(TINY_DEMO, cwd=cwd, env=env) as running:
        built = cwd / ".rclicks-demo.partial" / "rclicks"
        deadline = time.monotonic() + 120
        while not built.exists() and running.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        code = running.wait(60)
        return cwd, code, running.stderr, sorted(path.name for path in cwd.iterdir())


@pytest.fixture(scope="session")
def demo_run(
    stopped_demo: tuple[Path, int, str, list[str]], wheel_folder: Path
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The same command again, to its end: its output folder and what it printed."""
    cwd, *_ = stopped_demo
    done = run_python(TINY_DEMO, cwd=cwd, env={**os.environ, "PYTHONPATH": str(wheel_folder)})
    assert done.returncode == 0, done.stderr
    return cwd / "rclicks-demo", done
