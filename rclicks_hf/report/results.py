"""Benchmark results: everything that is read of one or more runs, in one pass."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rclicks_hf.benchmark.manifest import RESULTS, read_run
from rclicks_hf.benchmark.result_rows import RESULT_SCHEMA, read_result_table
from rclicks_hf.data.schema import SOURCE_DATASETS
from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs.results_folder import MANIFEST
from rclicks_hf.metrics.click_counts import THRESHOLD
from rclicks_hf.report.numbers.measures import MEASURES
from rclicks_hf.report.numbers.method_results import (
    MethodKey,
    MethodResults,
    methods_of,
    stored_name,
)
from rclicks_hf.report.numbers.picture_identity import picture_warnings
from rclicks_hf.report.numbers.scoring import Score, score, score_methods
from rclicks_hf.report.tables.benchmark_table import (
    BenchmarkRow,
    benchmark_table,
    format_table,
    table_lines,
)
from rclicks_hf.report.tables.table_cells import SIMULATED_NOTE

_LARGE = 64 << 20  # bytes; of larger results the clicks are read when they are asked for

#: What tables and charts need; the clicks themselves are half of a results file.
_SUMMARY = [
    name for name in RESULT_SCHEMA.names if name not in ("image_stem", "x", "y", "is_positive")
]


class Results(Mapping[MethodKey, MethodResults]):
    """Results of one or more methods and datasets, by `MethodKey` in order of first appearance.

    Printed, they are the benchmark table. Read from one file, they can stand for its path.

    Args:
        methods: The methods' results.
        threshold: IoU threshold of NoC and NoF, in (0, 1].
        table: The rows as stored, of `RESULT_SCHEMA`; the columns of clicks may be left out, which
            are then read from ``files`` when they are asked for.
        files: The files they were read from.
        manifests: The manifests of the results folders, if present.

    Example:
        >>> ious = {"base": [np.array([0.6, 0.95])]}
        >>> key = MethodKey("geocut", "ud", "grabcut")
        >>> results = Results([MethodResults(key, ("a",), ious, failures=1, is_simulated=False)])
        >>> results[key].stems, results.scores[key]["base_noc"].value
        (('a',), 2.0)
        >>> print(results)
        Segmenter  Click model  Dataset  Instances  Failed ... Baseline NoC ↓
        ---------  -----------  -------  ---------  ------ ... --------------
        geocut     ud           grabcut          1       1 ...           2.00
    """

    def __init__(
        self,
        methods: Sequence[MethodResults],
        *,
        threshold: float = THRESHOLD,
        table: pa.Table | None = None,
        files: Sequence[Path] = (),
        manifests: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self._methods = {method.key: method for method in methods}
        self.threshold = threshold
        self.summary = RESULT_SCHEMA.empty_table() if table is None else table
        """The stored rows without the clicks."""
        self.files = tuple(files)
        self.manifests = tuple(manifests)

    def __getitem__(self, key: MethodKey) -> MethodResults:
        return self._methods[key]

    def __iter__(self) -> Iterator[MethodKey]:
        return iter(self._methods)

    def __len__(self) -> int:
        return len(self._methods)

    def __str__(self) -> str:
        warnings = [f"Warning: {line}" for line in self.warnings]
        return "\n\n".join([format_table(self.rows), *warnings])

    @property
    def warnings(self) -> list[str]:
        """What makes the results not comparable: other pictures or masks of the same dataset."""
        return picture_warnings(self.manifests)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        heads, *lines = table_lines(self.rows)
        html = pd.DataFrame(lines, columns=heads).to_html(index=False, border=0)
        html += "".join(f"<p><strong>Warning:</strong> {escape(s)}</p>" for s in self.warnings)
        return html + f"<p>{SIMULATED_NOTE}</p>" * any(row.is_simulated for row in self.rows)

    def __fspath__(self) -> str:
        if len(self.files) != 1:
            raise TypeError(f"results of {len(self.files)} files have no path of their own")
        return str(self.files[0])

    @cached_property
    def table(self) -> pa.Table:
        """The stored rows: one per dataset, instance and run; the columns of `RESULT_SCHEMA`."""
        if self._is_whole:
            return self.summary
        whole = pa.concat_tables(map(read_result_table, self.files))
        if not whole.select(self.summary.column_names).equals(self.summary):
            raise RclicksError(f"{self.files[0]}: has changed since it was read; read it again")
        return whole

    @property
    def _is_whole(self) -> bool:
        """Whether the clicks are in memory."""
        return self.summary.schema.equals(RESULT_SCHEMA) or not self.files

    def summary_of(self, dataset: str) -> pa.Table:
        """The stored rows of one dataset without the clicks."""
        return self.summary.filter(pc.equal(self.summary["dataset"], dataset))

    def rows_of(self, key: MethodKey, stems: Sequence[str]) -> list[dict[str, Any]]:
        """The stored rows of a few instances of one method, clicks included."""
        wanted = pc.is_in(pc.field("full_stem"), pa.array(stems))
        for name, value in key._asdict().items():
            wanted &= pc.field(name) == (stored_name(value) if name == "segmenter" else value)
        if not self._is_whole:  # rows of other methods are skipped unread
            rows = pq.read_table(
                list(self.files),
                filters=wanted,
                partitioning=None,
                page_checksum_verification=True,
            )
        else:
            rows = self.summary.filter(wanted)
        return rows.to_pylist()

    def to_pandas(self) -> pd.DataFrame:
        """The stored rows: one per dataset, instance and run; the columns of `RESULT_SCHEMA`."""
        return self.table.to_pandas()

    @cached_property
    def rows(self) -> list[BenchmarkRow]:
        """The benchmark table."""
        return benchmark_table(self._methods, self.threshold)

    @cached_property
    def scores(self) -> dict[MethodKey, dict[str, Score]]:
        """All numbers with their intervals: method -> key of `MEASURES` -> number."""
        scores = score_methods(list(self.values()), self.threshold)
        return dict(zip(self, scores, strict=True))

    @property
    def protocol(self) -> str:
        """Id and digest of the benchmark protocol, as text."""
        row = self.summary.select(["protocol_id", "protocol_digest"]).slice(0, 1)
        return ", digest ".join(str(column[0])[:12] for column in row.columns if len(column))


def read_results(*paths: str | os.PathLike[str], threshold: float | None = None) -> Results:
    """Read the results of one or more benchmark runs.

    Runs on two splits of a dataset become one row: the paper's TETRIS numbers are over both. Beside
    published results, methods are ordered by dataset and by the number of clicks that they need.

    Args:
        paths: Results folders, or their ``results.parquet``; at least one.
        threshold: IoU threshold of NoC and NoF, in (0, 1]; None takes the protocol's.

    Returns:
        The results by method and dataset.

    Raises:
        RclicksError: If a file is missing or is something else, the runs follow different
            protocols, two files hold the same run of an instance, or the threshold is out of range.

    Example:
        >>> import tempfile
        >>> from rclicks_hf.benchmark.result_rows import ResultRow, write_part
        >>> row = ResultRow("grabcut", "a", "a", "test", "geocut", "ud", "base", False,
        ...                 "rclicks-1", "0", iou=[0.6, 0.95])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_part(Path(folder) / "results.parquet", [row])
        ...     results = read_results(folder, threshold=0.5)
        >>> results[MethodKey("geocut", "ud", "grabcut")].baseline_ious.tolist()
        [[0.6, 0.95]]
        >>> results.rows[0].baseline_noc, results.to_pandas()["run"].tolist()
        (1.0, ['base'])
    """
    if not paths:
        raise RclicksError("results: none given; name at least one results folder")
    files = [Path(path) / RESULTS if Path(path).is_dir() else Path(path) for path in paths]
    size = sum(file.stat().st_size for file in files if file.is_file())
    columns = _SUMMARY if size > _LARGE else None
    tables = [read_result_table(Path(path), columns) for path in paths]
    digests: dict[str, str | os.PathLike[str]] = {}
    for path, table in zip(paths, tables, strict=True):
        for digest in table["protocol_digest"].unique().to_pylist():
            digests.setdefault(digest, path)
    if len(digests) > 1:
        first, other = list(digests.values())[:2]
        raise RclicksError(
            f"{other}: follows a different protocol than {first}; report them separately, or run "
            "the benchmark with the same --protocol (the paper's results follow reference)"
        )
    table = pa.concat_tables(tables)
    found = [
        (read_run(file.parent) if (file.parent / MANIFEST).is_file() else None) for file in files
    ]
    manifests = [manifest for manifest in found if manifest is not None]
    threshold = _threshold(threshold, manifests)
    by_authors = [bool(manifest and manifest.get("published")) for manifest in found]
    methods = methods_of(table, np.repeat(by_authors, [len(part) for part in tables]))
    return Results(
        _ranked(methods, threshold) if any(by_authors) else methods,
        threshold=threshold,
        table=table,
        files=files,
        manifests=manifests,
    )


def _ranked(methods: Sequence[MethodResults], threshold: float) -> list[MethodResults]:
    """By dataset, then by the number of clicks needed: the order of a leaderboard."""
    places = {name: place for place, name in enumerate(SOURCE_DATASETS)}

    def order(method: MethodResults) -> tuple[Any, ...]:
        found = (
            score(MEASURES[key], method, threshold).value for key in ("sample_noc", "base_noc")
        )
        clicks = next((value for value in found if math.isfinite(value)), math.inf)
        name = method.key.dataset
        return places.get(name, len(places)), name, clicks, method.key

    return sorted(methods, key=order)


def _threshold(threshold: float | None, manifests: Sequence[Mapping[str, Any]]) -> float:
    if threshold is None:
        protocols = (manifest["protocol"].get("noc_threshold") for manifest in manifests)
        threshold = next(protocols, None) or THRESHOLD
    if not isinstance(threshold, int | float | np.floating) or not 0 < threshold <= 1:
        raise RclicksError(f"threshold: must be an IoU in (0, 1], got {threshold}")
    return float(threshold)
