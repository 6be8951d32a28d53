"""Tables of click-model scores: the best values, the paper's rows, differences."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rclicks_hf.click_scoring.paper_scores import published_means
from rclicks_hf.click_scoring.score_rows import SPLIT_HALF
from rclicks_hf.click_scoring.score_summary import ScoreTable
from rclicks_hf.metrics import CLICK_METRICS
from rclicks_hf.report.tables.click_model_tables import click_model_tables
from rclicks_hf.report.tables.table_cells import ABSENT, Table

MakeScores = Callable[..., ScoreTable]
A = (0.1, 0.4, 0.2, 3.0, 2e-4)
B = (0.3, 0.5, 0.1, 2.0, 1e-4)


def means_table(*tables: ScoreTable) -> Table:
    return click_model_tables(tables)[0].table


def best(*tables: ScoreTable, group: str = "scenes") -> list[list[bool]]:
    rows = means_table(*tables).groups[group]
    return [[cell.is_best for cell in row.cells[2:]] for row in rows]


def test_the_best_follows_each_metric_s_direction(make_scores: MakeScores) -> None:
    assert best(make_scores({"A": A, "B": B})) == [
        [False, True, False, True, True],
        [True, False, True, False, False],
    ]


def test_models_with_the_same_printed_value_share_a_rank(make_scores: MakeScores) -> None:
    close = (0.10004, 0.4, 0.2, 3.1, 2e-4)
    assert best(make_scores({"A": A, "C": close, "B": B})) == [
        [False, True, False, False, True],
        [False, True, False, True, True],
        [True, False, True, False, False],
    ]
    assert best(make_scores({"A": A, "C": A})) == [[False] * 5] * 2
    assert best(make_scores({"A": A})) == [[False] * 5]


def test_a_model_without_scores_is_a_row_of_dashes(make_scores: MakeScores) -> None:
    table = make_scores({"A": A, "B": B})
    table.means[1].intervals.clear()
    table.differences[0].intervals.clear()
    means, differences = click_model_tables([table])
    for row in (means.table.groups["scenes"][1], differences.table.groups["scenes"][0]):
        assert [cell.text for cell in row.cells[2:]] == [ABSENT] * 5
    assert best(table)[1] == [False] * 5


def test_the_best_is_marked_per_dataset(make_scores: MakeScores) -> None:
    low = (0.0, *B[1:])
    tables = make_scores({"A": A, "B": B}), make_scores({"A": A, "B": low}, dataset="others")
    assert list(means_table(*tables).groups) == ["scenes", "others"]
    assert best(*tables, group="others")[0][0]
    assert not best(*tables)[0][0]


def test_people_are_not_ranked_and_set_no_scale(make_scores: MakeScores) -> None:
    people = (0.9, 0.1, 0.01, 9.0, 0.5)
    tables = click_model_tables([make_scores({"A": A, "B": B, SPLIT_HALF: people})])
    rows = tables[0].table.groups["scenes"]
    assert [row.cells[0].text for row in rows] == ["A", "B", SPLIT_HALF]
    assert not any(cell.rank for cell in rows[2].cells)
    assert "half" in tables[0].intro
    assert tables[0].table.heads[-1] == ("PDE ×10⁻⁴\N{NO-BREAK SPACE}↑", True)
    assert [row.cells[-1].text for row in rows] == ["2.000", "1.000", "5000.000"]
    assert rows[0].cells[-1].interval == "[1.900, 2.100]"


def test_differences_have_sign_star_and_interval(make_scores: MakeScores) -> None:
    table = click_model_tables([make_scores({"A": A, "B": B}, simulated=True)])[1].table
    [row] = table.groups["scenes"]
    assert [cell.text for cell in row.cells] == [
        "B − A", "24", "+0.200*", "+0.100*", "−0.100*", "−1.000*", "−1.000*",
    ]  # fmt: skip
    assert row.cells[2].interval == "[0.190, 0.210]"
    assert row.is_simulated
    assert len(click_model_tables([make_scores({"A": A})])) == 1


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, True),
        ({"split": "train"}, False),
        ({"device": "pc"}, False),
        ({"simulated": True}, False),
        ({"dataset": "simulated_scenes"}, False),
    ],
)
def test_the_paper_s_values_are_beside_the_same_data_only(
    make_scores: MakeScores, changes: dict, shown: bool
) -> None:
    table = make_scores({"dt": A, "mine": B}, **{"dataset": "davis", **changes})
    [rows] = means_table(table).groups.values()
    names = [row.cells[0].text for row in rows]
    if not shown:
        assert names == ["dt", "mine"]
        return
    assert names[:3] == ["dt", "paper: DT", "mine"]
    assert set(names[3:]) == {"paper: UD", "paper: SI", "paper: SM", "paper: Ours"}
    values = published_means("davis", "test")["dt"]
    texts = [f"{values[m] * (1e4 if m == 'pde' else 1):.3f}" for m in CLICK_METRICS]
    assert [cell.text for cell in rows[1].cells] == ["paper: DT", "1027", *texts]
    assert not any(cell.rank for cell in rows[1].cells)


def test_splits_and_devices_of_one_dataset_are_reported_apart(make_scores: MakeScores) -> None:
    tables = [make_scores({"A": A}, dataset="tetris", split=s) for s in ("train", "validation")]
    tables.append(make_scores({"A": A}, dataset="davis", device="pc"))
    assert list(means_table(*tables).groups) == [
        "tetris, split train",
        "tetris, split validation",
        "davis, pc",
    ]
