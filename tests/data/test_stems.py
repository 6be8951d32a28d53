from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rclicks_hf.data.stems import FullStem, check_stem, stem_problem

FORMS = {
    "304074": FullStem("304074"),
    "095": FullStem("095"),
    "239007b_sam_fn_pc_8": FullStem("239007b", "", "fn", "sam", "pc", "8"),
    "055_ritm_fn_pc_17": FullStem("055", "", "fn", "ritm", "pc", "17"),
    "sheep_mivos_fn": FullStem("sheep", "", "fn", "mivos"),
    "hot dog00_000000322574_ritm_fn_pc_23": FullStem(
        "hot dog00_000000322574", "", "fn", "ritm", "pc", "23"
    ),
    "a.b_c_______65793": FullStem("a.b_c", "65793"),
    "a_______7_simple_fp_mobile_07": FullStem("a", "7", "fp", "simple", "mobile", "07"),
}


@pytest.mark.parametrize(("text", "parts"), FORMS.items())
def test_published_forms(text: str, parts: FullStem) -> None:
    assert FullStem.parse(text) == parts
    assert str(parts) == text


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=30))
def test_any_accepted_text_comes_back(text: str) -> None:
    if stem_problem(text) is None:
        assert str(FullStem.parse(text)) == text


_WORD = st.text("abcz019. ", min_size=1, max_size=6).filter(lambda text: ".." not in text)


@given(
    image=st.lists(_WORD, min_size=1, max_size=3).map("_".join).filter(lambda t: ".." not in t),
    code=st.one_of(st.just(""), st.integers(1, 2**24 - 1).map(str)),
    model=st.sampled_from(["ritm", "sam", "simple", "mivos", "geocut"]),
    click_type=st.sampled_from(["fn", "fp"]),
    device=st.sampled_from(["", "pc", "mobile"]),
    index=st.integers(0, 99).map(str),
)
def test_parts_survive(
    image: str, code: str, model: str, click_type: str, device: str, index: str
) -> None:
    parts = FullStem(image, code, click_type, model, device, index if device else "")
    assert FullStem.parse(str(parts)) == parts


@pytest.mark.parametrize("stem", ["", "..", "a/../b", "/etc/passwd", "a\\b", "C:x", "a\nb", "a\0"])
def test_stems_that_are_no_file_names(stem: str) -> None:
    with pytest.raises(ValueError, match="full_stem"):
        check_stem(stem, "full_stem")


@pytest.mark.parametrize("dataset", ["GrabCut", "Berkeley", "DAVIS", "COCO"])
def test_every_published_stem_is_read_as_its_click_type(oracles: Path, dataset: str) -> None:
    path = oracles / "published" / f"stems_{dataset}.csv"
    with path.open(encoding="utf-8") as file:
        pairs = {(row["full_stem"], row["click_type"]) for row in csv.DictReader(file)}
    assert len(pairs) > 49
    for full_stem, click_type in pairs:
        parts = FullStem.parse(full_stem)
        assert (str(parts), parts.click_type) == (full_stem, click_type)
        assert (parts.model_type == "none") == (click_type == "first")
