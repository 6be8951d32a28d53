"""The reader of the paper's pickles: nothing but its own forms, whatever the bytes."""

from __future__ import annotations

import pickle
import random
import zipfile
from pathlib import Path

import pytest

from rclicks_hf.benchmark.published.pickled_results import read_pickled_results
from rclicks_hf.errors import RclicksError

NAME = "evaluation_results/sam_vit_b_01ec64_{}/plots/GrabCut_cvpr_NoBRS_{}.pickle"


class _Call:
    def __init__(self, function: object, *arguments: object) -> None:
        self._reduced = function, arguments

    def __reduce__(self) -> tuple:
        return self._reduced  # type: ignore[return-value]


def _read(content: bytes) -> list:
    return list(read_pickled_results(content, "x.pickle"))


def test_other_pickles_are_refused() -> None:
    deep: list = []
    for _ in range(100):
        deep = [deep]
    others = [
        {"all_ious": 3},
        {"all_ious": [["a.jpg", [1, 2], 1]]},
        {"all_ious": [["a.jpg"]]},
        [1, 2],
        deep,
        {"all_ious": [_Call(exec, "raise SystemExit")]},
        {"all_ious": [_Call(bytearray, 10**12)]},
        {"all_ious": b"x" * 300},
        {"all_ious": {1, 2}},
        2**200,
    ]
    for protocol in (0, 2, 4, 5):
        for other in others:
            with pytest.raises(RclicksError, match=r"x\.pickle"):
                _read(pickle.dumps(other, protocol=protocol))


def test_opcodes_that_take_memory_or_look_elsewhere_are_refused() -> None:
    for content in (
        b"r\xff\xff\xff\xff.",  # LONG_BINPUT: a memo of 64 GiB
        b"\x8e\x00\x00\x00\x00\x10\x00\x00\x00.",  # BINBYTES8 of 64 GiB
        b"Pabc\n.",  # persistent id
        b"\x82\x01.",  # extension registry
        b"cos\nsystem\n.",
        b"\x95\xff\xff\xff\xff\xff\xff\xff\x7f.",  # a frame that is longer than the file
        b"]" * 100,  # no end
        b"",
    ):
        with pytest.raises(RclicksError, match=r"x\.pickle"):
            _read(b"\x80\x04" + content)


def test_mutated_files_are_read_or_refused(shared: Path) -> None:
    archive = shared / "oracles" / "evaluation_results" / "evaluation_results.zip"
    with zipfile.ZipFile(archive) as opened:
        contents = [
            opened.read(NAME.format(*kind))
            for kind in (("Base", 20), ("User", 1), ("SamplingUsersCount", 1))
        ]
    draw = random.Random(0)
    read = refused = 0
    for _ in range(600):
        content = bytearray(draw.choice(contents))
        for _ in range(draw.choice((1, 1, 2, 8))):
            content[draw.randrange(len(content))] = draw.randrange(256)
        try:
            for found in _read(bytes(content)):
                assert all(0 <= iou <= 1 for iou in found.ious + found.boundary_ious)
                assert len(found.ious) == len(found.xs) == len(found.are_positive)
            read += 1
        except RclicksError:
            refused += 1
    assert read > 20
    assert refused > 100
