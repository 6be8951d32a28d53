"""The leaderboard's table as HTML that sorts itself (``web/leaderboard.js``)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from rclicks_hf.data.schema import SOURCE_DATASETS
from rclicks_hf.report.numbers.measures import MEASURES
from rclicks_hf.report.numbers.method_results import OWN, PUBLISHED
from rclicks_hf.report.tables.benchmark_table import TableColumn
from rclicks_hf.report.tables.table_cells import ABSENT, DIGITS, interval_text, ranks, with_spread
from rclicks_hf.space.leaderboard.entries import PUBLISHED_VALUES, Entry
from rclicks_hf.space.markup import escaped

_ORIGINS = {PUBLISHED_VALUES: "published values", PUBLISHED: "paper", OWN: "own run"}


class _TextColumn(NamedTuple):
    head: str
    of: Callable[[Entry], str]


def dataset_title(name: str) -> str:
    """What tables call a dataset."""
    return SOURCE_DATASETS[name].title if name in SOURCE_DATASETS else name


def table_html(
    entries: Sequence[Entry], columns: Sequence[TableColumn], *, with_dataset: bool = False
) -> str:
    """The table; the best of each column is marked, among methods that got the same clicks."""
    if not entries:
        return '<p class="note">No method has this training data on this dataset.</p>'
    texts = _text_columns(entries, with_dataset)
    counts = [name for name in ("instances", "failures") if _is_known(entries, name)]
    best = _best(entries, columns)
    heads = [("Method", False), *((column.head, True) for column in columns)]
    heads += [(text.head, False) for text in texts]
    heads += [(name.capitalize(), True) for name in counts]
    head = "".join(
        f'<th scope="col"{" class=number" * is_number}><button type="button">{escaped(name)}'
        "</button></th>"
        for name, is_number in heads
    )
    marks = _common_marks(entries)
    body = "".join(
        f"<tr>{_name_cell(entry, marks)}"
        f"{''.join(_number_cell(entry, column, (place, column) in best) for column in columns)}"
        f"{''.join(_text_cell(text.of(entry)) for text in texts)}"
        f"{''.join(_count_cell(getattr(entry, name)) for name in counts)}</tr>"
        for place, entry in enumerate(entries)
    )
    return (
        f"<p>{_badges(marks)}</p>"
        '<div class="board" tabindex="0" role="region" aria-label="Leaderboard"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _marks(entry: Entry) -> list[str]:
    """What must be said of an entry."""
    return [_ORIGINS[entry.origin]] + ["simulated clicks"] * entry.is_simulated


def _common_marks(entries: Sequence[Entry]) -> list[str]:
    """What must be said of all entries, and so is said once."""
    return [mark for mark in _marks(entries[0]) if all(mark in _marks(one) for one in entries)]


def _badges(marks: Sequence[str]) -> str:
    return " ".join(f'<span class="badge">{mark}</span>' for mark in marks)


def _text_columns(entries: Sequence[Entry], with_dataset: bool) -> list[_TextColumn]:
    """The columns of names that tell the entries apart or say where they come from."""
    columns = [
        _TextColumn("Dataset", lambda entry: dataset_title(entry.key.dataset)),
        _TextColumn("Trained on", lambda entry: entry.training_data),
        _TextColumn("Click model", lambda entry: entry.key.click_model),
    ]
    models = {entry.key.click_model for entry in entries}
    shown = (with_dataset, True, models != {""})
    return [column for column, is_shown in zip(columns, shown, strict=True) if is_shown]


def _is_known(entries: Sequence[Entry], name: str) -> bool:
    return any(getattr(entry, name) is not None for entry in entries)


def _best(entries: Sequence[Entry], columns: Sequence[TableColumn]) -> set[tuple[int, TableColumn]]:
    groups: dict[tuple[str, ...], list[int]] = {}
    for place, entry in enumerate(entries):
        groups.setdefault((entry.key.dataset, entry.key.click_model), []).append(place)
    found = set()
    for column in columns:
        is_up = MEASURES[column.measure].direction == "up"
        for places in groups.values():
            values = [entries[place].value(column.measure) for place in places]
            marked = zip(places, ranks(values, up=is_up, digits=DIGITS), strict=True)
            found |= {(place, column) for place, rank in marked if rank == 1}
    return found


def _name_cell(entry: Entry, said: Sequence[str]) -> str:
    marks = _badges([mark for mark in _marks(entry) if mark not in said])
    name = escaped(entry.method)
    return f'<th scope="row" data-value="{name}">{name} {marks}</th>'


def _text_cell(text: str) -> str:
    return f'<td data-value="{escaped(text)}">{escaped(text or ABSENT)}</td>'


def _count_cell(count: int | None) -> str:
    text = ABSENT if count is None else f"{count:,}"
    return f'<td class="number" data-value="{"" if count is None else count}">{text}</td>'


def _number_cell(entry: Entry, column: TableColumn, is_best: bool) -> str:
    score = entry.scores.get(column.measure)
    if score is None:
        return f'<td class="number" data-value="">{ABSENT}</td>'
    text = with_spread(score.value, score.spread if column.spread else math.nan)
    interval = interval_text(score.low, score.high)
    small = f"<small>{interval}</small>" if interval else ""
    mark = " best" if is_best else ""
    return f'<td class="number{mark}" data-value="{score.value!r}">{text}{small}</td>'
