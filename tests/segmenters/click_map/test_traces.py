"""The predictors of the paper's code, replayed click by click."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from helpers.traces import cases_of, replay, weights_of

from rclicks_hf.networks import convert_checkpoint
from rclicks_hf.segmenters import load_segmenter

ALL = "RCLICKS_ALL_TRACES"  # set it to replay also what takes minutes

#: Folder of a trace -> network, and the cases that are always replayed.
TRACES = {
    "e2e_ritm_hr18s": ("ritm", {""}),
    "e2e_ritm_hr18s_small": ("ritm", {""}),
    "e2e_simpleclick_xtiny": ("simpleclick", {""}),
    "e2e_simpleclick_xtiny_small": ("simpleclick", {""}),
    "e2e_cfr_xtiny": ("cfr_icl", {"a"}),
    "e2e_adaptiveclick_tiny": ("adaptive_click", {"a"}),
    "e2e_gpcis_rn50": ("gpcis", {"c"}),
    "e2e_cdnet_rn34": ("cdnet", {"c"}),
}


@pytest.mark.parametrize("name", TRACES)
def test_recorded_clicks_give_the_recorded_predictions(
    shared: Path, name: str, tmp_path: Path
) -> None:
    network, cases = TRACES[name]
    folder = shared / "oracles" / name
    chosen = [case for case in cases_of(folder) if case.name in cases or os.environ.get(ALL)]
    if not chosen:
        pytest.skip(f"it takes long: set {ALL}=1")
    torch.save({"state_dict": weights_of(folder), "config": {}}, tmp_path / "official.pth")
    convert_checkpoint(network, tmp_path / "official.pth", tmp_path / "model")
    segmenter = load_segmenter(tmp_path / "model", device="cpu")
    for case in chosen:
        replay(segmenter, case)
