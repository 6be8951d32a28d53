"""The predictors of the paper's code, replayed click by click."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from helpers.traces import ALL, cases_of, network_with, replay, weights_of

from rclicks_hf.networks import NETWORKS
from rclicks_hf.segmenters.registry import segmenter_class

#: Network -> folder, case and number of clicks at which the network runs: as many as bring
#: something new, such as a first box, a negative click or a box that is kept.
TRACES = {
    "ritm": {("e2e_ritm_hr18s", ""): 2, ("e2e_ritm_hr18s_small", ""): 2},
    "simpleclick": {("e2e_simpleclick_xtiny", ""): 1, ("e2e_simpleclick_xtiny_small", ""): 3},
    "cfr_icl": {("e2e_cfr_xtiny", "a"): 2},
    "adaptive_click": {("e2e_adaptiveclick_tiny", "a"): 2},
    "gpcis": {("e2e_gpcis_rn50", "c"): 1},
    "cdnet": {("e2e_cdnet_rn34", "c"): 0},
}
#: Clicks of CDNet at which its network, which sees no previous mask, runs: a negative one.
ALONE = {"cdnet": (2,)}
#: Networks whose first click takes several passes, so that masks do not tell what they saw.
OPAQUE = {"cfr_icl"}


@pytest.mark.parametrize("network", TRACES)
def test_recorded_clicks_give_the_recorded_predictions(shared: Path, network: str) -> None:
    folders = {name: shared / "oracles" / name for name, _ in TRACES[network]}
    model = network_with(network, weights_of(next(iter(folders.values()))))
    kind = segmenter_class(NETWORKS[network].model_type)
    segmenter = kind(model, name=network, device="cpu")
    for name, folder in folders.items():
        for case in cases_of(folder):
            count = TRACES[network].get((name, case.name), 0)
            if os.environ.get(ALL):
                replay(segmenter, case, len(case.clicks))
            elif count or network not in OPAQUE:
                chosen = (name, case.name) in TRACES[network]
                replay(segmenter, case, count, ALONE.get(network, ()) if chosen else ())
