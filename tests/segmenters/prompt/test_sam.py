"""SAM-like segmenters: the paper's values, the rules of memory, batches, and odd input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from helpers.oracles import load
from helpers.stored_masks import assert_stored_masks
from helpers.tiny_networks import FAMILIES, tiny_segmenter
from torch.nn.functional import interpolate
from transformers.initialization import no_init_weights

from rclicks_hf.benchmark import BenchmarkProtocol, run_image
from rclicks_hf.click_models import load_click_model
from rclicks_hf.data import Click, Instance
from rclicks_hf.segmenters import Segmenter, check_segmenter
from rclicks_hf.segmenters.interface import is_batched
from rclicks_hf.segmenters.registry import segmenter_class

POSITIVE, NEGATIVE = Click(20, 15, True), Click(40, 30, False)


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (50, 70, 3)).astype(np.uint8)


def random_trajectories(seed: int, lengths: list[int]) -> list[list[Click]]:
    rng = np.random.default_rng(seed)
    return [
        [
            Click(int(rng.integers(70)), int(rng.integers(50)), bool(rng.integers(2)))
            for _ in range(n)
        ]
        for n in lengths
    ]


def oracle_segmenter(folder: Path) -> Segmenter:
    weights, _, _, meta = load(folder)
    config_class = getattr(transformers, meta["config"]["config_class"])
    with no_init_weights():
        model = getattr(transformers, meta["config"]["model_class"])(
            config_class.from_dict(meta["config"]["config"])
        )
    model.load_state_dict(weights)
    return segmenter_class(model.config.model_type)(model, name=folder.name, device="cpu")


@pytest.mark.parametrize(("name", "case"), [("sam_tiny", "a"), ("sam2_tiny", "b")])
def test_clicks_give_the_stored_masks(oracles: Path, name: str, case: str) -> None:
    assert_stored_masks(oracle_segmenter(oracles / name), oracles / name, [case])


def test_clicks_give_the_stored_masks_of_sam_hq(shared: Path) -> None:
    folder = shared / "oracles" / "samhq_tiny"
    assert_stored_masks(oracle_segmenter(folder), folder, ["a"])


@pytest.mark.parametrize("shape", [(50, 70), (70, 50), (64, 64), (1, 90), (90, 2), (129, 31)])
def test_sam_cuts_the_padding_off_without_a_trace(shape: tuple[int, int]) -> None:
    segmenter = tiny_segmenter("sam")
    state = segmenter.encode(np.zeros((*shape, 3), np.uint8))
    logits = torch.randn(2, 32, 32, generator=torch.manual_seed(0))
    whole = interpolate(logits[:, None], (128, 128), mode="bilinear", align_corners=False)
    image = whole[:, :, : state.resized[0], : state.resized[1]]
    expected = interpolate(image, shape, mode="bilinear", align_corners=False)[:, 0]
    torch.testing.assert_close(segmenter._enlarge(logits, state), expected, rtol=0, atol=1e-6)


def test_a_batch_gives_what_one_by_one_gives(family: str, image: np.ndarray) -> None:
    batched, single = tiny_segmenter(family, batch_size=4), tiny_segmenter(family, batch_size=1)
    trajectories = random_trajectories(0, [3, 1, 3, 2, 3, 3, 3])
    together = batched.predict(batched.encode(image), trajectories, [None] * 7)
    memories = [prediction.memory for prediction in together]
    longer = [[*t, POSITIVE] for t in trajectories]
    together = batched.predict(batched.encode(image), longer, memories)
    state = single.encode(image)
    for trajectory, memory, found in zip(longer, memories, together, strict=True):
        [alone] = single.predict(state, [trajectory], [memory])
        np.testing.assert_allclose(found.probability, alone.probability, atol=1e-5)
        torch.testing.assert_close(found.memory, alone.memory, rtol=1e-4, atol=1e-4)


def test_one_at_a_time_company_changes_no_bit(family: str, image: np.ndarray) -> None:
    segmenter = tiny_segmenter(family)
    assert segmenter.batch_size == 1
    state, trajectories = segmenter.encode(image), random_trajectories(1, [2, 2, 1, 2])
    together = segmenter.predict(state, trajectories, [None] * 4)
    for trajectory, found in zip(trajectories, together, strict=True):
        [alone] = segmenter.predict(state, [trajectory], [None])
        np.testing.assert_array_equal(found.probability, alone.probability)


def test_the_engine_encodes_once_and_clicks_the_same_in_batches(
    family: str, image: np.ndarray
) -> None:
    instances = []
    for name, left in (("a", 5), ("b", 40)):
        mask = np.zeros((50, 70), np.int8)
        mask[10:35, left : left + 20] = 1
        instances.append(Instance(name, "i", name, "grabcut", "test", "first", "none", image, mask))
    tables = []
    for batch_size in (1, 4):
        segmenter = CountingEncoder(tiny_segmenter(family, batch_size=batch_size))
        protocol = BenchmarkProtocol(max_clicks=3)
        rows = run_image(instances, segmenter, load_click_model("ud"), ["base", "g5"], protocol)
        assert segmenter.encoded == 1
        assert [row.error for row in rows] == [""] * 4
        tables.append([(row.full_stem, row.run, row.x, row.y, row.is_positive) for row in rows])
    assert tables[0] == tables[1]


class CountingEncoder:
    def __init__(self, segmenter: Any) -> None:
        self.name, self.threshold, self.predict = "counting", 0.5, segmenter.predict
        self.segmenter, self.encoded = segmenter, 0

    def encode(self, image: np.ndarray) -> Any:
        self.encoded += 1
        return self.segmenter.encode(image)


def spy_on_prompts(segmenter: Any, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []
    encoder = segmenter.model.prompt_encoder
    original = encoder.forward

    def forward(**prompts: Any) -> Any:
        calls.append(prompts)
        return original(**prompts)

    monkeypatch.setattr(encoder, "forward", forward)
    return calls


@pytest.mark.parametrize(
    ("clicks", "is_fed"),
    [
        ([POSITIVE], False),
        ([POSITIVE, NEGATIVE], False),
        ([POSITIVE, POSITIVE], True),
        ([NEGATIVE, NEGATIVE], True),
        ([POSITIVE, NEGATIVE, NEGATIVE], True),
    ],
)
def test_the_previous_mask_is_fed_from_the_second_click_of_a_sign_on(
    monkeypatch: pytest.MonkeyPatch,
    family: str,
    image: np.ndarray,
    clicks: list[Click],
    is_fed: bool,
) -> None:
    segmenter = tiny_segmenter(family)
    calls = spy_on_prompts(segmenter, monkeypatch)
    segmenter.predict(segmenter.encode(image), [clicks], [torch.zeros(32, 32)])
    assert [call["input_masks"] is not None for call in calls] == [is_fed]


def test_a_forward_pass_has_no_padding_and_at_most_the_batch_size(
    monkeypatch: pytest.MonkeyPatch, family: str, image: np.ndarray
) -> None:
    segmenter = tiny_segmenter(family, batch_size=2)
    calls = spy_on_prompts(segmenter, monkeypatch)
    trajectories = random_trajectories(2, [1, 3, 1, 1, 3])
    segmenter.predict(segmenter.encode(image), trajectories, [None] * 5)
    shapes = sorted(tuple(call["input_points"].shape) for call in calls)
    assert shapes == [(1, 1, 1, 2), (2, 1, 1, 2), (2, 1, 3, 2)]
    assert all((call["input_labels"] >= 0).all() for call in calls)


def test_sam_2_cuts_what_it_feeds_back(monkeypatch: pytest.MonkeyPatch, image: np.ndarray) -> None:
    segmenter = tiny_segmenter("sam2")
    loud = torch.linspace(-90, 90, 32 * 32).view(1, 32, 32)
    monkeypatch.setattr(segmenter, "_logits", lambda *_: loud)
    [found] = segmenter.predict(segmenter.encode(image), [[POSITIVE]], [None])
    assert found.memory.min() == -32
    assert found.memory.max() == 32
    assert found.probability.max() > 1 / (1 + np.exp(-32.0)) - 1e-6


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (400, 1), (128, 128), (33, 200)])
def test_images_of_any_shape_work(family: str, shape: tuple[int, int]) -> None:
    segmenter = tiny_segmenter(family)
    state = segmenter.encode(np.full((*shape, 3), 9, np.uint8))
    corner = Click(shape[1] - 1, shape[0] - 1, True)
    [found] = segmenter.predict(state, [[corner]], [None])
    assert found.probability.shape == shape


def test_it_conforms_and_says_that_it_gains_by_batches(family: str) -> None:
    segmenter = tiny_segmenter(family)
    assert isinstance(segmenter, Segmenter)
    assert is_batched(segmenter)
    assert [check for check in check_segmenter(segmenter) if not check.ok] == []


def test_wrong_arguments_are_named(family: str) -> None:
    with pytest.raises(ValueError, match="batch_size must be positive, got 0"):
        tiny_segmenter(family, batch_size=0)
    with pytest.raises(ValueError, match=r"image must be \(H, W, 3\) uint8"):
        tiny_segmenter(family).encode(np.zeros((4, 4), np.uint8))


def test_an_image_turned_round_without_a_copy_works(family: str, image: np.ndarray) -> None:
    segmenter = tiny_segmenter(family)
    turned = image[:, ::-1, ::-1]
    [expected], [found] = (
        segmenter.predict(segmenter.encode(one), [[Click(3, 3, True)]], [None])
        for one in (turned.copy(), turned)
    )
    assert np.array_equal(found.probability, expected.probability)
