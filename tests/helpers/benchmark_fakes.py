"""Instances and segmenters that worker processes can import: small, fast, and faulty on demand."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rclicks_hf.data import Click, Clicks, Instance
from rclicks_hf.segmenters import Prediction

HEIGHT, WIDTH = 36, 48
KILL_SWITCH = "RCLICKS_TEST_KILL"
PID_FOLDER = "RCLICKS_TEST_PIDS"
PARTS_FOLDER = "RCLICKS_TEST_PARTS"
MARKED = 1  # position of the image that faulty segmenters stumble over


def make_instance(
    stem: str, image_stem: str, object_stem: str = "", *, marked: bool = False, seed: int = 0
) -> Instance:
    """A rectangle with an unknown ring, and a few clicks inside it."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((HEIGHT, WIDTH), np.int8)
    x, y = rng.integers(4, 16, 2)
    mask[y - 1 : y + 16, x - 1 : x + 21] = -1
    mask[y : y + 15, x : x + 20] = 1
    image = rng.integers(0, 200, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    image[0, 0] = 255 if marked else 0
    clicks = Clicks(
        (x + rng.integers(0, 20, 5)).astype(np.int32),
        (y + rng.integers(0, 15, 5)).astype(np.int32),
        np.array(["pc"] * 3 + ["mobile"] * 2),
    )
    return Instance(
        full_stem=stem,
        image_stem=image_stem,
        object_stem=object_stem,
        dataset="grabcut",
        split="test",
        click_type="first",
        model_type="none",
        image=image,
        mask=mask,
        clicks=clicks,
        is_simulated=True,
    )


class InstanceList(list[Instance]):
    """Decoded instances with the stems of an instance table."""

    @property
    def stems(self) -> list[str]:
        return [instance.full_stem for instance in self]

    def group_by_image(self) -> dict[str, list[int]]:
        groups: dict[str, list[int]] = {}
        for index, instance in enumerate(self):
            groups.setdefault(instance.image_stem, []).append(index)
        return groups


@dataclass(frozen=True)
class FakeSource:
    """Five instances on four images; one image has two objects, one stem a space and a slash."""

    dataset: str = "grabcut"
    split: str = "test"
    content: str = "a"

    def load(self) -> InstanceList:
        found = []
        for number, image_stem in enumerate(("095", "hot dog/1", "two.objects", "last")):
            objects = ("3", "7") if image_stem == "two.objects" else ("",)
            for code in objects:
                stem = f"{image_stem}_______{code}" if code else image_stem
                seed = number + int(code or 0)
                marked = number == MARKED
                found.append(make_instance(stem, image_stem, code, marked=marked, seed=seed))
        return InstanceList(found)

    def fingerprint(self) -> str:
        return self.content


@dataclass(frozen=True)
class ManyImages(FakeSource):
    """So many images that a process gets several at once."""

    def load(self) -> InstanceList:
        return InstanceList(make_instance(str(i), str(i), marked=i == 1, seed=i) for i in range(16))


class Slope:
    """A click model: the farther right and down, the more likely; no two pixels are alike."""

    name = "slope"

    def __init__(self) -> None:
        self.maps = 0

    def click_maps(
        self,
        images: Sequence[np.ndarray],
        object_masks: Sequence[np.ndarray],
        error_masks: Sequence[np.ndarray],
    ) -> list[np.ndarray]:
        self.maps += len(error_masks)
        return [self.click_map(mask) for mask in error_masks]

    def click_map(self, error_mask: np.ndarray) -> np.ndarray:
        values = np.arange(1, error_mask.size + 1, dtype=np.float32)
        return values.reshape(error_mask.shape) * error_mask


class Disks:
    """Disks of the clicks' signs."""

    name = "disks"
    threshold = 0.5
    radius = 6

    def encode(self, image: np.ndarray) -> Any:
        return np.mgrid[: image.shape[0], : image.shape[1]], bool(image[0, 0, 0] == 255)

    def predict(
        self, state: Any, clicks: Sequence[Sequence[Click]], previous: Sequence[Any]
    ) -> list[Prediction]:
        return [self._draw(state, trajectory) for trajectory in clicks]

    def _draw(self, state: Any, clicks: Sequence[Click]) -> Prediction:
        y, x = state[0]
        mask = np.zeros(y.shape, np.float32)
        for click in clicks:
            near = (x - click.x) ** 2 + (y - click.y) ** 2 <= self.radius**2
            mask[near] = float(click.is_positive)
        return Prediction(mask, len(clicks))


class Raises(Disks):
    """Fails on the marked image."""

    def _draw(self, state: Any, clicks: Sequence[Click]) -> Prediction:
        if state[1]:
            raise RuntimeError("the accelerator is out of memory")
        return super()._draw(state, clicks)


class NoThreshold(Disks):
    """Would take nothing for the object, whatever it predicts."""

    threshold = float("nan")


class WrongShape(Disks):
    """Returns a smaller mask."""

    def _draw(self, state: Any, clicks: Sequence[Click]) -> Prediction:
        return Prediction(super()._draw(state, clicks).probability[1:])


class Dies(Disks):
    """Takes its process down on the marked image while the kill switch is set."""

    def encode(self, image: np.ndarray) -> Any:
        if image[0, 0, 0] == 255 and os.environ.get(KILL_SWITCH):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encode(image)


class Sleeps(Disks):
    """Where a folder is given, leaves the number of its process there, then takes very long."""

    def encode(self, image: np.ndarray) -> Any:
        if folder := os.environ.get(PID_FOLDER):
            Path(folder, str(os.getpid())).touch()
            time.sleep(120)
        return super().encode(image)


class TakesTurns(Disks):
    """Holds a process up at its first image until others have done all the rest but one."""

    def encode(self, image: np.ndarray) -> Any:
        parts = Path(os.environ[PARTS_FOLDER])
        if image[0, 0, 0] == 255:
            end = time.monotonic() + 60
            while len(list(parts.glob("*.parquet"))) < 3 and time.monotonic() < end:
                time.sleep(0.02)
        return super().encode(image)
