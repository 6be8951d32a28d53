"""What the differences between the benchmark's protocols do to its numbers.

    python tests/speed/measure_protocols.py DATA OUT [INSTANCES]

Simulates users on the images of DATA (GrabCut's layout), benchmarks GeoCut with the click model
`dt` under every protocol, and prints each one's numbers. The same
command resumes a stopped run in OUT.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from rclicks_hf.benchmark import PROTOCOLS, RepoInstances, run_benchmark
from rclicks_hf.data import StoreWithPrevious, build_dataset
from rclicks_hf.data.images.folders import FolderStore
from rclicks_hf.report import BenchmarkRow, MethodResults, benchmark_table, read_results
from rclicks_hf.simulation import simulate_rounds
from rclicks_hf.support.text.text_table import plain_table

NAME = "simulated_grabcut"


def build(data: Path, repo: Path) -> None:
    """A dataset repo with simulated clicks on all images, in its test split."""
    source = FolderStore("grabcut", data)
    rounds = simulate_rounds(source, dataset=NAME, seed=0)
    splits = {NAME: {stem: "test" for stem, _ in source.objects()}}
    sources = {NAME: StoreWithPrevious(source, rounds.previous_masks)}
    build_dataset(rounds.clicks, sources, repo, splits=splits)


def first_click(method: MethodResults, run: str) -> str:
    """Mean over instances of the mean and of the std of IoU over single clicks, per cent."""
    ious = [np.array(values) for values in method.ious.get(run, []) if len(values)]
    if not ious:
        return "-"
    mean, std = (np.mean([f(values) for values in ious]) for f in (np.mean, np.std))
    return f"{100 * mean:.2f} ± {100 * std:.2f}"


def row_of(name: str, row: BenchmarkRow, method: MethodResults) -> list[str]:
    """The numbers of one protocol, as text."""
    numbers = (row.delta_sb, row.delta_gr, row.nof, row.nof_reference, row.baseline_noc)
    sample = f"{row.sample_noc:.3f} ± {row.sample_noc_std:.3f}"
    users = [first_click(method, run) for run in ("user", "nuser")]
    return [
        name,
        str(row.instances),
        str(row.failures),
        sample,
        *(f"{n:.2f}" for n in numbers),
        *users,
    ]


def main(data: Path, out: Path, limit: int | None) -> None:
    """Benchmark under every protocol and print."""
    if not (out / "rclicks").exists():
        build(data, out / "rclicks")
    source, lines = RepoInstances(str(out / "rclicks"), NAME), []
    for name, protocol in PROTOCOLS.items():
        path = run_benchmark(
            source,
            segmenter="geocut",
            click_model="dt",
            out=out / "runs" / name,
            protocol=protocol,
            limit=limit,
        )
        results = read_results(path)
        [row], [method] = benchmark_table(results), results.values()
        lines.append(row_of(name, row, method))
    titles = ["protocol", "instances", "failed", "Sample NoC", "ΔSB %", "ΔGR %", "NoF strict"]
    titles += ["NoF reference", "Baseline NoC", "User IoU@1 %", "NUser IoU@1 %"]
    print(plain_table([titles, *lines], left=1))


if __name__ == "__main__":
    words = sys.argv[1:]
    main(Path(words[0]), Path(words[1]), int(words[2]) if len(words) > 2 else None)
