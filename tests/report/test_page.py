"""The page: whole, self-contained, well-formed, marked where simulated, safe, written at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rclicks_hf.errors import RclicksError
from rclicks_hf.report import ReportData, write_report
from rclicks_hf.report.page import ABBREVIATIONS, SECTIONS, render
from rclicks_hf.report.page_data import UserScatter
from rclicks_hf.report.tables.benchmark_table import BenchmarkRow
from rclicks_hf.support.text.citation import LINKS

MakeReport = Callable[..., ReportData]

_VOID = {"meta", "link", "img", "br", "hr", "input"}
_REFERENCES = {"src", "href", "xlink:href", "srcset", "action", "data", "poster"}


class _Reader(HTMLParser):
    """Reads a page strictly: every tag must be closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> repeats an attribute"
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag, f"</{tag}> closes another tag"

    def handle_data(self, data: str) -> None:
        if not self.stack or self.stack[-1] != "style":
            self.text.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def _read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert reader.stack == []
    return reader


@pytest.fixture(scope="module")
def whole_page(make_report: MakeReport) -> str:
    return render(make_report())


def test_all_sections_are_there_and_well_formed(whole_page: str) -> None:
    reader = _read(whole_page)
    ids = [str(attributes["id"]) for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for section in SECTIONS:
        assert section.anchor in ids
        assert section.title in reader.words
    headings = [int(tag[1]) for tag, _ in reader.tags if re.fullmatch("h[1-6]", tag)]
    assert headings.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))


def test_every_reference_stays_in_the_page(whole_page: str) -> None:
    """Nothing is loaded from elsewhere; the only links lead to paper, code and dataset."""
    page = whole_page
    for url in LINKS.values():
        assert page.count(f'<a href="{url}" rel="noreferrer">') == 1
        page = page.replace(f'href="{url}"', 'href="#settings"')
    assert not re.search(r"https?:|//[a-z]+\.[a-z]", page)
    reader = _read(page)
    ids = {attributes.get("id") for _, attributes in reader.tags}
    for tag, attributes in reader.tags:
        assert tag not in {"script", "iframe", "object", "embed", "base"}
        for name in _REFERENCES & attributes.keys():
            value = str(attributes[name])
            assert value.startswith("data:") or value.removeprefix("#") in ids, (tag, value[:60])
    for target in re.findall(r"url\(([^)]*)\)", page):
        assert target.removeprefix("#") in ids


def test_the_main_table_comes_first_and_a_chart_before_scores_alone(
    make_report: MakeReport, whole_page: str
) -> None:
    sections = [f'<section id="{section.anchor}">' for section in SECTIONS]
    places = [whole_page.index(section) for section in sections]
    assert places == sorted(places)
    assert SECTIONS[0].needs == "benchmark_rows"
    assert 0 < whole_page.index("<table") < whole_page.index('role="img"')
    scores = make_report(
        standings=(), curves=(), scatter=(), benchmark_rows=(), examples=(), gallery=()
    )
    page = render(scores)
    assert 0 < page.index('role="img"') < page.index("<table")


@pytest.mark.usefixtures("undrawn")
def test_abbreviations_are_spelled_out_before_they_are_used(make_report: MakeReport) -> None:
    rows = [BenchmarkRow("sam", "ud", "davis", 1, 0), BenchmarkRow("sam", "cm", "davis", 1, 0)]
    page = render(replace(make_report(), benchmark_rows=rows))
    for name in ("UD", "CM"):
        at = page.index(f"<strong>{name}</strong> {ABBREVIATIONS[name][:20]}")
        assert at < page.index("<main>")


def test_a_phone_shows_the_essential_columns_first(whole_page: str) -> None:
    page = whole_page
    heads = re.findall(r'<th scope="col"[^>]*>([^<]*)', page[page.index('class="main-table"') :])
    assert [head.split("\xa0")[0] for head in heads[:5]] == [
        "Segmenter", "Click model", "Sample NoC", "ΔSB %", "ΔGR %",
    ]  # fmt: skip
    agreement = page[page.index("Agreement of click models") :]
    heads = re.findall(r'<th scope="col"[^>]*>([^<]*)', agreement)[:7]
    assert [head.split("\xa0")[0] for head in heads[:2]] == ["Click model", "KS"]
    assert heads[6] == "Instances"


def test_pictures_and_charts_say_what_they_show(whole_page: str) -> None:
    reader = _read(whole_page)
    pictures = reader.named("img")
    charts = [svg for svg in reader.named("svg") if svg.get("role") == "img"]
    assert len(pictures) == 2 + 2 * 3
    assert len(charts) == 2 + 2
    assert all(picture["alt"] for picture in pictures)
    assert all(chart["aria-label"] for chart in charts)
    assert "12 simulated clicks (8 pc, 4 mobile)" in str(pictures[3]["alt"])
    assert "IoU 0.50 after the first click, 0.91 after 3" in str(pictures[0]["alt"])


def test_simulated_clicks_are_marked_wherever_they_show(whole_page: str) -> None:
    page = whole_page
    assert "No person clicked" in page
    assert "(simulated clicks)" in page[page.index("<title>") : page.index("</title>")]
    captions = re.findall(r"<figcaption>.*?</figcaption>", page, flags=re.DOTALL)
    # Four tables, four charts, the numbers of two charts, an example of two pictures, two
    # instances of three.
    assert len(captions) == 4 + 4 + 2 + 2 + 6
    unmarked = [caption for caption in captions if "Simulated clicks" not in caption]
    assert unmarked == ["<figcaption>Object</figcaption>"] * 2


@pytest.mark.usefixtures("undrawn")
def test_real_clicks_carry_no_mark(make_report: MakeReport) -> None:
    assert "imulated" not in _read(render(make_report(simulated=False))).words


@pytest.mark.usefixtures("undrawn")
def test_one_simulated_part_marks_itself_and_the_page(make_report: MakeReport) -> None:
    scatter = UserScatter("by simulation", np.ones(3), np.zeros(3), 0.0, is_simulated=True)
    page = render(make_report(simulated=False, scatter=[scatter]))
    assert "Some of the clicks on this page" in page
    assert page.count('<span class="mark">Simulated clicks</span>') == 1


def test_the_numbers_are_there(whole_page: str) -> None:
    words = _read(whole_page).words
    for text in (
        "6.41 ± 1.12",
        "−18.30",
        "47.10",
        "NSR 12.50 %",
        "PDE ×10⁻⁴ ↑",
        "rclicks demo",
        "7.77",
    ):
        assert text in words, text


@pytest.mark.usefixtures("undrawn")
def test_a_section_without_data_is_left_out(make_report: MakeReport) -> None:
    optional = [one for one in SECTIONS if one.needs not in ("versions", "title")]
    for left_out in optional:
        reader = _read(render(make_report(**{left_out.needs: ()})))
        ids = {attributes.get("id") for _, attributes in reader.tags}
        for section in SECTIONS:
            is_there = section is not left_out
            assert (section.anchor in ids) == is_there, (left_out, section)
            assert ({"href": f"#{section.anchor}"} in reader.named("a")) == is_there


HOSTILE = """<script>alert('1')</script>"><img src=x onerror=alert(2)> {{ 7*7 }} $\\frac{"""


def test_hostile_names_are_only_text(
    make_report: MakeReport, make_item: Callable[..., Any]
) -> None:
    report = make_report(
        title=HOSTILE,
        command=HOSTILE,
        settings={HOSTILE: HOSTILE},
        standings=(),
        curves=(),
        examples=(),
        gallery=[make_item(stem=HOSTILE)],
        scatter=[UserScatter(HOSTILE, np.ones(2), np.zeros(2), 0.0)],
    )
    reader = _read(render(report))
    assert reader.named("script") == []
    assert not any("onerror" in attributes for _, attributes in reader.tags)
    # Title bar, heading, command, name and value of a setting, chart, instance.
    assert reader.words.count(" ".join(HOSTILE.split())) == 7


def test_the_same_report_gives_the_same_page(make_report: MakeReport, whole_page: str) -> None:
    assert render(make_report()) == whole_page


@pytest.mark.usefixtures("undrawn")
def test_an_older_page_is_replaced_whole(make_report: MakeReport, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("x" * 5_000_000)
    assert write_report(make_report(), target) == target
    _read(target.read_text(encoding="utf-8"))
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.usefixtures("undrawn")
def test_a_failure_leaves_the_older_page(
    make_report: MakeReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report.html"
    target.write_text("older")

    def full_disk(self: Path, *_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full_disk)
        with pytest.raises(RclicksError, match="disk is full"):
            write_report(make_report(), target)
    assert target.read_text() == "older"
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
