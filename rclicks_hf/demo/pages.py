"""The demo's output: the printed tables, the report page and its summary picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from rclicks_hf.benchmark import Clicker
from rclicks_hf.click_models import load_click_model
from rclicks_hf.click_scoring.score_text import format_score_tables
from rclicks_hf.data import Instance
from rclicks_hf.demo.stages import spread
from rclicks_hf.demo.workspace import MODEL, Workspace
from rclicks_hf.report import (
    GalleryItem,
    Results,
    read_results,
    report_data,
    summary_figure,
    write_report,
)
from rclicks_hf.report.numbers.click_model_results import ClickModelResults, read_score_folders
from rclicks_hf.report.tables.benchmark_table import format_intervals

REPORT = "report.html"
PICTURE = "report.png"
GALLERY_SIZE = 6
VARIES = (
    "The network was trained on this machine, and floating-point rounding differs between\n"
    "machines. On another one, the rows of CM, and all columns of the benchmark except NSR and\n"
    "Baseline NoC, may differ by as much as the width of their intervals."
)
EMBEDDED = "generated scenes, and photographs that scikit-image ships (credits: rclicks/README.md)"


def write_pages(space: Workspace, scored: Path, benchmarked: Sequence[Path], command: str) -> str:
    """Write the report and its summary picture; returns the tables that the demo prints."""
    results, scores = read_results(*benchmarked), read_score_folders(scored)
    data = report_data(
        results,
        scores,
        title="RClicks demo on simulated clicks",
        command=command,
        settings=_settings(space, scores, results),
    )
    data = replace(data, gallery=_gallery(space))
    write_report(data, space.root / REPORT)
    summary_figure(data, space.root / PICTURE)
    benchmark = format_intervals(results.rows, results.scores)
    return "\n\n".join(
        [
            format_score_tables(scores.tables),
            f"Benchmark (simulated clicks)\n{benchmark}",
            VARIES,
        ]
    )


def _settings(space: Workspace, scores: ClickModelResults, results: Results) -> dict[str, str]:
    scored = sum(table.means[0].instances for table in scores.tables)
    benchmarked = sum(row.instances + row.failures for row in results.rows)
    held_out = sum(len(table) for table in space.instances("test", first_round=True).values())
    settings = space.settings
    return {
        "Images": str(settings.data) if settings.data else EMBEDDED,
        "Clicks": "simulated: a density fitted to the paper's human scores; no person clicked",
        "Click models scored on": f"{scored} held-out instances, all rounds",
        "Segmenter benchmarked on": f"{benchmarked} of {held_out} held-out first-round instances",
        "Training": f"{settings.epochs} epochs from scratch, seed {settings.seed}",
        "Other machines": " ".join(VARIES.split()),
    }


def _gallery(space: Workspace) -> list[GalleryItem]:
    """Held-out first-round instances, spread over the datasets and images."""
    tables = space.instances("test", first_round=True)
    chosen = [tables[name][i] for name, of in spread(tables, GALLERY_SIZE).items() for i in of]
    network = load_click_model(space.root / MODEL)
    maps = network.click_maps(
        [instance.image for instance in chosen],
        [instance.object_mask for instance in chosen],
        [instance.error_mask for instance in chosen],
    )
    pairs = zip(chosen, maps, strict=True)
    return [_gallery_item(instance, click_map) for instance, click_map in pairs]


def _gallery_item(instance: Instance, click_map: np.ndarray) -> GalleryItem:
    nothing_yet = np.zeros(instance.mask.shape, bool)
    return GalleryItem(
        instance=instance,
        click_map=click_map,
        baseline_click=Clicker(instance.mask).next(nothing_yet),
        caption="Held out",
    )
