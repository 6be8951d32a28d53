"""The demo, stage by stage."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rclicks_hf.demo.settings import DemoSettings
from rclicks_hf.support.files.atomic import require_absent
from rclicks_hf.support.provenance import command_line

STAGES = 5


def run_demo(settings: DemoSettings) -> Path:
    """Run the demo: images, simulated clicks, dataset, training, metrics, benchmark, report.

    Returns the report ``<out>/report.html``; beside it are the dataset repo ``rclicks/``, the
    network, ``click_scores/`` and the benchmark's ``results/``.
    """
    # What the user gave is checked before the seconds that importing the libraries takes.
    require_absent(settings.out)
    from rclicks_hf.demo.inputs import gather_sources

    sources = gather_sources(settings.data, scenes=settings.scenes, seed=settings.seed)

    import cv2
    import torch
    import transformers

    from rclicks_hf.demo.pages import REPORT, write_pages
    from rclicks_hf.demo.stages import benchmark, build_repo, score_models, train_network
    from rclicks_hf.demo.workspace import open_workspace

    torch.set_num_threads(1)  # the network is small: more threads make it slower
    cv2.setNumThreads(1)
    logging.getLogger("datasets").setLevel(logging.ERROR)
    transformers.utils.logging.disable_progress_bar()  # of weight loading; training shows its own
    with open_workspace(settings, tuple(sources)) as space:
        with _stage(1, "simulate clicks and build the dataset"):
            print(build_repo(space, sources))
        with _stage(2, "train the clickability network"):
            train_network(space)
        with _stage(3, "score click models on held-out images"):
            scores = score_models(space)
        with _stage(4, "benchmark the segmenter GeoCut"):
            results = benchmark(space)
        with _stage(5, "write the report"):
            tables = write_pages(space, scores, results, command_line())
    print(f"\n{tables}\n\n{settings.out / REPORT}: all clicks in it are simulated")
    return settings.out / REPORT


@contextmanager
def _stage(number: int, title: str) -> Iterator[None]:
    print(f"[{number}/{STAGES}] {title}", flush=True)
    start = time.perf_counter()
    yield
    print(f"      {time.perf_counter() - start:.1f} s", flush=True)
