"""The demo from end to end, stage by stage."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import torch
import transformers

from rclicks_hf.demo.inputs import gather_sources
from rclicks_hf.demo.pages import REPORT, tables_text, write_pages
from rclicks_hf.demo.settings import DemoSettings
from rclicks_hf.demo.stages import Workplace, benchmark, build_repo, score_models, train_network
from rclicks_hf.demo.workspace import workspace
from rclicks_hf.support.provenance import command_line

STAGES = 5


def run_demo(settings: DemoSettings) -> Path:
    """Go the whole way: images, simulated clicks, dataset, training, metrics, benchmark, report.

    Args:
        settings: What to run on and where to write.

    Returns:
        The report, ``<out>/report.html``; beside it lie the dataset repo ``rclicks/``, the
        ``model/``, the scores of the click models and the benchmark's results.

    Raises:
        RclicksError: If the input is not as it should be, or the output folder exists.
    """
    torch.set_num_threads(1)  # the network is small: more threads make it slower
    cv2.setNumThreads(1)
    logging.getLogger("datasets").setLevel(logging.ERROR)
    transformers.utils.logging.disable_progress_bar()  # of loading weights; training keeps its own
    sources = gather_sources(settings.data, scenes=settings.scenes, seed=settings.seed)
    with workspace(settings) as root:
        place = Workplace(root.resolve(), tuple(sources), settings)
        with _stage(1, "simulate clicks and build the dataset"):
            print(build_repo(place, sources))
        with _stage(2, "train the clickability network"):
            train_network(place)
        with _stage(3, "score click models on held-out images"):
            scores = score_models(place)
        with _stage(4, "benchmark the segmenter GeoCut"):
            results = benchmark(place)
        with _stage(5, "write the report"):
            write_pages(place, scores, results, command_line())
            tables = tables_text(scores, results)
    print(f"\n{tables}\n\n{settings.out / REPORT}: all clicks in it are simulated")
    return settings.out / REPORT


@contextmanager
def _stage(number: int, title: str) -> Iterator[None]:
    print(f"[{number}/{STAGES}] {title}", flush=True)
    start = time.perf_counter()
    yield
    print(f"      {time.perf_counter() - start:.1f} s", flush=True)
