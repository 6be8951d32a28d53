"""PC against mobile, against a plain rendering of the paper's comparison."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rclicks_hf.analysis import compare_devices, two_sample_scores

Make = Callable[..., dict[str, Any]]
POINTS = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=3, max_size=12)


def plain_comparison(slow: SimpleNamespace, row: dict[str, Any]) -> dict[str, float]:
    """KS, WD and PL1 of one instance, sound and as the paper's script computes them."""
    pc, mobile = (
        [
            (x, y)
            for x, y, device in zip(row["x"], row["y"], row["device"], strict=True)
            if device == d
        ]
        for d in (0, 1)
    )
    size = row["box"][2:]
    (pc_x, pc_y), (mobile_x, mobile_y) = (zip(*points, strict=True) for points in (pc, mobile))
    p = slow.ks2d_pvalue(pc_x, pc_y, mobile_x, mobile_y)
    return {
        "ks_pvalue": p,
        "ks": float(p > 0.05),
        "wd": slow.wd_points(pc_x, pc_y, mobile_x, mobile_y, size),
        "pl1": slow.pl1_points(pc_x, pc_y, mobile_x, mobile_y, size),
        "wd_slip": slow.wd_points(pc_x, pc_x, mobile_x, mobile_y, size),
        "pl1_slip": slow.pl1_points(pc_x, pc_x, mobile_x, mobile_y, size),
    }


def test_values_of_the_plain_comparison(slow: SimpleNamespace, clouds: pa.Table) -> None:
    result = compare_devices(clouds, slip=True, progress=False)
    plain = [plain_comparison(slow, row) for row in clouds.to_pylist()]
    for name in plain[0]:
        assert result[name].to_pylist() == pytest.approx([row[name] for row in plain]), name
    assert set(result["ks"].to_pylist()) == {0.0, 1.0}  # the cases tell something


def test_without_the_slip_its_columns_are_not_there(clouds: pa.Table) -> None:
    sound = compare_devices(clouds, progress=False)
    slipped = compare_devices(clouds, slip=True, progress=False)
    assert set(slipped.column_names) - set(sound.column_names) == {"wd_slip", "pl1_slip"}
    assert slipped.select(sound.column_names).equals(sound)


def test_known_distances(make_row: Make) -> None:
    pc = [(i, 90) for i in range(10)]
    moved = [(x + 3, y + 4) for x, y in pc]
    on_diagonal = [(i, i) for i in range(10)]
    rows = [
        make_row("moved", pc, moved, box=[0, 0, 6, 8]),
        make_row("slip", pc, on_diagonal, box=[0, 0, 6, 8]),
    ]
    result = compare_devices(pa.Table.from_pylist(rows), slip=True, progress=False).to_pylist()
    assert result[0]["wd"] == pytest.approx(5 / 10)
    # (x, x) of the PC clicks are just the mobile ones: the slip sees no difference at all.
    assert result[1]["wd_slip"] == pytest.approx(0)
    assert result[1]["wd"] > 8


def test_order_does_not_matter(clouds: pa.Table) -> None:
    expected = compare_devices(clouds, slip=True, progress=False).to_pylist()
    rows = clouds.to_pylist()
    for row in rows:
        order = np.random.default_rng(1).permutation(len(row["x"]))
        row.update({name: [row[name][i] for i in order] for name in ("x", "y", "device")})
    result = compare_devices(pa.Table.from_pylist(rows[::-1]), slip=True, progress=False)
    for got, want in zip(result.to_pylist()[::-1], expected, strict=True):
        assert got == {k: pytest.approx(v) if k != "full_stem" else v for k, v in want.items()}


def test_too_few_clicks_are_left_out_with_the_reason(make_row: Make) -> None:
    many, few = [(i, i * i % 7) for i in range(12)], [(1, 2)] * 9
    rows = [make_row("a", many, few), make_row("b", [], many), make_row("c", many, many)]
    result = compare_devices(pa.Table.from_pylist(rows), progress=False).to_pylist()
    assert [row["left_out"] for row in result] == [
        "fewer than 10 clicks on pc or on mobile",
        "fewer than 10 clicks on pc or on mobile",
        "",
    ]
    assert [row["wd"] is None for row in result] == [True, True, False]
    assert [(row["clicks_pc"], row["clicks_mobile"]) for row in result] == [
        (12, 9),
        (0, 12),
        (12, 12),
    ]
    assert compare_devices(pa.Table.from_pylist(rows), least=9, progress=False)["left_out"][
        0
    ].as_py() == ("")
    with pytest.raises(ValueError, match="least must be a whole number of at least 1"):
        compare_devices(pa.Table.from_pylist(rows), least=0)


def test_an_undefined_p_value_counts_as_0_and_does_not_warn(make_row: Make) -> None:
    line, cloud = [(7, i) for i in range(10)], [(i, i * i % 7) for i in range(10)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = pa.Table.from_pylist([make_row("a", line, cloud)])
        result = compare_devices(table, progress=False).to_pylist()[0]
    assert (result["ks_pvalue"], result["ks"], result["left_out"]) == (0, 0, "")


def test_without_pictures_lengths_are_in_images(clouds: pa.Table, make_row: Make) -> None:
    rows = clouds.to_pylist()
    without = pa.Table.from_pylist([row | {"box": []} for row in rows])
    without = without.set_column(
        without.column_names.index("box"), "box", pa.array([[]] * len(rows), pa.list_(pa.int32()))
    )
    in_images = compare_devices(without, progress=False).to_pylist()
    in_boxes = compare_devices(clouds, progress=False).to_pylist()
    for image, box in zip(in_images, in_boxes, strict=True):
        assert (image["unit"], box["unit"]) == ("image", "object box")
        assert image["ks_pvalue"] == box["ks_pvalue"]
        assert image["wd"] * math.hypot(160, 120) == pytest.approx(box["wd"] * math.hypot(60, 40))


@given(
    first=POINTS,
    second=POINTS,
    shift=st.tuples(st.integers(-50, 50), st.integers(-50, 50)),
    factor=st.integers(1, 9),
)
@pytest.mark.filterwarnings("ignore::rclicks_hf.metrics.ConstantCoordinateWarning")
def test_laws_of_two_samples(
    first: list, second: list, shift: tuple[int, int], factor: int
) -> None:
    a, b = np.array(first, float).T, np.array(second, float).T
    size = np.array([30.0, 20.0])
    scores = two_sample_scores(*a, *b, size)
    moved = np.array(shift, float)[:, None]
    assert two_sample_scores(*a + moved, *b + moved, size) == pytest.approx(scores)
    assert two_sample_scores(*a * factor, *b * factor, size * factor) == pytest.approx(scores)
    assert two_sample_scores(*b, *a, size) == pytest.approx(scores)
    assert two_sample_scores(*a[::-1], *b[::-1], size[::-1]) == pytest.approx(scores)
    mirrored = two_sample_scores(99 - a[0], a[1], 99 - b[0], b[1], size)
    assert mirrored[2:] == pytest.approx(scores[2:])  # WD and PL1; KS breaks ties by side
