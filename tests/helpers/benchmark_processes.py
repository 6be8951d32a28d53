"""The benchmark in processes of their own, which a test may kill."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from helpers.commands import PythonProcess

TESTS = Path(__file__).parents[1]
SCRIPT = """
import sys
sys.path[:0] = {path!r}
from helpers.benchmark_fakes import FakeSource
from rclicks_hf.benchmark import BenchmarkProtocol, run_benchmark
if __name__ == "__main__":
    run_benchmark(
        FakeSource(), segmenter="helpers.benchmark_fakes:{segmenter}",
        click_model="ud", out={out!r},
        protocol=BenchmarkProtocol(max_clicks=3), num_proc={num_proc}, progress=False,
        is_main={is_main},
    )
"""


def start(
    folder: Path, segmenter: str, num_proc: int, *, is_main: bool = True, **environment: str
) -> PythonProcess:
    """The benchmark of the fake instances, writing to ``out`` in the folder."""
    script = folder / f"script_{is_main}.py"
    path, out = [str(TESTS), str(TESTS.parent)], str(folder / "out")
    script.write_text(
        SCRIPT.format(path=path, segmenter=segmenter, out=out, num_proc=num_proc, is_main=is_main)
    )
    return PythonProcess([str(script)], env={**os.environ, **environment})


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something that another process does; the test fails on timeout."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "nothing happened for a minute"
        time.sleep(0.05)
