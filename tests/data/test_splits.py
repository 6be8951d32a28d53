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


def _lists(folder: Path, train: bytes, val: bytes = b"c\n") -> Path:
    (folder / "TETRIS_train.txt").write_bytes(train)
    (folder / "TETRIS_val.txt").write_bytes(val)
    return folder


@pytest.mark.parametrize(
    "train",
    [
        b"\xef\xbb\xbfa b\n095\n",
        "a b\r\n095\r\n".encode("utf-16"),
        b"a b\r\n095\r\n",
        b"a b\r095",
        b"  a b \t\n\n\t095  \n \n",
        b"a b.jpg\n095.PNG\n",
        b"images/a b.jpg\nC:\\data\\images\\095.jfif\n",
        "a b\u00a0\n\ufeff095\n".encode(),
        "a b\u3000\n\u200e095\u2003\n".encode(),
    ],
)
@pytest.mark.parametrize("images", [None, {"a b", "095", "c"}])
def test_what_is_harmless_is_stripped(
    tmp_path: Path, train: bytes, images: set[str] | None
) -> None:
    splits = read_split_lists(_lists(tmp_path, train), images)
    assert splits == {"a b": "train", "095": "train", "c": "validation"}


def test_names_of_images_decide(tmp_path: Path) -> None:
    nfc, nfd = "\u00e4", "a\u0308"
    lists = _lists(tmp_path, f"x.jpg\n{nfc}\n".encode())
    assert read_split_lists(lists, {"x.jpg", nfd, "c"}) == {
        "x.jpg": "train",
        nfd: "train",
        "c": "validation",
    }


@pytest.mark.parametrize(
    ("train", "message"),
    [
        (
            b"a\ttrain\n",
            r"TETRIS_train\.txt, line 1: 'a\\ttrain' may not hold .*one image",
        ),
        (b"a\nc.png\n", r"TETRIS_val\.txt, line 1: 'c' is in both lists"),
        (b"d\ne\n", r"TETRIS_train\.txt: none of its 2 stems is an image, .*'d'; .* such as '095'"),
        (b"95\n", "lists '95' where the image is '095': a spreadsheet turned the"),
    ],
)
def test_lists_that_do_not_fit_are_refused(tmp_path: Path, train: bytes, message: str) -> None:
    with pytest.raises(RclicksError, match=message):
        read_split_lists(_lists(tmp_path, train), {"a", "095"} if b"a" in train else {"095"})


@pytest.mark.parametrize("wrong", ["TETRIS_train.txt", "TETRIS_val.txt"])
def test_a_list_of_which_no_line_is_an_image_is_named(tmp_path: Path, wrong: str) -> None:
    lists = _lists(tmp_path, b"a\nx\n", b"b\ny\n")
    assert read_split_lists(lists, {"a", "b"})["y"] == "validation"
    (lists / wrong).write_text("p\nq\n")
    with pytest.raises(RclicksError, match=f"/{wrong}: none of its 2 stems is an image, such as"):
        read_split_lists(lists, {"a", "b"})


def test_empty_lists_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RclicksError, match="list no image"):
        read_split_lists(_lists(tmp_path, b"\n", b""), {"a"})
