"""Names beside points: none covers another name or a point, and none leaves the chart."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from matplotlib.figure import Figure

from rclicks_hf.report.pictures.label_places import LabelBox, draw_names, find_places

BOUNDS = LabelBox(0, 0, 300, 200)


def overlap(first: LabelBox, second: LabelBox) -> bool:
    return (
        first.left < second.right
        and second.left < first.right
        and first.bottom < second.top
        and second.bottom < first.top
    )


@pytest.mark.parametrize("seed", range(5))
def test_no_name_covers_anything(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal((150, 100), (60, 40), (40, 2)).clip(5, (295, 195))
    places = find_places(points, [(60.0, 10.0)] * 40, range(40), BOUNDS)
    found = [place for place in places if place is not None]
    assert len(found) >= 12
    assert not any(overlap(*pair) for pair in combinations(found, 2))
    for place in found:
        assert BOUNDS.left <= place.left
        assert place.right <= BOUNDS.right
        assert BOUNDS.bottom <= place.bottom
        assert place.top <= BOUNDS.top
        assert not any(
            overlap(place, LabelBox(x - 4, y - 4, x + 4, y + 4)) for x, y in points.tolist()
        )


def test_the_first_of_the_order_is_named_where_room_is_short() -> None:
    points = np.array([[150.0, 100.0], [150.0, 100.0]])
    narrow = LabelBox(145, 90, 230, 112)
    assert find_places(points, [(60, 10)] * 2, [1, 0], narrow)[1] is not None
    assert find_places(points, [(60, 10)] * 2, [1, 0], narrow)[0] is None
    assert find_places(points, [(60, 10)] * 2, [], narrow) == [None, None]


def test_points_without_numbers_are_left_out() -> None:
    axes = Figure().add_subplot()
    points = np.array([[1.0, 2.0], [np.nan, 1.0], [2.0, 1.0]])
    axes.scatter(*points.T)
    draw_names(axes, points, ["a", "b", "c"], [0, 1, 2])
    assert sorted(text.get_text() for text in axes.texts) == ["a", "c"]
