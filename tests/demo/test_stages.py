from __future__ import annotations

from rclicks_hf.demo.stages import spread


class FakeTable:
    """Objects of images, as many an image as the list says."""

    def __init__(self, objects: list[int]) -> None:
        self.groups, start = {}, 0
        for number, count in enumerate(objects):
            self.groups[f"image {number}"] = list(range(start, start + count))
            start += count

    def group_by_image(self) -> dict[str, list[int]]:
        return self.groups


def test_datasets_take_turns_and_images_come_before_second_objects() -> None:
    tables = {"scenes": FakeTable([3, 1, 2]), "photographs": FakeTable([2, 1])}
    assert spread(tables, 1) == {"scenes": [0], "photographs": []}
    assert spread(tables, 4) == {"scenes": [0, 3], "photographs": [0, 2]}
    assert spread(tables, 6) == {"scenes": [0, 3, 4], "photographs": [0, 2, 1]}


def test_a_short_dataset_leaves_its_turns_to_the_other() -> None:
    tables = {"a": FakeTable([1]), "b": FakeTable([1, 1, 1, 1])}
    assert spread(tables, 4) == {"b": [0, 1, 2], "a": [0]}
    assert sum(map(len, spread(tables, 99).values())) == 5
