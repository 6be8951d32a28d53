"""The predictors of the paper's code, replayed click by click."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.traces import cases_of, replay, weights_of

from rclicks_hf.networks.ritm import RitmConfig, RitmModel
from rclicks_hf.segmenters.click_map.predictor import ClickMapSegmenter


@pytest.mark.parametrize("name", ["e2e_ritm_hr18s", "e2e_ritm_hr18s_small"])
def test_recorded_clicks_give_the_recorded_predictions(shared: Path, name: str) -> None:
    folder = shared / "oracles" / name
    model = RitmModel(RitmConfig.from_preset("HRNet-W18-small"))
    model.load_state_dict(weights_of(folder))
    segmenter = ClickMapSegmenter(model, name=name, device="cpu")
    for case in cases_of(folder):
        replay(segmenter, case)
