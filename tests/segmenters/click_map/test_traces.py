"""The predictors of the paper's code, replayed click by click."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from helpers.traces import cases_of, replay, weights_of

from rclicks_hf.networks import convert_checkpoint
from rclicks_hf.segmenters import load_segmenter

#: Folder of a trace -> network.
TRACES = {
    "e2e_ritm_hr18s": "ritm",
    "e2e_ritm_hr18s_small": "ritm",
    "e2e_simpleclick_xtiny": "simpleclick",
    "e2e_simpleclick_xtiny_small": "simpleclick",
    "e2e_cfr_xtiny": "cfr_icl",
    "e2e_adaptiveclick_tiny": "adaptive_click",
    "e2e_gpcis_rn50": "gpcis",
    "e2e_cdnet_rn34": "cdnet",
}


@pytest.mark.parametrize("name", TRACES)
def test_recorded_clicks_give_the_recorded_predictions(
    shared: Path, name: str, tmp_path: Path
) -> None:
    folder = shared / "oracles" / name
    torch.save({"state_dict": weights_of(folder), "config": {}}, tmp_path / "official.pth")
    convert_checkpoint(TRACES[name], tmp_path / "official.pth", tmp_path / "model")
    segmenter = load_segmenter(tmp_path / "model", device="cpu")
    for case in cases_of(folder):
        replay(segmenter, case)
