"""Lookup of the clicks of one instance in constant time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import datasets
import numpy as np
import pyarrow as pa

from rclicks_hf.data.clicks.click_table import group_by_instance
from rclicks_hf.data.instances import Clicks
from rclicks_hf.data.schema import DEVICES
from rclicks_hf.data.stored_rows import label_words, word_columns
from rclicks_hf.errors import RclicksError

_COLUMNS = ["dataset", "full_stem", "device", "x", "y"]
_NUMBERS = ["dataset", "device", "x", "y"]
_Key = tuple[str, str]


class ClickIndex(Mapping[_Key, Clicks]):
    """The clicks of a loaded dataset by instance.

    The rows are sorted once; after that, finding an instance takes constant time. The arrays are
    read-only views. Labels are decoded by the features of the rows; an Arrow table without them is
    decoded by today's lists in `rclicks_hf.data.schema`.

    Args:
        rows: A click config as ``datasets.load_dataset`` returns it, one split or all, or a table
            with its columns ``dataset``, ``full_stem``, ``device``, ``x`` and ``y``.

    Raises:
        RclicksError: If a column is missing or of another type, or the rows are streamed.

    Example:
        >>> rows = datasets.Dataset.from_dict({
        ...     "dataset": [2, 2, 2], "full_stem": ["a", "b", "a"], "device": [0, 0, 1],
        ...     "x": [1, 2, 3], "y": [4, 5, 6]})
        >>> index = ClickIndex(rows)
        >>> len(index), index["davis", "a"].x.tolist(), index.clicks("a", device="mobile").x
        (2, [1, 3], array([3], dtype=int32))
    """

    def __init__(self, rows: datasets.Dataset | datasets.DatasetDict | pa.Table) -> None:
        table = _word_table(rows)
        order, starts = group_by_instance(table)
        heads = table.select(["dataset", "full_stem"]).take(pa.array(order[starts[:-1]]))
        keys = list(zip(*(heads[name].to_pylist() for name in heads.column_names), strict=True))
        device = label_words(table["device"], "device", {})[order]
        x, y = (table[axis].to_numpy()[order].astype(np.int32) for axis in ("x", "y"))
        self._whole = _slices(keys, starts, x, y, device)
        self._on: dict[str, dict[_Key, Clicks]] = {}
        instance = np.repeat(np.arange(len(keys)), np.diff(starts))
        for name in DEVICES:
            chosen = device == name
            counts = np.bincount(instance[chosen], minlength=len(keys))
            bounds = np.concatenate([[0], np.cumsum(counts)])
            self._on[name] = _slices(keys, bounds, x[chosen], y[chosen], device[chosen])
        self._datasets: dict[str, list[str]] = {}
        for dataset, stem in keys:
            self._datasets.setdefault(stem, []).append(dataset)

    def __getitem__(self, key: _Key) -> Clicks:
        return self._whole[key]

    def __iter__(self) -> Iterator[_Key]:
        return iter(self._whole)

    def __len__(self) -> int:
        return len(self._whole)

    def clicks(
        self, full_stem: str, *, dataset: str | None = None, device: str | None = None
    ) -> Clicks:
        """The clicks of one instance, in the order of the rows.

        Args:
            full_stem: Identifier of the instance and round.
            dataset: Key of `SOURCE_DATASETS`; needed only where two datasets share the stem (some
                photographs are in GrabCut and in Berkeley).
            device: ``"pc"`` or ``"mobile"``, None for both.

        Raises:
            RclicksError: If there is no such instance, or several datasets have one.
        """
        found = self._datasets.get(full_stem, [])
        if dataset is None:
            if len(found) > 1:
                raise RclicksError(
                    f"{full_stem!r}: is in {' and '.join(found)}; choose one with dataset="
                )
            dataset = found[0] if found else ""
        if dataset not in found:
            raise RclicksError(
                f"{full_stem!r}: no such instance among the loaded clicks; "
                "check the stem, the config and the split"
            )
        if device is not None and device not in self._on:
            raise RclicksError(f"{device!r}: unknown device; use {' or '.join(DEVICES)}")
        table = self._whole if device is None else self._on[device]
        return table[dataset, full_stem]


def _word_table(rows: datasets.Dataset | datasets.DatasetDict | pa.Table) -> pa.Table:
    """The checked rows, labels as words; each split is decoded by its own features."""
    if not isinstance(rows, datasets.Dataset | datasets.DatasetDict | pa.Table):
        raise RclicksError(
            f"rows: type {type(rows).__name__} cannot be sorted; give a Dataset, as load_dataset "
            "returns it without streaming"
        )
    parts = rows.values() if isinstance(rows, datasets.DatasetDict) else [rows]
    tables = [word_columns(_checked_columns(part)) for part in parts]
    return pa.concat_tables(tables).combine_chunks()


def _checked_columns(rows: datasets.Dataset | pa.Table) -> pa.Table:
    missing = [name for name in _COLUMNS if name not in rows.column_names]
    if missing:
        raise RclicksError(
            f"rows: no column {missing[0]!r}; give a click config, with {', '.join(_COLUMNS)}"
        )
    if isinstance(rows, datasets.Dataset):
        rows = rows.select_columns(_COLUMNS).with_format("arrow")[:]
    wrong = [name for name in _NUMBERS if not pa.types.is_integer(rows.schema.field(name).type)]
    if wrong and len(rows):  # empty columns may have no type
        kind = rows.schema.field(wrong[0]).type
        raise RclicksError(
            f"rows: column {wrong[0]!r} holds {kind}; give a click config (one row per click), "
            "with labels as load_dataset returns them"
        )
    return rows.select(_COLUMNS)


def _slices(
    keys: list[_Key], starts: np.ndarray, x: np.ndarray, y: np.ndarray, device: np.ndarray
) -> dict[_Key, Clicks]:
    for array in (x, y, device):
        array.flags.writeable = False
    bounds = starts.tolist()
    return {
        key: Clicks(x[start:end], y[start:end], device[start:end])
        for key, start, end in zip(keys, bounds, bounds[1:], strict=False)
    }
