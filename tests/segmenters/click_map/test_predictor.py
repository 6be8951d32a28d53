"""Click-map networks as segmenters: batches, settings, identity, odd input."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.tiny_networks import CLICK_MAP_FAMILIES, tiny_model, tiny_segmenter

from rclicks_hf.data import Click
from rclicks_hf.errors import RclicksError
from rclicks_hf.networks import NETWORKS
from rclicks_hf.segmenters import check_segmenter, load_segmenter
from rclicks_hf.segmenters.click_map.predictor import LastPrediction
from rclicks_hf.segmenters.click_map.zoom import ZoomBox
from rclicks_hf.segmenters.registry import segmenter_class

IMAGE = np.random.default_rng(0).integers(0, 255, (150, 220, 3)).astype(np.uint8)


@pytest.fixture(params=CLICK_MAP_FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return request.param


def test_every_family_conforms(family: str) -> None:
    assert [check for check in check_segmenter(tiny_segmenter(family)) if not check.ok] == []


def test_a_batch_gives_what_single_calls_give(family: str) -> None:
    rng = np.random.default_rng(1)
    one, many = tiny_segmenter(family), tiny_segmenter(family, batch_size=8)
    assert many.batched
    assert not one.batched
    state, calls = one.encode(IMAGE), []
    hook = many.model.register_forward_pre_hook(lambda _, given: calls.append(len(given[0])))
    trajectories = [
        [Click(*map(int, rng.integers(0, 150, 2)), bool(sign)) for sign in rng.integers(0, 2, n)]
        for n in (1, 1, 2, 3, 3)
    ]
    boxes = [None, None, None, ZoomBox(0, 80, 0, 90), None]
    last = [
        box and LastPrediction(torch.from_numpy(rng.random((150, 220), np.float32)) * 0.6, box)
        for box in boxes
    ]
    together = many.predict(state, trajectories, last)
    hook.remove()
    assert max(calls) > 2
    for number, found in enumerate(together):
        [alone] = one.predict(state, [trajectories[number]], [last[number]])
        gap = (alone.memory.probability - found.memory.probability).abs().max()
        assert gap < 1e-3, number
        assert alone.memory.box == found.memory.box


def test_datasets_have_settings_of_their_own() -> None:
    published = {}
    for name in CLICK_MAP_FAMILIES:
        model = tiny_model(NETWORKS[name].model_type)
        model.config.predictor = None
        published[name] = segmenter_class(model.config.model_type)(model, name=name, device="cpu")

    def settings(family: str, dataset: str, reference: bool = False) -> dict:
        return published[family].for_dataset(dataset, reference=reference).settings

    assert settings("ritm", "davis")["size"] == 600
    assert settings("ritm", "grabcut")["size"] == settings("ritm", "my_own")["size"] == 400
    assert settings("simpleclick", "davis")["size"] == [672, 672]
    assert settings("cdnet", "davis")["size"] == [384, 384]
    assert settings("gpcis", "tetris")["skip_clicks"] == -1
    assert settings("cdnet", "tetris")["skip_clicks"] == -1
    assert settings("gpcis", "berkeley")["skip_clicks"] == 1
    assert settings("cfr_icl", "berkeley")["first_click_passes"] == 2
    assert settings("ritm", "berkeley")["paste_in_old_box"] is False
    assert settings("ritm", "berkeley", True)["paste_in_old_box"] is True


def test_a_saved_config_may_replace_settings(tmp_path: Path) -> None:
    model = tiny_model("rclicks_ritm")
    model.config.predictor = {"flip": False, "size": 96, "threshold": 0.3}
    model.save_pretrained(tmp_path)
    segmenter = load_segmenter(tmp_path, device="cpu").for_dataset("davis", reference=False)
    assert segmenter.threshold == 0.3
    assert (segmenter.settings["flip"], segmenter.settings["size"]) == (False, 96)


@pytest.mark.parametrize(
    ("predictor", "message"),
    [
        ({"flop": True}, "flop is not a setting; the settings are size,"),
        ({"flip": 1}, "flip must be true or false, got 1"),
        ({"size": 10**6}, "size must lie in"),
        ({"size": [64, 64, 64]}, "size must be a number or two"),
        ({"expansion": float("inf")}, "expansion must lie in"),
        ({"first_click_passes": 10**9}, "first_click_passes must lie in"),
        ([1], "must be an object of settings"),
    ],
)
def test_wrong_settings_are_one_line(tmp_path: Path, predictor: object, message: str) -> None:
    tiny_model("rclicks_ritm").save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text()) | {"predictor": predictor}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(RclicksError, match=r"config\.json, predictor: ") as caught:
        load_segmenter(tmp_path, device="cpu")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_half_precision_becomes_single_on_a_cpu(tmp_path: Path) -> None:
    tiny_model("rclicks_ritm").half().save_pretrained(tmp_path)
    assert load_segmenter(tmp_path, device="cpu").model.dtype == torch.float32


def test_odd_clicks(family: str) -> None:
    segmenter = tiny_segmenter(family)
    state = segmenter.encode(IMAGE)
    outside, nearest = [Click(-40, 700, True)], [Click(0, 149, True)]
    first, second = segmenter.predict(state, [outside, nearest], [None, None])
    np.testing.assert_allclose(first.probability, second.probability, atol=1e-5)
    hundred = [Click(i % 10 * 20, i // 10 * 14, i % 3 > 0) for i in range(100)]
    [found] = segmenter.predict(state, [hundred], [first.memory])
    assert np.isfinite(found.probability).all()
    [found] = segmenter.predict(state, [[Click(5, 5, False)]], [None])
    assert np.isfinite(found.probability).all()


def test_no_trajectory_is_no_prediction() -> None:
    segmenter = tiny_segmenter("ritm")
    assert segmenter.predict(segmenter.encode(IMAGE), [], []) == []


def test_a_vanished_prediction_is_pasted_where_the_protocol_says() -> None:
    segmenter = tiny_segmenter("ritm")
    state, box = segmenter.encode(IMAGE), ZoomBox(20, 60, 30, 90)
    clicks = [Click(40, 40, True), Click(50, 50, False)]
    last = LastPrediction(torch.zeros(IMAGE.shape[:2]), box)
    sensible = segmenter.for_dataset("grabcut", reference=False)
    [found] = sensible.predict(state, [clicks], [last])
    assert found.memory.box is None
    assert (found.probability[0] > 0).any()  # also outside of the old box
    [as_paper] = segmenter.for_dataset("grabcut", reference=True).predict(state, [clicks], [last])
    assert as_paper.memory.box == box
    inside = as_paper.probability[box.slices].copy()
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(found.probability)[None, None],
        box.size,
        mode="bilinear",
        align_corners=True,
    )
    np.testing.assert_allclose(inside, expected[0, 0], atol=1e-5)
    outside = as_paper.probability.copy()
    outside[box.slices] = 0
    assert not outside.any()


def test_what_a_caller_does_to_a_probability_is_not_remembered() -> None:
    segmenter = tiny_segmenter("ritm")
    [found] = segmenter.predict(segmenter.encode(IMAGE), [[Click(4, 4, True)]], [None])
    before = copy.deepcopy(found.memory.probability)
    found.probability[:] = 0
    assert torch.equal(found.memory.probability, before)


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 1), (20, 30, 4)])
def test_grey_images_and_alpha_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"image must be \(H, W, 3\) uint8, got shape"):
        tiny_segmenter("ritm").encode(np.zeros(shape, np.uint8))
