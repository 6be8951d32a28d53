"""Recorded clicks of the paper's predictors, replayed; `predictors.md` has the format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from safetensors.torch import load_file

from helpers import oracles
from rclicks_hf.benchmark import Clicker
from rclicks_hf.data import Click
from rclicks_hf.metrics import boundary_iou, iou
from rclicks_hf.networks import NETWORKS
from rclicks_hf.networks.click_map import ClickMapOutput
from rclicks_hf.segmenters.click_map.predictor import LastPrediction

ALL = "RCLICKS_ALL_TRACES"  # set it to replay also the clicks that only add more of the same

_LOOSE = {"max": 1e-3, "mean": 1e-4, "mask_pixels": 10}  # of traces that state no tolerance


@dataclass(frozen=True, eq=False)
class Case:
    """One object: its image, mask and recorded clicks, and the probabilities after each."""

    name: str
    dataset: str
    image: np.ndarray
    mask: np.ndarray
    clicks: list[dict[str, Any]]
    probabilities: np.ndarray  # (clicks, h, w), every ``step``-th row and column
    step: int
    mask_bits: np.ndarray | None
    tolerance: dict[str, float]


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    """The state dict under the original's key names."""
    trace = json.loads((folder / "trace.json").read_text())
    if (folder / "keys.json").is_file():
        return oracles.load(folder)[0]
    return load_file(folder / trace["weights"])


def network_with(name: str, weights: dict[str, torch.Tensor]) -> Any:
    """What is made of the original's weights; parity tests have them come from a file."""
    converter = NETWORKS[name].load("converter")
    used = {
        key: tensor
        for key, tensor in weights.items()
        if not any(fnmatchcase(key, some) for some in converter.ignored)
    }
    return converter.network_of(used, name)[1]


def cases_of(folder: Path) -> Iterator[Case]:
    trace = json.loads((folder / "trace.json").read_text())
    arrays = oracles.read_arrays(folder / "data.npz")
    for case in trace.get("cases", [trace]):
        name = case.get("case", "")
        prefix = f"{name}/" if name else ""
        key = next(
            key
            for key in (f"{prefix}soft_s4", f"{prefix}probs_s4", f"{prefix}probs_s2")
            if key in arrays
        )
        yield Case(
            name,
            case["predictor"].get("dataset", "").lower(),
            arrays[case.get("image", "image")],
            arrays[case.get("mask", "mask")].astype(np.int8),
            case["clicks"],
            arrays[key],
            int(key[-1]),
            arrays.get(f"{prefix}mask_bits"),
            _LOOSE | trace.get("tolerance_prob", {}),
        )


def replay(segmenter: Any, case: Case, count: int, alone: tuple[int, ...] = ()) -> None:
    """Replay recorded clicks, and compare all that was recorded.

    Those from number ``count`` on go on from what the original predicted before; the network runs
    at those of them in ``alone``, for the others only what it is given is compared.
    """
    calls: list[tuple[list[int], np.ndarray, float | None]] = []
    handle = segmenter.model.register_forward_pre_hook(
        lambda module, given: calls.append(_call(module, given))
    )
    segmenter = segmenter.for_dataset(case.dataset, reference=True)
    clicker = Clicker(case.mask)
    state, memory = segmenter.encode(case.image), None
    predicted = np.zeros(case.mask.shape, bool)
    clicks: list[Click] = []
    for number, wanted in enumerate(case.clicks):
        if number >= count and case.mask_bits is None:
            break
        clicks.append(Click(wanted["col"], wanted["row"], wanted["is_positive"]))
        if wanted.get("click_robust"):
            assert clicker.next(predicted) == clicks[-1], f"click {number} of case {case.name}"
        clicker.add(clicks[-1])
        calls.clear()
        runs = number < count or number in alone
        with nullcontext() if runs else _no_network(segmenter):
            [prediction] = segmenter.predict(state, [clicks], [memory])
        memory, predicted = prediction.memory, prediction.probability > segmenter.threshold
        _compare_input(case, number, wanted, memory, calls, number < count)
        if runs:
            _compare_output(case, number, wanted, memory, predicted)
        if case.mask_bits is not None:  # so that the own clicker sees what the original's saw
            predicted = _mask(case, number)
        if number + 1 >= count and case.mask_bits is not None:
            memory = LastPrediction(torch.from_numpy(predicted).float(), memory.box)
    handle.remove()


@contextmanager
def _no_network(segmenter: Any) -> Iterator[None]:
    """Every logit is 0, and nothing is made of it."""

    def forward(images: torch.Tensor, *_: Any, **__: Any) -> ClickMapOutput:
        return ClickMapOutput(logits=images[:, :1] * 0)

    with (
        patch.object(segmenter.model, "forward", forward),
        patch.object(segmenter, "_probability", lambda logits, *_: logits),
    ):
        yield


def _call(module: Any, given: tuple[Any, ...]) -> tuple[list[int], np.ndarray, float | None]:
    images, points, previous = given
    channels = 4 if module.config.with_previous_mask else 3
    mean = 0.0 if previous is None else float(previous[0].mean())
    shape = [images.shape[0], channels, *images.shape[2:]]
    return shape, points.numpy(), mean if channels == 4 else None


def _mask(case: Case, number: int) -> np.ndarray:
    assert case.mask_bits is not None
    return np.unpackbits(case.mask_bits[number], axis=-1)[:, : case.mask.shape[1]].astype(bool)


def _compare_input(
    case: Case, number: int, wanted: Any, memory: Any, calls: list[Any], with_mask: bool
) -> None:
    where = f"case {case.name}, click {number}"
    box = memory.box and [memory.box.top, memory.box.bottom, memory.box.left, memory.box.right]
    assert box == wanted["roi"], where
    assert len(calls) == len(wanted["net_inputs"]), where
    for (shape, points, mean), fed in zip(calls, wanted["net_inputs"], strict=True):
        assert shape == fed["shape"], where
        np.testing.assert_allclose(points, fed["points"], atol=1e-4, err_msg=where)
        if with_mask and fed.get("prev_mean") is not None:
            assert abs(mean - fed["prev_mean"]) <= case.tolerance["max"], where


def _compare_output(
    case: Case, number: int, wanted: Any, memory: Any, predicted: np.ndarray
) -> None:
    where = f"case {case.name}, click {number}"
    found = memory.probability.numpy()[:: case.step, :: case.step]
    gap = np.abs(found - case.probabilities[number])
    assert gap.max() <= case.tolerance["max"], f"{where}: {gap.max()}"
    assert gap.mean() <= case.tolerance["mean"], f"{where}: {gap.mean()}"
    assert (gap > 2e-3).mean() <= case.tolerance.get("share_over_2e-3", 1), where
    pixels = case.tolerance["mask_pixels"]
    assert abs(int(predicted.sum()) - wanted["area"]) <= pixels, where
    if case.mask_bits is not None:
        assert (predicted != _mask(case, number)).sum() <= pixels, where
    # Pixels that may differ count once in the intersection and once in the union.
    slack = max(1e-3, 2 * pixels / max(1, (case.mask == 1).sum()))
    assert abs(float(iou(case.mask, predicted)) - wanted["iou"]) <= slack, where
    assert abs(float(boundary_iou(case.mask, predicted)) - wanted["biou"]) <= 5 * slack, where
