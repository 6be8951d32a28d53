"""Speed of a report over as many methods as the paper has: both sides in one run, as a ratio.

The results are simulated. The plain side draws the resamples anew for every measure and loops over
the instances for users' clicks, as reports once did; it is timed on one method. CPU time is
measured, since it does not depend on what else runs.

Run: python tests/speed/bench_report.py [methods]
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rclicks_hf.benchmark.manifest import IDENTITY
from rclicks_hf.benchmark.result_rows import RESULT_SCHEMA
from rclicks_hf.benchmark.runs import RUNS, SAMPLED_RUN, USER_RUN
from rclicks_hf.click_scoring.score_summary import BOOTSTRAP_RESAMPLES
from rclicks_hf.data.schema import SOURCE_DATASETS
from rclicks_hf.metrics import bootstrap_interval, nsr_values
from rclicks_hf.report import MEASURES, MethodResults, read_results, report_data
from rclicks_hf.report.numbers.scoring import score_methods
from rclicks_hf.report.page import render
from rclicks_hf.segmenters.methods import METHODS

CLICKS, USERS = 20, 35
DATASETS = [name for name, source in SOURCE_DATASETS.items() if source.clicks]


def write_simulated(folder: Path, name: str, seed: int, *, published: bool) -> None:
    """One method's results folder: 13 runs on every instance of the five datasets."""
    rng = np.random.default_rng(seed)
    tables = []
    for dataset in DATASETS:
        count = SOURCE_DATASETS[dataset].instances
        stems = [f"simulated_{place:05d}" for place in range(count)]
        users = rng.integers(USERS - 8, USERS + 8, count)
        for run in RUNS:
            lengths = users if run in (USER_RUN, SAMPLED_RUN) else np.full(count, CLICKS)
            offsets = np.append(0, np.cumsum(lengths)).astype(np.int32)
            ious = np.clip(rng.normal(0.8, 0.1, offsets[-1]), 0, 1)
            lists = {
                "iou": ious,
                "boundary_iou": 0.9 * ious,
                "x": np.zeros(offsets[-1], np.int32),
                "y": np.zeros(offsets[-1], np.int32),
                "is_positive": np.ones(offsets[-1], bool),
            }
            same: dict[str, Any] = {
                "dataset": dataset, "split": "", "segmenter": name, "click_model": "cm",
                "run": run, "is_simulated": True, "protocol_id": "simulated",
                "protocol_digest": "0", "error": "",
            }  # fmt: skip
            columns = {}
            for field in RESULT_SCHEMA:
                if field.name in lists:
                    values = pa.array(lists[field.name], field.type.value_type)
                    columns[field.name] = pa.ListArray.from_arrays(
                        pa.array(offsets), values, type=field.type
                    )
                elif field.name in ("full_stem", "image_stem"):
                    columns[field.name] = pa.array(stems)
                else:
                    columns[field.name] = pa.array([same.get(field.name, 0.0)] * count, field.type)
            tables.append(pa.table(columns, schema=RESULT_SCHEMA))
    folder.mkdir()
    pq.write_table(pa.concat_tables(tables), folder / "results.parquet")
    manifest: dict[str, Any] = dict.fromkeys(IDENTITY, "") | {"protocol": {}, "is_finished": True}
    manifest |= {"segmenter": name, "dataset": ",".join(DATASETS)}
    manifest |= {"published": {"by": "nobody: simulated"}} if published else {}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def cpu_seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    made = call()
    return time.process_time() - start, made


def plain_scores(method: MethodResults, threshold: float) -> None:
    """The numbers of a method, each measure resampled alone and users' clicks in a loop."""
    for measure in MEASURES.values():
        values = measure.of(method, threshold)
        if values is not None:
            kept = values[np.isfinite(values)].astype(float)
            bootstrap_interval(kept, resamples=BOOTSTRAP_RESAMPLES)
    for users in (method.user_ious, method.sampled_user_ious):
        [float(np.mean(ious)) for ious in users if len(ious)]
        [float(np.std(ious)) for ious in users if len(ious)]
        nsr_values([ious for ious in users if len(ious)])


def forget(methods: list[MethodResults]) -> None:
    """Both sides compute all of their numbers."""
    for method in methods:
        method.computed.clear()
        method.boundary.computed.clear()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else len(METHODS) + 1
    with tempfile.TemporaryDirectory() as root:
        names = ["simulated_own", *METHODS][:count]
        for place, name in enumerate(names):
            write_simulated(Path(root) / name, name, place, published=place > 0)
        folders = [Path(root) / name for name in names]
        instances = sum(SOURCE_DATASETS[name].instances for name in DATASETS)
        print(f"{count} simulated methods on {instances:,} instances, 13 runs; CPU seconds")
        read, results = cpu_seconds(lambda: read_results(*folders))
        scored, _ = cpu_seconds(lambda: results.scores)
        data_took, data = cpu_seconds(lambda: report_data(results))
        drawn, page = cpu_seconds(lambda: render(data))
        print(f"read and order           {read:8.1f}")
        print(f"numbers and intervals    {scored:8.1f}")
        print(f"tables and comparisons   {data_took:8.1f}")
        print(f"charts and page          {drawn:8.1f}   {len(page.encode()) / 1e6:.1f} MB")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"peak memory              {peak:8.1f} GiB")
        everything = list(results.values())
        one = [method for method in everything if method.key.segmenter == names[0]]
        forget(everything)
        ours, _ = cpu_seconds(lambda: score_methods(everything, results.threshold))
        forget(one)
        plain, _ = cpu_seconds(lambda: [plain_scores(m, results.threshold) for m in one])
        print(f"plain numbers            {plain * count:8.1f}   from one method")
        print(f"ratio plain / ours       {plain * count / ours:8.1f}")


if __name__ == "__main__":
    main()
