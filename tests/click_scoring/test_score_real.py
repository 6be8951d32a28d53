"""Real masks through the whole way: built as Parquet, scored, and as the paper published.

The clicks are made up, as many inside each mask as the published PDE tells (`test_published`).
"""

from __future__ import annotations

import csv
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image

from rclicks_hf import data
from rclicks_hf.click_scoring.score_rows import ScoreSettings
from rclicks_hf.click_scoring.score_run import run_click_scores

CODES = np.zeros(256, np.int8)
CODES[[255, 128]] = 1, -1


@pytest.fixture
def published(shared: Path) -> pd.DataFrame:
    """First-round rows of the uniform model, by full_stem."""
    table = shared / "published" / "eval_cm_GrabCut_per_instance.csv"
    with table.open(newline="") as file:
        rows = pd.DataFrame(csv.DictReader(file)).set_index("full_stem")
    rows = rows[(rows["model_name"] == "ud") & (rows["click_type"] == "first")]
    return rows[["nss", "pde"]].astype(float)


def test_the_uniform_model_scores_as_published(published, shared, repo, tmp_path):
    plain = runpy.run_path(str(repo / "tests" / "metrics" / "test_published.py"))
    source, clicks = data.MemoryStore(), []
    for path in sorted((shared / "data" / "grabcut_masks").glob("*.png")):
        if path.stem not in published.index:
            continue
        coded = np.asarray(Image.open(path))
        assert set(np.unique(coded)) <= {0, 128, 255}
        mask = CODES[coded]
        inside, total = plain["clicks_inside"](published["pde"][path.stem] * (mask == 1).sum())
        hits, misses = np.argwhere(mask == 1)[:inside], np.argwhere(mask != 1)[: total - inside]
        source.add(path.stem, np.zeros((*mask.shape, 3), np.uint8), {"": mask})
        frame = ("grabcut", path.stem, path.stem, "", "first", "none", "pc")
        height, width = mask.shape
        clicks += [(*frame, x, y, width, height) for y, x in np.concatenate((hits, misses))]
    table = pa.table(list(zip(*clicks, strict=True)), schema=data.CLICK_SCHEMA)
    data.build_dataset(table, {"grabcut": source}, tmp_path / "rclicks", progress=False)
    path = run_click_scores(
        str(tmp_path / "rclicks"),
        ["grabcut"],
        ["ud"],
        tmp_path / "scores",
        settings=ScoreSettings(resamples=1, halvings=0),
        num_proc=1,
        progress=False,
    )
    scored = pd.read_parquet(path).set_index("full_stem")
    assert len(scored) == 49
    assert not scored["is_simulated"].any()
    for name in ("nss", "pde"):
        expected = published[name][scored.index]
        np.testing.assert_allclose(scored[name], expected, rtol=5e-6)
