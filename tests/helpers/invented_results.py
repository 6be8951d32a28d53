"""Results folders of invented numbers, for pages that show many methods."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from rclicks_hf.benchmark.groups import CLICKING_GROUPS
from rclicks_hf.benchmark.manifest import IDENTITY
from rclicks_hf.benchmark.result_rows import ResultRow, write_part


def write_results(
    folder: Path,
    segmenter: str,
    *,
    dataset: str = "davis",
    skill: float = 0.8,
    simulated: bool = False,
    published: bool = False,
    click_model: str = "network",
    instances: int = 8,
) -> Path:
    """A folder as ``rclicks benchmark`` (or ``import-results``) writes it."""
    rng = np.random.default_rng(round(skill * 1000))
    offsets = {"base": 0.0} | {run: 0.22 - 0.02 * k for k, run in enumerate(CLICKING_GROUPS)}
    rows = [
        ResultRow(
            dataset,
            f"i{number}",
            f"i{number}",
            "test",
            segmenter,
            click_model,
            run,
            simulated,
            "rclicks-1",
            "0",
            iou=np.clip(1 - (1 - skill + offset + rng.random() / 9) / clicks**0.6, 0, 1).tolist(),
        )
        for number in range(instances)
        for run, offset in offsets.items()
        for clicks in [np.arange(1, 21)]
    ]
    folder.mkdir(parents=True)
    write_part(folder / "results.parquet", rows)
    fields = dict.fromkeys(IDENTITY, "") | {"segmenter": segmenter, "dataset": dataset}
    manifest = fields | {"protocol": {}, "is_finished": True}
    manifest |= {"published": {"by": "the paper"}} if published else {}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder
