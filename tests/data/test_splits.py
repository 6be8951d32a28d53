from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rclicks_hf.data.splits import random_splits, read_split_lists
from rclicks_hf.errors import RclicksError


@given(st.sets(st.text(max_size=5), min_size=3, max_size=40), st.randoms())
def test_draws_do_not_depend_on_order_and_cover_all(stems: set[str], random: object) -> None:
    order = sorted(stems)
    random.shuffle(order)  # type: ignore[attr-defined]
    draw = random_splits(order)
    assert draw == random_splits(sorted(stems) * 2)
    assert set(draw) == stems
    assert set(draw.values()) == {"train", "validation", "test"}


def test_shares_and_seeds() -> None:
    stems = [str(index) for index in range(100)]
    draw = random_splits(stems, fractions={"train": 0.9, "test": 0.1}, seed=3)
    assert sorted(draw.values()).count("test") == 10
    assert draw != random_splits(stems, fractions={"train": 0.9, "test": 0.1}, seed=4)
    with pytest.raises(ValueError, match="sum to 1"):
        random_splits(stems, fractions={"train": 0.9})


def test_published_lists(tmp_path: Path) -> None:
    with pytest.raises(RclicksError, match=r"TETRIS_train\.txt: cannot be read"):
        read_split_lists(tmp_path)
    (tmp_path / "TETRIS_train.txt").write_text("a b\n095\n")
    (tmp_path / "TETRIS_val.txt").write_text("c\n")
    assert read_split_lists(tmp_path) == {"a b": "train", "095": "train", "c": "validation"}
    (tmp_path / "TETRIS_val.txt").write_text("c\n095\n")
    with pytest.raises(RclicksError, match=r"TETRIS_val\.txt, line 2: '095' is in both lists"):
        read_split_lists(tmp_path)
