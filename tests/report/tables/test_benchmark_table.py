from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rclicks_hf.benchmark import CLICKING_GROUPS, ResultRow
from rclicks_hf.benchmark.result_rows import (
    read_part,
    read_result_table,
    rows_to_table,
    write_part,
)
from rclicks_hf.errors import RclicksError
from rclicks_hf.report import (
    MEASURES,
    BenchmarkRow,
    MethodKey,
    ReportData,
    benchmark_table,
    format_table,
    read_results,
    score,
)
from rclicks_hf.report.tables.benchmark_table import benchmark_cells, format_intervals

KEY = MethodKey("geocut", "ud", "grabcut")


def curve(noc: int, length: int = 20) -> list[float]:
    """IoU that reaches 0.9 at click ``noc``; never for 0."""
    return [0.9 if noc and click >= noc else 0.5 for click in range(1, length + 1)]


def row(stem: str, run: str, iou: list[float], **changes: object) -> ResultRow:
    made = ResultRow(
        dataset="grabcut",
        full_stem=stem,
        image_stem=stem,
        split="test",
        segmenter="geocut",
        click_model="ud",
        run=run,
        is_simulated=False,
        protocol_id="rclicks-1",
        protocol_digest="0",
        iou=iou,
        boundary_iou=iou,
    )
    return replace(made, **changes)


def two_instances() -> list[ResultRow]:
    """Instance a: NoC 1..10 in the groups, 5 for the baseline. Instance b: 20 (never), 4."""
    rows = [row("a", group, curve(k)) for k, group in enumerate(CLICKING_GROUPS, start=1)]
    rows += [row("b", group, curve(0)) for group in CLICKING_GROUPS]
    rows += [row("a", "base", curve(5)), row("b", "base", curve(4))]
    return [*rows, row("a", "user", [0.2, 0.6]), row("b", "user", [0.5, 0.5, 0.5])]


def save(path: Path, rows: list[ResultRow]) -> Path:
    write_part(path / "results.parquet", rows)
    return path


def test_the_table_s_numbers_by_hand(tmp_path: Path) -> None:
    [found] = benchmark_table(read_results(save(tmp_path, two_instances())))
    assert (found.segmenter, found.click_model, found.dataset) == KEY
    assert (found.instances, found.failures) == (2, 0)
    assert found.sample_noc == pytest.approx((5.5 + 20) / 2)
    assert found.sample_noc_std == pytest.approx(np.std(np.arange(1, 11)) / 2)
    assert found.delta_sb == pytest.approx(100 * ((5.5 - 5) / 5 + (20 - 4) / 4) / 2)
    assert found.delta_gr == pytest.approx(100 * ((1 - 10) / 10 + 0) / 2)
    assert found.nsr == pytest.approx(100 * (0.2 / 0.4 + 0) / 2)
    assert (found.nof, found.nof_reference, found.baseline_noc) == (1.0, 1.0, 4.5)
    assert not found.is_simulated


def test_success_at_the_last_click_fails_only_by_the_reference_rule(tmp_path: Path) -> None:
    rows = [row("a", group, curve(20)) for group in CLICKING_GROUPS]
    [found] = benchmark_table(read_results(save(tmp_path, rows)))
    assert (found.nof, found.nof_reference) == (0.0, 1.0)


def test_another_threshold(tmp_path: Path) -> None:
    results = read_results(save(tmp_path, two_instances()))
    [found] = benchmark_table(results, threshold=0.5)
    assert (found.sample_noc, found.baseline_noc) == (1.0, 1.0)


def test_arrays_have_the_documented_shapes(tmp_path: Path) -> None:
    method = read_results(save(tmp_path, two_instances()))[KEY]
    assert method.stems == ("a", "b")
    assert method.group_ious.shape == (2, 10, 20)
    assert method.group_ious[0, 9].tolist() == curve(10)
    assert method.baseline_ious.shape == (2, 20)
    assert [len(ious) for ious in method.user_ious] == [2, 3]


def test_failed_instances_are_counted_and_left_out(tmp_path: Path) -> None:
    rows = two_instances()
    for index, made in enumerate(rows):
        if made.full_stem == "b":
            rows[index] = replace(made, iou=[], boundary_iou=[], error="Traceback")
    [found] = benchmark_table(read_results(save(tmp_path, rows)))
    assert (found.instances, found.failures) == (1, 1)
    assert found.sample_noc == pytest.approx(5.5)


def test_where_all_failed_there_are_no_numbers(tmp_path: Path) -> None:
    rows = [row("a", group, [], error="Traceback") for group in ("base", *CLICKING_GROUPS, "user")]
    [found] = benchmark_table(read_results(save(tmp_path, rows)))
    assert (found.instances, found.failures) == (0, 1)
    assert math.isnan(found.sample_noc)
    assert math.isnan(found.nsr)


def test_runs_that_were_not_made_leave_their_numbers_out(tmp_path: Path) -> None:
    rows = [made for made in two_instances() if made.run in ("base", "g1")]
    [found] = benchmark_table(read_results(save(tmp_path, rows)))
    assert found.baseline_noc == 4.5
    assert math.isnan(found.delta_gr)
    assert math.isnan(found.nsr)
    assert found.sample_noc == pytest.approx((1 + 20) / 2)


def test_instances_without_user_clicks_do_not_count_in_nsr(tmp_path: Path) -> None:
    rows = [made for made in two_instances() if made.run == "user"]
    rows[1] = replace(rows[1], iou=[], boundary_iou=[])
    [found] = benchmark_table(read_results(save(tmp_path, rows)))
    assert found.nsr == pytest.approx(50.0)


def test_several_runs_are_read_together(tmp_path: Path) -> None:
    other = [replace(made, segmenter="sam") for made in two_instances()]
    paths = save(tmp_path / "a", two_instances()), save(tmp_path / "b", other) / "results.parquet"
    assert [key.segmenter for key in read_results(*paths)] == ["geocut", "sam"]
    with pytest.raises(RclicksError, match="geocut / ud / grabcut: given twice"):
        read_results(paths[0], paths[0])


def test_runs_of_different_protocols_are_not_mixed(tmp_path: Path) -> None:
    other = [replace(r, segmenter="sam", protocol_digest="1") for r in two_instances()]
    with pytest.raises(RclicksError, match="follows a different protocol than"):
        read_results(save(tmp_path / "a", two_instances()), save(tmp_path / "b", other))


def test_wrong_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(RclicksError, match=r"results\.parquet: does not exist; let"):
        read_results(tmp_path)
    with pytest.raises(RclicksError, match="none given"):
        read_results()
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    with pytest.raises(RclicksError, match="not readable as benchmark results"):
        read_results(tmp_path / "other.parquet")


def test_rows_come_back_as_written(tmp_path: Path) -> None:
    rows = two_instances()
    write_part(tmp_path / "part.parquet", rows)
    table = read_part(tmp_path / "part.parquet")
    assert table is not None
    assert table.equals(rows_to_table(rows))


SHOWN = BenchmarkRow(*KEY, 50, 1, 8.25, 1.5, 12.0, -3.456, 16.42, 2.0, 3.0, 7.0)


@pytest.mark.parametrize("style", ["plain", "markdown"])
def test_the_text_shows_every_number(style: str) -> None:
    text = format_table([SHOWN], style)
    for part in (*KEY, "50", "8.25 ± 1.50", "12.00", "-3.46", "16.42", "2.00", "7.00"):
        assert part in text
    assert "simulated" not in text
    assert len({len(line) for line in text.splitlines() if "|" in line}) <= 1


def test_simulated_clicks_are_called_so() -> None:
    assert "simulated" in format_table([replace(SHOWN, is_simulated=True)])


def test_an_unknown_style_is_named() -> None:
    with pytest.raises(RclicksError, match="html: unknown table style; choose plain, markdown"):
        format_table([SHOWN], "html")


@pytest.mark.parametrize("wrong", [None, [], [None, 0.5], [0.5, math.nan], [0.5, 1.5], [-0.1, 0.5]])
@pytest.mark.parametrize("column", ["iou", "boundary_iou"])
def test_values_that_are_not_ious_are_one_line(
    tmp_path: Path, wrong: list[float] | None, column: str
) -> None:
    rows = [row("a", "base", [0.5, 0.9]), replace(row("b", "base", [0.5, 0.9]), **{column: wrong})]
    outside = rf"{column} has values outside \[0, 1\], not IoUs"
    lacks = "different lengths|column iou lacks values of some clicks"
    message = lacks if wrong == [] else outside
    with pytest.raises(RclicksError, match=message):
        for measure in MEASURES.values():
            score(measure, read_results(save(tmp_path, rows))[KEY])


@pytest.mark.parametrize("lengths", [{"iou": 0}, {"x": 1}, {"y": 3}, {"is_positive": 1}])
def test_rows_without_an_error_hold_all_clicks(tmp_path: Path, lengths: dict[str, int]) -> None:
    whole = row("a", "base", [0.5, 0.9])
    values = {name: [0] * 2 for name in ("x", "y")} | {"is_positive": [True] * 2}
    changed = {name: (values | {"iou": [0.5] * 3})[name][:1] * n for name, n in lengths.items()}
    rows = [whole, replace(row("b", "base", [0.5, 0.9]), **values)]
    assert read_result_table(save(tmp_path, rows)).num_rows == 2
    rows[1] = replace(rows[1], **changed)
    [column] = lengths
    with pytest.raises(RclicksError, match=rf"column {column} lacks values of some clicks"):
        read_result_table(save(tmp_path, rows))
    rows[1] = replace(rows[1], error="boom")
    assert read_result_table(save(tmp_path, rows)).num_rows == 2


def test_results_without_a_row_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(RclicksError, match=r"results.parquet: holds no results"):
        read_results(save(tmp_path, []))


def test_trajectories_that_ended_early_are_not_put_into_a_table(tmp_path: Path) -> None:
    rows = [row("a", "g1", [0.5, 0.9]), row("a", "g2", [0.95])]
    with pytest.raises(RclicksError, match="benchmark with a target_iou above 1"):
        benchmark_table(read_results(save(tmp_path, rows)))


def test_a_bar_in_a_name_does_not_end_its_cell_in_markdown() -> None:
    text = format_table([BenchmarkRow("a|b", "ud", "davis", 1, 0)], "markdown")
    assert r"| a\|b " in text


def test_the_folder_of_several_results_folders_names_them(tmp_path: Path) -> None:
    for name in ("davis", "grabcut"):
        save(tmp_path / name, [row("a", "base", [0.5])])
    with pytest.raises(RclicksError, match=r"holds results folders; give .*davis, .*grabcut$"):
        read_results(tmp_path)


def test_benchmark_rows_are_written_with_two_decimals(
    make_report: Callable[..., ReportData],
) -> None:
    table = benchmark_cells(make_report().benchmark_rows)
    assert list(table.groups) == ["scenes"]
    row = table.groups["scenes"][0]
    texts = dict(
        zip(
            (head.replace("\xa0", " ") for head, _ in table.heads),
            (c.text for c in row.cells),
            strict=True,
        )
    )
    assert row.is_simulated
    assert texts["Segmenter"] == "geocut"
    assert texts["Failed"] == "1"
    assert texts["Sample NoC ↓"] == "6.41 ± 1.12"
    assert texts["Baseline NoC ↓"] == "5.25"
    assert texts["NoF ↓"] == "2.50"
    assert texts["ΔSB % ↓"] == "−18.30"
    assert texts["NSR % ↓"] == "16.42"


def test_ranks_do_not_depend_on_the_order_of_rows() -> None:
    rows = [
        replace(SHOWN, segmenter=name, sample_noc=noc, dataset=dataset)
        for name, noc, dataset in (("a", 3.0, "davis"), ("b", 1.0, "grabcut"), ("c", 2.0, "davis"))
    ]
    groups = benchmark_cells(rows).groups
    assert {of: [row.cells[4].rank for row in found] for of, found in groups.items()} == {
        "davis": [2, 1],
        "grabcut": [0],
    }


def test_results_are_a_table_a_frame_and_a_path(tmp_path: Path) -> None:
    rows = [replace(made, is_simulated=True) for made in two_instances()]
    results = read_results(save(tmp_path / "a", rows))
    assert str(results) == repr(results) == format_table(benchmark_table(results))
    assert "simulated, not made by people" in str(results)
    html = results._repr_html_()
    assert "<td>12.75 ± 1.44</td>" in html
    assert "simulated, not made by people" in html
    frame = results.to_pandas()
    assert len(frame) == len(rows)
    assert list(frame.columns) == rows_to_table(rows).column_names
    assert Path(results) == tmp_path / "a" / "results.parquet"
    assert list(read_results(results)) == list(results) == [KEY]
    other = save(tmp_path / "b", [replace(made, segmenter="sam") for made in rows])
    with pytest.raises(TypeError, match="2 files"):
        Path(read_results(results, other))


def test_the_threshold_of_the_results_is_that_of_the_table(tmp_path: Path) -> None:
    results = read_results(save(tmp_path, two_instances()), threshold=0.5)
    assert benchmark_table(results) == results.rows
    assert results.rows[0].baseline_noc == 1.0
    assert results.scores[KEY]["base_noc"].value == 1.0


def test_intervals_stand_below_their_numbers(tmp_path: Path) -> None:
    results = read_results(save(tmp_path, two_instances()))
    heads, _, line, below, _, note = format_intervals(results.rows, results.scores).splitlines()[:6]
    found = results.scores[next(iter(results))]["sample_noc"]
    bounds = f"[{found.low:.2f}, {found.high:.2f}]"
    end = heads.index("Sample NoC ↓") + len("Sample NoC ↓")
    assert below[:end].endswith(bounds)
    assert line[:end].strip()[-1].isdigit()
    assert note == "In brackets: 95 % bootstrap intervals over instances."
