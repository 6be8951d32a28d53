"""The paper's Tables 4 and 9 to 12 from its published results, printed as its notebook does.

Every cell is checked against the value that the authors published, so that anybody who imports
their archive can check this package against the paper.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rclicks_hf.data.schema import SOURCE_DATASETS
from rclicks_hf.errors import RclicksError
from rclicks_hf.metrics import dataset_correlations
from rclicks_hf.metrics.click_counts import THRESHOLD
from rclicks_hf.report.numbers.measures import MEASURES
from rclicks_hf.report.numbers.method_results import (
    GROUP_RUNS,
    PUBLISHED,
    MethodResults,
    by_dataset,
    stored_name,
)
from rclicks_hf.report.numbers.paper_benchmark import PaperRow, paper_dataset_nsr, paper_rows
from rclicks_hf.report.numbers.scoring import Score, dataset_nsr, score
from rclicks_hf.report.results import Results
from rclicks_hf.report.tables.table_cells import MARKED_RANKS, Cell, NamedTable, Row, Table, label
from rclicks_hf.segmenters.methods import METHODS
from rclicks_hf.support.text.text_table import plain_table

#: What the paper's tables call methods.
_NAMES = {"AdaptiveClick": "AdaptClick", "SAM 2": "SAM2", "SAM 2.1": "SAM2.1"}
_RANK_MARKS = {0: "", 1: "¹", 2: "²", 3: "³"}


class PaperColumn(NamedTuple):
    """A column of the paper's tables; every rendering and check is made from these."""

    name: str  # name in the notebook
    head: str  # what the tables print above it
    measure: str  # key of `MEASURES`
    digits: int = 2  # decimals; 0 cuts to a whole number, as the notebook does
    has_spread: bool = False  # whether a spread of two decimals follows
    # Text of the published value, ``""`` where there is none
    published: Callable[[PaperRow], str] = lambda row: ""

    @property
    def is_up(self) -> bool:
        """Whether the largest value is marked as the best; for IoU the notebook does so always."""
        return ("auc" in self.measure.split("_") and not self.is_ratio) or "iou1" in self.measure

    @property
    def is_ratio(self) -> bool:
        """Whether it is a noise-to-signal ratio."""
        return self.measure.startswith("nsr")

    def text(self, found: Score) -> str:
        """A number as the notebook prints it."""
        if self.digits:
            text = f"{found.value:.{self.digits}f}"
        else:
            text = str(int(found.value)) if math.isfinite(found.value) else "nan"
        return f"{text}±{found.spread:.2f}" if self.has_spread else text


def _known(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"


_NOC = PaperColumn(
    "Paper NoC@20", "Sample NoC", "sample_noc", has_spread=True,
    published=lambda row: f"{row.sample_noc:.2f}±{row.sample_noc_std:.2f}",
)  # fmt: skip
_SB = PaperColumn(
    "Paper NoC BaseUp", "ΔSB %", "delta_sb_noc", published=lambda r: _known(r.delta_sb)
)
_GR = PaperColumn(
    "Paper NoC G1-G10", "ΔGR %", "delta_gr_noc", published=lambda r: _known(r.delta_gr)
)

#: Name in the notebook -> columns.
PAPER_TABLES: dict[str, tuple[PaperColumn, ...]] = {
    "Main, Table 4": (_NOC, _SB, _GR),
    "Supp, Table 9": (
        _NOC,
        PaperColumn("Paper NoC Base@20", "Base NoC", "base_noc"),
        _SB,
        _GR,
        PaperColumn("Paper NoC H1-H2", "ΔHH %", "delta_hh_noc"),
    ),
    "Supp, Table 10": (
        PaperColumn("Paper NoF@20", "Sample NoF", "sample_nof_reference", 1, True),
        PaperColumn("Paper NoF Base@20", "Base NoF", "base_nof_reference", 0),
        PaperColumn("Paper DNoF BaseUp", "ΔSB", "delta_sb_nof_reference", 1),
        PaperColumn("Paper DNoF G1-G10", "ΔGR", "delta_gr_nof_reference", 0),
        PaperColumn("Paper DNoF H1-H2", "ΔHH", "delta_hh_nof_reference", 1),
    ),
    "Supp, Table 11": (
        PaperColumn("Paper IoU@20", "Sample IoU-AUC", "sample_auc", 2, True),
        PaperColumn(
            "Paper IoU Base@20", "Base IoU-AUC", "base_auc", published=lambda r: _known(r.base_auc)
        ),
        PaperColumn("Paper DIoU BaseUp", "ΔSB", "delta_sb_auc"),
        PaperColumn("Paper DIoU G1-G10", "ΔGR", "delta_gr_auc"),
        PaperColumn("Paper DIoU H1-H2", "ΔHH", "delta_hh_auc"),
    ),
    "Supp, Table 12": (
        PaperColumn("Paper IoU@1", "User IoU@1", "user_iou1", 2, True),
        PaperColumn("Paper SampleIoU@1", "NUser IoU@1", "nuser_iou1", 2, True),
        PaperColumn("MeanIoU_RITM@1", "Base IoU@1", "base_iou1"),
        PaperColumn("NSRIoU_User@1", "NSR of user IoU %", "nsr_user"),
        PaperColumn("NSR PerImage IoU@20", "NSR of IoU-AUC %", "nsr_auc"),
    ),
}

_SCORES = ("noc", "nof_reference", "auc")
_FORMS = (("base", False), ("sample", False), ("sample", True))

#: The measures of the paper's correlation figure, in its order; True for their spread.
_CORRELATED: tuple[tuple[str, bool], ...] = (
    *((f"delta_{form}_{of}", False) for of in _SCORES for form in ("gr", "hh", "sb")),
    *((f"{form}_{of}", spread) for of in _SCORES for form, spread in _FORMS),
    *((key, False) for key in ("nsr_auc", "base_iou1", "user_iou1", "nuser_iou1")),
    *((key, True) for key in ("user_iou1", "nuser_iou1")),
    *((key, False) for key in ("nsr_user", "nsr_nuser")),
)


@dataclass
class PaperCheck:
    """The tables, and how their cells compare with the published values."""

    # One per table and dataset; a cell that differs shows the published value after ≠
    tables: list[NamedTable]
    compared: int = 0  # number of cells with a published value
    differing: int = 0  # those that print otherwise
    unknown: int = 0  # number of cells without a published value
    notes: Sequence[str] = ()  # what the comparison does not cover

    @property
    def summary(self) -> str:
        """The counts and notes, one line each."""
        line = f"{self.compared} cells compared with published values, {self.differing} differ"
        return "\n".join([f"{line}; {self.unknown} have no published value", *self.notes])

    def cell(self, text: str, published: str, rank: int = 0) -> Cell:
        """A counted cell, marked where it differs."""
        self.unknown += not published
        self.compared += bool(published)
        differs = published not in ("", text)
        self.differing += differs
        return Cell(text, rank, interval=f"≠ {published}" if differs else "")


def check_paper_tables(results: Results) -> PaperCheck:
    """Make the paper's tables from imported results.

    Args:
        results: With the results of `rclicks import-results`; others are left out.

    Returns:
        The tables and the comparison.

    Raises:
        RclicksError: If no results are the paper's, or the threshold is not the paper's.
    """
    published = [method for method in results.values() if method.origin == PUBLISHED]
    if not published:
        raise RclicksError(
            "--paper-tables: none of the results are the paper's; get them with "
            "`rclicks import-results`"
        )
    if results.threshold != THRESHOLD:
        raise RclicksError(
            f"--paper-tables: the paper's threshold is {THRESHOLD:g}, not {results.threshold:g}; "
            "omit --threshold"
        )
    order = {name: place for place, name in enumerate(METHODS)}
    published.sort(key=lambda m: (order.get(stored_name(m.key.segmenter), len(order)), m.key))
    check = PaperCheck([])
    notes = []
    of_dataset = by_dataset(published)
    for dataset in (name for name in SOURCE_DATASETS if name in of_dataset):
        shown = [m for m in of_dataset[dataset] if m.group_ious.shape[1] == len(GROUP_RUNS)]
        notes += _left_out(dataset, of_dataset[dataset], shown)
        if shown:
            _add_tables(check, dataset, shown)
    check.tables += _figure_6(check, published)
    check.tables += _figure_7(check, of_dataset)
    check.tables += _correlations(of_dataset)
    if len(published) < len(results):
        notes.append("results that are not the paper's were left out")
    check.notes = notes
    return check


def _left_out(
    dataset: str, methods: Sequence[MethodResults], shown: Sequence[MethodResults]
) -> list[str]:
    notes = []
    if names := [stored_name(m.key.segmenter) for m in methods if m not in shown]:
        notes.append(f"{dataset}: without all ten groups and left out: {', '.join(names)}")
    whole = SOURCE_DATASETS[dataset].instances
    if counts := {len(m.stems) for m in shown} - {whole}:
        notes.append(
            f"{dataset}: results are of {min(counts)} instances, the published ones of {whole}"
        )
    return notes


def _add_tables(check: PaperCheck, dataset: str, methods: Sequence[MethodResults]) -> None:
    known = {row.model: row for row in paper_rows() if row.dataset == dataset}
    rows = [known.get(stored_name(method.key.segmenter)) for method in methods]
    for name, columns in PAPER_TABLES.items():
        heads = [("Method", False), ("Arch", False), ("Data", False)]
        heads += [(column.head, True) for column in columns]
        cells = []
        for column in columns:
            texts = [column.text(paper_score(column.measure, method)) for method in methods]
            cells.append(
                [
                    check.cell(text, column.published(row) if row else "", rank)
                    for text, rank, row in zip(
                        texts, _ranks(texts, column.is_up), rows, strict=True
                    )
                ]
            )
        lines = [
            Row([*_labels(method), *of_method])
            for method, of_method in zip(methods, zip(*cells, strict=True), strict=True)
        ]
        intro = (
            "By the paper's rules. First, second and third of a column are marked as the paper's "
            "notebook does, by the printed values."
        )
        check.tables.append(NamedTable(f"{name}, {dataset}", intro, Table(heads, {"": lines})))


def paper_score(key: str, method: MethodResults) -> Score:
    """A number by the paper's rules: an instance of IoU 0 in all groups makes an NSR NaN."""
    if key == "nsr_auc":
        auc = MEASURES["sample_auc"].of(method, THRESHOLD)
        if auc is not None and not auc.all():
            return Score()
    return score(MEASURES[key], method, THRESHOLD)


def _labels(method: MethodResults) -> list[Cell]:
    name = stored_name(method.key.segmenter)
    known = METHODS.get(name)
    if known is None:
        return [label(name), label(""), label("")]
    return [
        label(_NAMES.get(known.name, known.name)),
        label(known.size),
        label(known.training_data),
    ]


def _ranks(texts: Sequence[str], up: bool) -> list[int]:
    """1 to 3 by the printed value; of equal ones the upper row is first."""
    values = np.array([float(text.partition("±")[0]) for text in texts])
    found = [0] * len(texts)
    for rank, place in enumerate(np.argsort(-values if up else values, kind="stable")):
        if rank < MARKED_RANKS and not math.isnan(values[place]):
            found[place] = rank + 1
    return found


def _figure_6(check: PaperCheck, methods: Sequence[MethodResults]) -> list[NamedTable]:
    """IoU-AUC of G1, G10 and the baseline, where published; in per cent."""
    known = {(row.model, row.dataset): row for row in paper_rows() if not math.isnan(row.g1_auc)}
    rows = []
    for method in methods:
        row = known.get((stored_name(method.key.segmenter), method.key.dataset))
        if row is None:
            continue
        auc = [_mean_auc(method, run) for run in ("g1", "g10", "base")]
        numbers = (row.g1_auc, row.g10_auc, row.base_auc)
        cells = [check.cell(_two(a), _two(b)) for a, b in zip(auc, numbers, strict=True)]
        rows.append(Row([label(row.method.label), label(method.key.dataset), *cells]))
    if not rows:
        return []
    heads = [("Method", False), ("Dataset", False), ("G1", True), ("G10", True), ("Baseline", True)]
    intro = "IoU-AUC of mean curves in per cent, as in the figure's legends."
    return [NamedTable("Figure 6", intro, Table(heads, {"": rows}))]


def _mean_auc(method: MethodResults, run: str) -> float:
    curve = method.of_run(run)
    if not len(curve):
        return math.nan
    mean = curve.matrix.mean(axis=0)
    return 100 * float(np.trapezoid(mean) / (len(mean) - 1))


def _two(value: float) -> str:
    return f"{value:.2f}"


def _figure_7(check: PaperCheck, of_dataset: dict[str, list[MethodResults]]) -> list[NamedTable]:
    """NSR of the datasets; published over all methods, so compared only with all of them."""
    rows = []
    for dataset, published in paper_dataset_nsr().items():
        methods = of_dataset.get(dataset, [])
        names = {stored_name(method.key.segmenter) for method in methods}
        value = dataset_nsr(methods) if methods else math.nan
        if math.isfinite(value):
            text = _two(published) if names == set(METHODS) else ""
            rows.append(Row([label(dataset), Cell(str(len(names))), check.cell(_two(value), text)]))
    if not rows:
        return []
    heads = [("Dataset", False), ("Methods", True), ("NSR %", True)]
    intro = f"The published values are over {len(METHODS)} methods, and compared only with these."
    return [NamedTable("Figure 7", intro, Table(heads, {"": rows}))]


def paper_correlations(methods: Sequence[MethodResults]) -> np.ndarray:
    """(26, 26) correlations of one dataset over methods, as the notebook has them before its mean.

    Spearman's below and on the diagonal, Pearson's above; NaN counts as 0 on GrabCut alone.
    """
    found = dataset_correlations(
        [
            [
                (one.spread if is_spread else one.value)
                for key, is_spread in _CORRELATED
                for one in (paper_score(key, method),)
            ]
            for method in methods
        ]
    )
    return np.nan_to_num(found) if methods[0].key.dataset == "grabcut" else found


def _correlations(of_dataset: dict[str, list[MethodResults]]) -> list[NamedTable]:
    groups = [methods for methods in of_dataset.values() if len(methods) > 1]
    if not groups:
        return []
    matrix = np.abs(np.mean([paper_correlations(methods) for methods in groups], axis=0))
    titles = [
        MEASURES[key].title.removesuffix(" (paper's rule)") + (" std" if is_spread else "")
        for key, is_spread in _CORRELATED
    ]
    rows = [
        Row([label(title), *(Cell(f"{value:.2f}") for value in line)])
        for title, line in zip(titles, matrix, strict=True)
    ]
    heads = [("Measure", False), *((title, True) for title in titles)]
    intro = (
        "Correlation over methods, Spearman below and Pearson above the diagonal: mean over "
        f"{len(groups)} datasets, absolute value. Not published as numbers."
    )
    return [NamedTable("Correlations", intro, Table(heads, {"": rows}))]


def plain_check(check: PaperCheck) -> str:
    """Tables and comparison as plain text; ¹ ² ³ are ranks."""
    parts = []
    for named in check.tables:
        labels = sum(not is_number for _, is_number in named.table.heads)
        lines = [[head for head, _ in named.table.heads]]
        for row in named.table.groups[""]:
            lines.append(
                [f"{c.text}{_RANK_MARKS[c.rank]} {c.interval}".rstrip() for c in row.cells]
            )
        parts.append(f"{named.title}\n{plain_table(lines, left=labels)}")
    return "\n\n".join([*parts, check.summary])
