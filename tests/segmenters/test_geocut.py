from __future__ import annotations

import numpy as np
import pytest

from rclicks_hf.data import Click
from rclicks_hf.segmenters import GeoCut, check_segmenter


def two_squares() -> np.ndarray:
    """Two bright squares on dark ground, with noise."""
    noise = np.random.default_rng(0).integers(0, 20, (80, 120, 3))
    image = noise + 30
    image[20:60, 15:50] += 150
    image[20:60, 70:105] += 150
    return image.astype(np.uint8)


def predict(image: np.ndarray, *clicks: Click) -> np.ndarray:
    geocut = GeoCut()
    [prediction] = geocut.predict(geocut.encode(image), [clicks], [None])
    assert prediction.probability.shape == image.shape[:2]
    assert prediction.probability.dtype == np.float32
    return prediction.probability > geocut.threshold


def test_a_click_takes_its_object_and_not_the_other() -> None:
    mask = predict(two_squares(), Click(30, 40, True))
    assert mask[22:58, 17:48].mean() > 0.95
    assert mask[:, 60:].mean() < 0.02


def test_a_negative_click_takes_its_part_away() -> None:
    image = np.full((60, 60, 3), 200, np.uint8)
    before = predict(image, Click(20, 30, True))
    after = predict(image, Click(20, 30, True), Click(28, 30, False))
    assert before[30, 28]
    assert not after[30, 28]
    assert after[30, 20]


def test_every_click_keeps_its_sign() -> None:
    rng = np.random.default_rng(1)
    xs, ys = rng.permutation(58)[:20], rng.permutation(38)[:20]
    places = zip(xs.tolist(), ys.tolist(), strict=True)
    clicks = [Click(2 * x, 2 * y, i % 2 == 0) for i, (x, y) in enumerate(places)]
    geocut = GeoCut()
    [prediction] = geocut.predict(geocut.encode(two_squares()), [clicks], [None])
    for click in clicks:
        assert (prediction.probability[click.y, click.x] > 0.5) == click.is_positive


def test_memory_gives_what_all_clicks_at_once_give() -> None:
    geocut, clicks = GeoCut(), [Click(30, 40, True), Click(85, 40, True), Click(60, 5, False)]
    state, memory = geocut.encode(two_squares()), None
    for count in (1, 2, 3):
        [step] = geocut.predict(state, [clicks[:count]], [memory])
        memory = step.memory
    [whole] = geocut.predict(state, [clicks], [None])
    np.testing.assert_array_equal(step.probability, whole.probability)


def test_trajectories_do_not_depend_on_their_company_or_order() -> None:
    geocut = GeoCut()
    state = geocut.encode(two_squares())
    batch = [[Click(30, 40, True)], [Click(85, 40, True), Click(30, 30, False)]]
    forward = geocut.predict(state, batch, [None, None])
    backward = geocut.predict(state, batch[::-1], [None, None])
    for one, other in zip(forward, backward[::-1], strict=True):
        np.testing.assert_array_equal(one.probability, other.probability)


def test_without_a_positive_click_there_is_no_object() -> None:
    assert not predict(two_squares(), Click(30, 40, False)).any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 2), (3, 40), (17, 5)])
def test_tiny_images_work(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 255, (*shape, 3)).astype(np.uint8)
    corner = Click(shape[1] - 1, shape[0] - 1, True)
    assert predict(image, corner)[corner.y, corner.x]
    assert predict(image, Click(0, 0, False)).sum() == 0


@pytest.mark.parametrize("click", [(0, 0), (59, 0), (0, 39), (59, 39), (30, 0)])
def test_clicks_on_the_border_work(click: tuple[int, int]) -> None:
    assert predict(np.full((40, 60, 3), 7, np.uint8), Click(*click, True))[click[1], click[0]]


def test_an_image_clicked_everywhere_works() -> None:
    clicks = [Click(x, y, True) for y in range(0, 12, 2) for x in range(0, 14, 2)]
    assert predict(np.zeros((12, 14, 3), np.uint8), *clicks).all()


def test_a_wrong_image_is_named() -> None:
    with pytest.raises(ValueError, match=r"image must be \(H, W, 3\) uint8, got shape \(4, 4\)"):
        GeoCut().encode(np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match="dtype float64"):
        GeoCut().encode(np.zeros((4, 4, 3)))


def test_it_conforms() -> None:
    assert [check for check in check_segmenter(GeoCut()) if not check.ok] == []
