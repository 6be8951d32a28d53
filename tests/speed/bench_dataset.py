"""Speed of the dataset at full size: both sides in one run, as ratios.

The rows are the twin's 475,544 simulated clicks, written as the paper's CSV. The other side of the
build is the least that has to be done: ``pyarrow.csv.read_csv`` and one Parquet file. The other
side of the index is the boolean filter of the public code.

Run: python tests/speed/bench_dataset.py
"""

from __future__ import annotations

import itertools
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROUNDS = 7


def seconds(call: Callable[[], Any]) -> float:
    """Time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def pairs(ours: Callable[[], Any], plain: Callable[[], Any]) -> tuple[float, float, float]:
    """Medians of both sides, taken in turn, and of their ratio pair by pair."""
    times = [(seconds(ours), seconds(plain)) for _ in range(ROUNDS)]
    a, b = (statistics.median(side) for side in zip(*times, strict=True))
    return a, b, statistics.median(x / y for x, y in times)


def bench_build(folder: Path) -> None:
    """The build in this process, and the command in one of its own."""
    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq

    from rclicks_hf.data import build_from_files
    from rclicks_hf.simulation.full_size_copy import write_full_size_files

    clicks = write_full_size_files(folder)

    outs = (folder / f"build{number}" for number in itertools.count())

    def build() -> None:
        build_from_files(clicks, None, next(outs), progress=False)

    def plain() -> None:
        pq.write_table(pacsv.read_csv(clicks), folder / "one.parquet")

    build(), plain()
    ours, least, ratio = pairs(build, plain)
    print(f"build from the CSV                 {ours:8.2f} s")
    print(f"read_csv and one Parquet file      {least:8.2f} s   build / this: {ratio:.2f}")
    command = [sys.executable, "-m", "rclicks_hf.cli", "build", "--clicks", str(clicks)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    spent = seconds(
        lambda: subprocess.run(
            [*command, "--out", str(folder / "rclicks")],
            check=True,
            capture_output=True,
        )
    )
    peak = max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    print(f"rclicks build, whole process       {spent:8.2f} s   peak memory {peak / 2**20:.2f} GiB")


def bench_load(folder: Path) -> None:
    """A warm ``load_dataset``, and going through all instances of TETRIS' twin."""
    from datasets import load_dataset

    repo = str(folder / "rclicks")
    for config in ("simulated_davis", "all"):
        load_dataset(repo, config)
        spent = statistics.median(
            seconds(lambda config=config: load_dataset(repo, config)) for _ in range(ROUNDS)
        )
        print(f"load_dataset, warm, {config:<15}{spent:8.3f} s")
    instances = load_dataset(repo, "simulated_tetris-instances")
    spent = seconds(lambda: [row for part in instances.values() for row in part])
    count = sum(instances.num_rows.values())
    print(f"all {count:,} instances of TETRIS    {spent:8.2f} s")


def bench_index(folder: Path) -> None:
    """All clicks of one instance: the index, and the filter of the public code."""
    import pandas as pd
    from datasets import load_dataset

    from rclicks_hf.data import ClickIndex

    rows = load_dataset(str(folder / "rclicks"), "all")
    start = time.perf_counter()
    index = ClickIndex(rows)
    made = time.perf_counter() - start
    frame = pd.read_csv(folder / "clicks.csv", keep_default_na=False, low_memory=False)
    keys = list(index)
    some = [keys[i] for i in np.random.default_rng(0).permutation(len(keys))]

    def indexed() -> None:
        for dataset, stem in some:
            index.clicks(stem, dataset=dataset).x  # noqa: B018

    def filtered() -> None:
        for _, stem in some[:50]:
            chosen = frame[frame.full_stem == stem]
            chosen["x"].to_numpy(), chosen["y"].to_numpy()

    indexed(), filtered()
    ours = min(seconds(indexed) for _ in range(ROUNDS)) / len(some)
    plain = min(seconds(filtered) for _ in range(ROUNDS)) / 50
    print(f"building the index                 {made:8.2f} s")
    print(f"clicks of an instance, index       {ours * 1e6:8.2f} us")
    print(f"clicks of an instance, filter      {plain * 1e6:8.0f} us  ratio: {plain / ours:,.0f}")


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        os.environ["HF_HOME"] = str(Path(name) / "home")
        os.environ["HF_HUB_OFFLINE"] = "1"
        import datasets

        datasets.disable_progress_bars()
        print("475,544 simulated clicks of the full-size copy")
        for bench in (bench_build, bench_load, bench_index):
            bench(Path(name))


if __name__ == "__main__":
    main()
