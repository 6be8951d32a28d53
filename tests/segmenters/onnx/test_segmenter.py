"""Exported networks draw what the same network draws in PyTorch."""

from __future__ import annotations

import multiprocessing
import pickle
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.tiny_networks import tiny_segmenter

from rclicks_hf.data import Click
from rclicks_hf.errors import RclicksError
from rclicks_hf.segmenters import Segmenter, check_segmenter, load_segmenter
from rclicks_hf.segmenters.interface import is_batched
from rclicks_hf.segmenters.onnx.exports import ImageInput
from rclicks_hf.segmenters.registry import segmenter_identity

CLICKS = [
    Click(20, 15, True),
    Click(60, 40, False),
    Click(30, 22, True),
    Click(5, 45, False),
    Click(33, 12, True),
]


@cache
def load(exports: Path, encoder: str, decoder: str, options: str = "") -> Any:
    return load_segmenter(f"onnx:{exports / encoder},{exports / decoder}{options}")


def trajectory(segmenter: Any, image: np.ndarray, *, fed: bool = True) -> list[np.ndarray]:
    """The probabilities after each click, and the last logits."""
    state, memory, found = segmenter.encode(image), None, []
    for count in range(1, len(CLICKS) + 1):
        [prediction] = segmenter.predict(state, [CLICKS[:count]], [memory])
        memory = prediction.memory if fed else None
        found.append(prediction.probability)
    return [*found, prediction.memory.numpy() / 100]


def largest_gap(found: list[np.ndarray], expected: list[np.ndarray]) -> float:
    return max(float(np.abs(a - b).max()) for a, b in zip(found, expected, strict=True))


@pytest.fixture(scope="module")
def expected(image: np.ndarray) -> list[np.ndarray]:
    return trajectory(tiny_segmenter("sam"), image)


@pytest.mark.parametrize(
    ("encoder", "decoder", "options"),
    [
        ("encoder.onnx", "four.onnx", ""),
        ("encoder.onnx", "one.onnx", ",rule=paper"),
        ("encoder.onnx", "four.onnx", ",rule=paper"),
        ("raw.onnx", "four.onnx", ""),
        ("unit.onnx", "four.onnx", ""),
        ("unit.onnx", "four.onnx", ",pixels=0..1"),
    ],
)
def test_an_official_export_is_the_network_itself(
    exports: Path,
    image: np.ndarray,
    expected: list[np.ndarray],
    encoder: str,
    decoder: str,
    options: str,
) -> None:
    segmenter = load(exports, encoder, decoder, options)
    assert isinstance(segmenter, Segmenter)
    assert largest_gap(trajectory(segmenter, image), expected) < 1e-4


def test_the_layout_of_optimum_is_the_network_without_its_last_mask(
    exports: Path, image: np.ndarray
) -> None:
    segmenter = load_segmenter(f"onnx:{exports / 'optimum'}")
    assert segmenter.name == "onnx:optimum"
    found = trajectory(segmenter, image)
    unfed = trajectory(tiny_segmenter("sam"), image, fed=False)
    assert largest_gap(found, unfed) < 1e-4
    assert largest_gap(found, trajectory(tiny_segmenter("sam"), image)) > 0.1


def test_a_graph_with_one_mask_chooses_by_its_own_rule(
    exports: Path, image: np.ndarray, expected: list[np.ndarray]
) -> None:
    found = trajectory(load(exports, "encoder.onnx", "one.onnx"), image)
    assert largest_gap(found[:1], expected[:1]) < 1e-4  # the best of three
    assert largest_gap(found[1:2], expected[1:2]) > 0.1  # mask 0


@pytest.mark.parametrize("options", ["", ",rule=paper"])
def test_a_graph_as_shipped_is_fed_its_mask_at_every_click(
    exports: Path, image: np.ndarray, options: str
) -> None:
    segmenter = load(exports, "encoder.onnx", "one.onnx", options)
    state, clicks = segmenter.encode(image), CLICKS[:2]  # of different signs
    [first] = segmenter.predict(state, [clicks[:1]], [None])
    [fed] = segmenter.predict(state, [clicks], [first.memory])
    [unfed] = segmenter.predict(state, [clicks], [None])
    assert np.array_equal(fed.probability, unfed.probability) == (options != "")


def test_its_own_masks_are_those_of_the_graph(exports: Path, image: np.ndarray) -> None:
    import onnxruntime

    segmenter = load(exports, "encoder.onnx", "one.onnx")
    state = segmenter.encode(image)
    [found] = segmenter.predict(state, [CLICKS[:1]], [None])
    x, y = CLICKS[0].x * state.resized[1] / 70, CLICKS[0].y * state.resized[0] / 50
    session = onnxruntime.InferenceSession(exports / "one.onnx")
    whole, _, low = session.run(
        None,
        {
            "image_embeddings": state.features.numpy(),
            "point_coords": np.array([[[x, y], [0, 0]]], np.float32),
            "point_labels": np.array([[1, -1]], np.float32),
            "mask_input": np.zeros((1, 1, 32, 32), np.float32),
            "has_mask_input": np.zeros(1, np.float32),
            "orig_im_size": np.array([50, 70], np.float32),
        },
    )
    np.testing.assert_allclose(found.memory, low[0, 0], atol=1e-4)
    np.testing.assert_allclose(found.probability, 1 / (1 + np.exp(-whole[0, 0])), atol=1e-4)


def test_an_image_of_bytes_needs_no_option(exports: Path) -> None:
    square = np.random.default_rng(1).integers(0, 255, (128, 128, 3)).astype(np.uint8)
    found = trajectory(load(exports, "bytes.onnx", "four.onnx"), square)
    assert largest_gap(found, trajectory(tiny_segmenter("sam"), square)) < 1e-4


@pytest.mark.parametrize("axes", ["nchw", "nhwc", "chw", "hwc"])
def test_pixels_are_laid_out_as_the_encoder_takes_them(axes: str) -> None:
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    colour = np.array([10, 200, 30])
    values = np.zeros((1, 3, 4, 4), np.float32)
    values[0, :, 1, 2] = (colour / 255 - mean) / std
    for pixels, wanted, padding in (
        ("imagenet", (colour / 255 - mean) / std, np.zeros(3)),
        ("0..1", colour / 255, mean),
        ("0..255", colour, 255 * mean),
    ):
        taken = ImageInput("x", axes, 4, pixels).arrange(values, np.dtype(np.float32))
        assert taken.shape == {"n": (1,), "h": (), "c": ()}[axes[0]] + tuple(
            {"c": 3, "h": 4, "w": 4}[axis] for axis in axes if axis != "n"
        )
        places = {"c": slice(None), "h": 1, "w": 2, "n": 0}
        np.testing.assert_allclose(taken[tuple(places[a] for a in axes)], wanted, atol=1e-4)
        places |= {"h": 3, "w": 3}
        np.testing.assert_allclose(taken[tuple(places[a] for a in axes)], padding, atol=1e-4)
    taken = ImageInput("x", axes, 4, "0..255").arrange(values, np.dtype(np.uint8))
    assert {*taken.ravel().astype(int)} == {*colour, 124, 116, 104}


def test_it_conforms_in_single_calls(exports: Path) -> None:
    segmenter = load(exports, "encoder.onnx", "four.onnx")
    assert not is_batched(segmenter)
    assert [check for check in check_segmenter(segmenter) if not check.ok] == []
    with pytest.raises(RclicksError, match="device: only networks in PyTorch take this"):
        load_segmenter(f"onnx:{exports / 'optimum'}", device="cpu")


def _predict_in_child(segmenter: Any, image: np.ndarray, answers: Any) -> None:
    answers.put(trajectory(segmenter, image))


def test_other_processes_get_the_same_bits(exports: Path, image: np.ndarray) -> None:
    segmenter = load(exports, "encoder.onnx", "one.onnx", ",rule=paper")
    expected = trajectory(segmenter, image)
    sent = pickle.loads(pickle.dumps(segmenter))
    assert largest_gap(trajectory(sent, image), expected) == 0
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    child = context.Process(target=_predict_in_child, args=(segmenter, image, answers))
    child.start()
    assert largest_gap(answers.get(timeout=60), expected) == 0
    child.join()


def test_the_identity_is_of_graphs_and_data_not_of_their_place(
    exports: Path, image: np.ndarray, expected: list[np.ndarray], tmp_path: Path
) -> None:
    import onnx

    def folder(place: str) -> Path:
        (tmp_path / place / "net").mkdir(parents=True)
        model = onnx.load(exports / "encoder.onnx")
        onnx.save(
            model,
            tmp_path / place / "net/encoder.onnx",
            save_as_external_data=True,
            location="weights.bin",
            size_threshold=64,
        )
        shutil.copy(exports / "four.onnx", tmp_path / place / "net/decoder.onnx")
        return tmp_path / place / "net"

    here, there = folder("here"), folder("there")
    loaded = load_segmenter(f"onnx:{here}")
    assert largest_gap(trajectory(loaded, image), expected) < 1e-4
    identity = segmenter_identity(f"onnx:{here}")
    assert identity == segmenter_identity(f"onnx:{there}")
    assert identity["segmenter"] == "onnx:net" == loaded.name
    assert len(identity["segmenter_fingerprint"]) == 64
    named = segmenter_identity(f"onnx:{here}/encoder.onnx,{here}/decoder.onnx,rule=paper")
    assert named["segmenter"] == "onnx:encoder.onnx,decoder.onnx,rule=paper"
    assert named["segmenter_fingerprint"] == identity["segmenter_fingerprint"]
    data = bytearray((there / "weights.bin").read_bytes())
    data[40] ^= 1
    (there / "weights.bin").write_bytes(data)
    assert segmenter_identity(f"onnx:{there}") != identity
    changed = load_segmenter(f"onnx:{there}")
    assert segmenter_identity(loaded) != segmenter_identity(changed)
