"""The README's picture: its size on the screen and on the disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from rclicks_hf.report import GalleryItem, ReportData, summary_figure
from rclicks_hf.report.pictures.summary_figure import SUMMARY_BYTES


def test_the_picture_is_wide_and_small_even_of_noise(
    make_report: Callable[..., ReportData],
    make_item: Callable[..., GalleryItem],
    tmp_path: Path,
) -> None:
    noise = [make_item(*size) for size in ((300, 300), (400, 300), (300, 400), (9, 300))]
    report = make_report(gallery=noise)
    path = summary_figure(report, tmp_path / "pictures" / "summary.png")
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.width == 1400
    assert path.stat().st_size <= SUMMARY_BYTES


def test_one_instance_is_enough_and_an_older_picture_is_replaced(
    make_report: Callable[..., ReportData], make_item: Callable[..., GalleryItem], tmp_path: Path
) -> None:
    path = tmp_path / "summary.png"
    path.write_bytes(b"older")
    summary_figure(make_report(gallery=[make_item()]), path)
    with Image.open(path) as image:
        image.load()
    assert [file.name for file in tmp_path.iterdir()] == ["summary.png"]


@pytest.mark.parametrize("field", ["gallery", "curves"])
def test_a_report_without_pictures_or_curves_has_no_summary(
    make_report: Callable[..., ReportData], tmp_path: Path, field: str
) -> None:
    with pytest.raises(ValueError, match="gallery and curves"):
        summary_figure(make_report(**{field: ()}), tmp_path / "summary.png")
