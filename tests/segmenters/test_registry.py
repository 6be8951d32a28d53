from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from PIL import Image

from rclicks_hf.errors import RclicksError
from rclicks_hf.segmenters import (
    SEGMENTERS,
    GeoCut,
    Prediction,
    Segmenter,
    check_segmenter,
    load_segmenter,
)
from rclicks_hf.segmenters.interface import check_image, is_batched
from rclicks_hf.segmenters.method_tables import support_table
from rclicks_hf.segmenters.registry import segmenter_class

USER_MODULE = """
import numpy as np
from rclicks_hf.segmenters import Prediction

class Disk:
    name = "disk"
    threshold = 0.5
    def encode(self, image):
        return image.shape[:2]
    def predict(self, state, clicks, previous):
        y, x = np.mgrid[:state[0], :state[1]]
        masks = [np.zeros(state, np.float32) for _ in clicks]
        for mask, trajectory in zip(masks, clicks):
            for click in trajectory:
                near = (x - click.x) ** 2 + (y - click.y) ** 2 < 25
                mask[near] = float(click.is_positive)
        return [Prediction(mask) for mask in masks]

class Needy(Disk):
    def __init__(self, weights):
        pass

class Half:
    name = "half"
    def encode(self, image):
        return None
"""


@pytest.fixture
def user_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = "my_segmenters_for_tests"
    (tmp_path / f"{name}.py").write_text(USER_MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    return name


def test_every_built_in_segmenter_implements_the_interface() -> None:
    for name in [family.name for family in SEGMENTERS.values() if not family.model_types]:
        segmenter = load_segmenter(name)
        assert isinstance(segmenter, Segmenter)
        assert segmenter.name == name


def test_a_segmenter_declares_whether_it_gains_from_batches(user_module: str) -> None:
    segmenter = load_segmenter(f"{user_module}:Disk")
    assert not is_batched(segmenter)
    segmenter.batched = True
    assert is_batched(segmenter)
    assert not is_batched(GeoCut())


def test_a_user_s_class_is_found_and_conforms(user_module: str) -> None:
    segmenter = load_segmenter(f"{user_module}:Disk")
    assert segmenter.name == "disk"
    assert [check for check in check_segmenter(segmenter) if not check.ok] == []


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("sam9", "sam9: no such segmenter; give geocut, the folder or Hub id of a SAM"),
        ("sam9", "network, onnx:FOLDER or onnx:ENCODER,DECODER, or your own class as module:Class"),
        ("no_such_module_here:Disk", "cannot import no_such_module_here"),
        ("{module}:Absent", "has no Absent"),
        ("{module}:Needy", "cannot be created without arguments"),
        ("{module}:Half", "it lacks a threshold, predict()"),
    ],
)
def test_a_wrong_name_is_one_line(user_module: str, spec: str, message: str) -> None:
    with pytest.raises(RclicksError) as caught:
        load_segmenter(spec.format(module=user_module))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_object_is_returned_as_it_is() -> None:
    segmenter = GeoCut()
    assert load_segmenter(segmenter) is segmenter
    with pytest.raises(RclicksError, match=r"object: not a segmenter: it lacks a name, a thresh"):
        load_segmenter(object())  # type: ignore[arg-type]
    with pytest.raises(RclicksError, match="GeoCut: is a class; give an instance of it"):
        load_segmenter(GeoCut)  # type: ignore[arg-type]


def test_device_and_batch_size_are_for_networks() -> None:
    with pytest.raises(
        RclicksError, match="geocut: batch_size: only networks in PyTorch take this"
    ):
        load_segmenter("geocut", batch_size=4)


def test_every_network_family_can_be_loaded_and_is_listed() -> None:
    text = support_table()
    for family in SEGMENTERS.values():
        assert family.label in text
        for model_type in family.model_types:
            assert hasattr(segmenter_class(model_type), "from_pretrained")
    assert segmenter_class("yolo") is None


def test_the_readme_holds_the_table_of_families(repo: Path) -> None:
    assert support_table() in (repo / "docs" / "benchmark_a_segmenter.md").read_text()


class _Broken(GeoCut):
    """GeoCut with one fault at a time."""

    def __init__(self, fault: str) -> None:
        self.fault, self.calls = fault, 0

    def predict(self, state, clicks, previous):  # type: ignore[no-untyped-def]
        self.calls += 1
        if self.fault == "raises":
            raise RuntimeError("out of\nmemory")
        found = super().predict(state, clicks, previous)
        values = [prediction.probability for prediction in found]
        if self.fault == "shape":
            values = [v.T for v in values]
        if self.fault == "range":
            values = [v * 3 for v in values]
        if self.fault == "nan":
            values = [v * np.nan for v in values]
        if self.fault == "forgets":
            values = values[1:]
        if self.fault == "drifts":
            values = [v * 0 + (self.calls % 3) / 3 for v in values]
        if self.fault == "mixes":
            values = [v * 0 + len(values) / 9 for v in values]
        return [Prediction(v.astype(np.float32)) for v in values]

    def encode(self, image):  # type: ignore[no-untyped-def]
        if self.fault == "paints":
            image[0] = 0
        if self.fault == "encodes by chance":
            self.calls += 1
            image = np.roll(image, 20 * self.calls, axis=1)
        return super().encode(image)


class _Writes(_Broken):
    def predict(self, state, clicks, previous):  # type: ignore[no-untyped-def]
        found = super().predict(state, clicks, previous)
        clicks[0].pop()
        return found


class _Reuses(_Broken):
    """All its predictions are one array, so that the last one overwrites those before."""

    buffers: ClassVar[dict[tuple[int, ...], np.ndarray]] = {}

    def predict(self, state, clicks, previous):  # type: ignore[no-untyped-def]
        return [self._reused(p) for p in super().predict(state, clicks, previous)]

    def _reused(self, prediction: Prediction) -> Prediction:
        shape = prediction.probability.shape
        buffer = self.buffers.setdefault(shape, np.zeros(shape, np.float32))
        buffer[:] = prediction.probability
        return Prediction(buffer)


_OF_THEIR_OWN = {"writes": _Writes, "reuses": _Reuses}


@pytest.mark.parametrize(
    ("fault", "check", "detail"),
    [
        ("raises", "is repeatable", "RuntimeError: out of memory"),
        ("shape", "predicts probabilities of the image's size", "got shape (84, 61)"),
        ("range", "predicts probabilities of the image's size", "must lie in [0, 1]"),
        ("nan", "accepts its memory", "finite"),
        ("forgets", "trajectories are independent", "must return 3 predictions, got 2"),
        ("drifts", "is repeatable", "differs by"),
        ("mixes", "trajectories are independent", "differs by"),
        ("reuses", "trajectories are independent", "differs by"),
        ("writes", "does not change image or clicks", "the clicks were changed"),
        ("paints", "does not change image or clicks", "the image was changed"),
        ("encodes by chance", "is repeatable", "the image encoded again differs by"),
    ],
)
def test_faults_are_found(fault: str, check: str, detail: str) -> None:
    segmenter = _OF_THEIR_OWN.get(fault, _Broken)(fault)
    found = {result.name: result for result in check_segmenter(segmenter)}
    assert not found[check].ok
    assert detail in found[check].detail


def test_masks_may_be_tensors() -> None:
    class Tensors(GeoCut):
        def predict(self, state, clicks, previous):  # type: ignore[no-untyped-def]
            found = super().predict(state, clicks, previous)
            return [Prediction(torch.tensor(p.probability), p.memory) for p in found]

    assert [check for check in check_segmenter(Tensors()) if not check.ok] == []


@pytest.mark.parametrize("image", [[[[0, 0, 0]]], Image.new("RGB", (4, 4)), None])
def test_an_image_that_is_not_an_array_is_named(image: object) -> None:
    with pytest.raises(ValueError, match=r"image must be an \(H, W, 3\) uint8 array, got"):
        check_image(image)
