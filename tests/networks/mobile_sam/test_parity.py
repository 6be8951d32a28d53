"""The official checkpoint's way through the package, against what MobileSAM's code gives."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from helpers.stored_masks import assert_stored_masks
from typer.testing import CliRunner

from rclicks_hf.cli import app
from rclicks_hf.segmenters import load_segmenter

CASE = "a"


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    return shared / "oracles" / "mobilesam_tiny"


@pytest.fixture(scope="module")
def segmenter(oracle: ModuleType, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Converted, loaded, saved and loaded again."""
    root = tmp_path_factory.mktemp("converted")
    checkpoint = oracle.save_checkpoint(folder, root / "mobile_sam.pt")
    words = ["convert", "mobile_sam", str(checkpoint), str(root / "model")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "MobileSAM, TinyViT of widths 16-32-64-320" in done.output
    assert "ignored, as in the original: image_encoder.norm_head.weight" in done.output
    load_segmenter(root / "model", device="cpu").model.save_pretrained(root / "again")
    return load_segmenter(root / "again", device="cpu")


def test_features_and_masks_equal_the_original_code(
    segmenter: Any, oracle: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs, expected, meta = oracle.load_cases(folder)
    state = segmenter.encode(inputs[CASE]["image"])
    features = state.features[0, ::8, ::4, ::4]
    stored = torch.tensor(expected[CASE]["image_embeddings_s8"])
    torch.testing.assert_close(features, stored, **meta["tolerance"])
    encode = segmenter.encode
    again = {inputs[CASE]["image"].tobytes(): state}
    monkeypatch.setattr(segmenter, "encode", lambda i: again.get(i.tobytes()) or encode(i))
    assert_stored_masks(segmenter, folder, [CASE])
