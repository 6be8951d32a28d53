"""Speed of the clicker beside a plain rendering of its rules, in one run.

    python tests/speed/bench_clicker.py

Prints milliseconds a click at 480 x 640 for the baseline and for a clicking group, and how many
times faster that is than the plain rendering: two exact transforms of the whole image, one sort of
all its pixels, one draw over all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter

from rclicks_hf.benchmark import Clicker
from rclicks_hf.data import Click

HEIGHT, WIDTH, CLICKS, REPEATS = 480, 640, 20, 5
GROUP = (0.3, 0.4)


class PlainClicker:
    """The rules as they are written down, with nothing left out."""

    def __init__(self, mask: np.ndarray, click_map: np.ndarray | None) -> None:
        self.mask, self.click_map = mask, click_map
        self.not_clicked = np.ones(mask.shape, bool)
        self.rng = np.random.RandomState(42)

    def next(self, prediction: np.ndarray) -> Click:
        known = self.mask != -1
        errors = [(self.mask == 1) & ~prediction & known, (self.mask != 1) & prediction & known]
        depths = [self.depth(error) for error in errors]
        is_positive = bool(depths[0].max() > depths[1].max())
        error, depth = (errors[0], depths[0]) if is_positive else (errors[1], depths[1])
        place = int(depth.argmax()) if self.click_map is None else self.draw(error, self.click_map)
        y, x = np.unravel_index(place, error.shape)
        self.not_clicked[y, x] = False
        return Click(int(x), int(y), is_positive)

    def depth(self, error: np.ndarray) -> np.ndarray:
        padded = np.pad(error.astype(np.uint8), 1)
        transformed = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        # Whole squares: the last bit of OpenCV's roots differs from call to call.
        return np.rint(np.square(transformed[1:-1, 1:-1])) * self.not_clicked

    def draw(self, error: np.ndarray, click_map: np.ndarray) -> int:
        weights = click_map * error.astype(np.float32) * self.not_clicked
        order = np.sort(weights.flatten())
        total, mass = order.sum(), order.cumsum()
        low = np.searchsorted(mass, total * GROUP[0], side="left")
        high = min(np.searchsorted(mass, total * GROUP[1], side="right"), len(order) - 1)
        kept = weights * (weights >= order[low]) * (weights <= order[high])
        return int(self.rng.choice(kept.size, p=(kept / kept.sum()).flatten()))


def make_case() -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Object, click map, and predictions that grow more like the object."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    shape = ((x - 320) / 170) ** 2 + ((y - 240) / 120) ** 2 < 1
    noise = gaussian_filter(rng.standard_normal((HEIGHT, WIDTH)), 12)
    noise /= noise.std()
    predictions = [
        np.where(shape, noise < k / 8, noise > 0.5 + k / 8) & (k > 0) for k in range(CLICKS)
    ]
    click_map = np.exp(-(((x - 320) / 90) ** 2 + ((y - 240) / 70) ** 2)).astype(np.float32)
    return shape.astype(np.int8), click_map, predictions


def best_ms(make: Callable[[], Clicker | PlainClicker], predictions: list[np.ndarray]) -> float:
    """Milliseconds a click, best of several runs."""
    times = []
    for _ in range(REPEATS):
        clicker, start = make(), time.perf_counter()
        for prediction in predictions:
            clicker.next(prediction)
        times.append((time.perf_counter() - start) / len(predictions))
    return min(times) * 1e3


def main() -> None:
    """Measure and print."""
    cv2.setNumThreads(1)
    mask, click_map, predictions = make_case()
    compare("baseline", mask, None, predictions)
    compare(f"group {GROUP}", mask, click_map, predictions)


def compare(
    name: str, mask: np.ndarray, click_map: np.ndarray | None, predictions: list[np.ndarray]
) -> None:
    """Measure one kind of click both ways, and print it."""

    def ours() -> Clicker:
        return Clicker(mask) if click_map is None else Clicker(mask, lambda _: click_map, GROUP)

    def plain() -> PlainClicker:
        return PlainClicker(mask, click_map)

    one, other = ours(), plain()
    if [one.next(p) for p in predictions] != [other.next(p) for p in predictions]:
        raise SystemExit(f"{name}: the two disagree, so their speeds mean nothing")
    fast, slow = best_ms(ours, predictions), best_ms(plain, predictions)
    print(f"{name:18s} {fast:6.2f} ms/click   plain {slow:6.2f} ms/click   x{slow / fast:.1f}")


if __name__ == "__main__":
    main()
