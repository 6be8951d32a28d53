"""What the demo shows at its end: the printed tables, the report page and its summary picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from rclicks_hf.benchmark import Clicker
from rclicks_hf.click_models import load_click_model
from rclicks_hf.click_scoring.evaluation import format_scores, mean_scores
from rclicks_hf.data import Instance
from rclicks_hf.demo.stages import MODEL, Workplace, spread
from rclicks_hf.metrics import CLICK_METRICS
from rclicks_hf.report import (
    ClickModelRow,
    GalleryItem,
    ReportData,
    benchmark_table,
    format_table,
    load_results,
    report_data_from_results,
    summary_figure,
    write_report,
)

REPORT = "report.html"
PICTURE = "report.png"
GALLERY_SIZE = 6
EMBEDDED = "generated scenes, and photographs that scikit-image ships (credits: rclicks/README.md)"


def tables_text(scores: pd.DataFrame, results: Sequence[Path]) -> str:
    """The tables that the demo prints: click models, then the segmenter."""
    table = format_table(benchmark_table(load_results(*results)))
    return f"{format_scores(mean_scores(scores))}\n\nBenchmark (simulated clicks)\n{table}"


def write_pages(
    place: Workplace, scores: pd.DataFrame, results: Sequence[Path], command: str
) -> None:
    """Write the report and its summary picture."""
    data = report_data(place, scores, results, command)
    write_report(data, place.root / REPORT)
    summary_figure(data, place.root / PICTURE)


def report_data(
    place: Workplace, scores: pd.DataFrame, results: Sequence[Path], command: str
) -> ReportData:
    """Everything that the report of a demo run shows."""
    data = report_data_from_results(
        results, title="RClicks demo on simulated clicks", command=command
    )
    benchmarked = sum(row.instances + row.failures for row in data.benchmark_rows)
    return replace(
        data,
        settings={**_settings(place, scores, benchmarked), **data.settings},
        click_scores=_click_scores(scores),
        gallery=_gallery(place),
    )


def _settings(place: Workplace, scores: pd.DataFrame, benchmarked: int) -> dict[str, str]:
    held_out = sum(len(table) for table in place.instances("test", first_round=True).values())
    settings = place.settings
    return {
        "Images": str(settings.data) if settings.data else EMBEDDED,
        "Clicks": "simulated: a density fitted to the paper's human scores; no person clicked",
        "Click models scored on": f"{scores['full_stem'].nunique()} held-out instances, all rounds",
        "Segmenter benchmarked on": f"{benchmarked} of {held_out} held-out first-round instances",
        "Training": f"{settings.epochs} epochs from scratch, seed {settings.seed}",
    }


def _click_scores(scores: pd.DataFrame) -> list[ClickModelRow]:
    return [
        ClickModelRow(
            click_model=row["click_model"],
            dataset=row["dataset"],
            n=row["instances"],
            is_simulated=bool(row["is_simulated"]),
            **{name: float(row[name]) for name in CLICK_METRICS},
        )
        for row in mean_scores(scores).to_dict("records")
    ]


def _gallery(place: Workplace) -> list[GalleryItem]:
    """Held-out first-round instances, spread evenly over the datasets and images."""
    tables = place.instances("test", first_round=True)
    chosen = [tables[name][i] for name, of in spread(tables, GALLERY_SIZE).items() for i in of]
    network = load_click_model(place.root / MODEL)
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
