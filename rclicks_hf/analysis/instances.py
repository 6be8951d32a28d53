"""Instances without their pictures, and tables with a row an instance."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from tqdm.auto import tqdm

from rclicks_hf.data.features import word_columns
from rclicks_hf.data.instances import Clicks
from rclicks_hf.data.schema import CLOSED_VALUES
from rclicks_hf.errors import RclicksError
from rclicks_hf.metrics import ConstantCoordinateWarning

#: What a length is divided by: the sides or the diagonal of this.
OBJECT_BOX, IMAGE = "object box", "image"
LEFT_OUT = "left_out"

_KEYS = pa.schema(
    [
        ("dataset", pa.string()),
        ("split", pa.string()),
        ("full_stem", pa.string()),
        ("click_type", pa.string()),
        ("is_simulated", pa.bool_()),
        ("unit", pa.string()),
    ]
)
_DEVICE_NAMES = np.array(CLOSED_VALUES["device"])


@dataclass(frozen=True, eq=False)
class ClickedInstance:
    """One instance of one round with its clicks.

    Attributes:
        dataset: Key of `SOURCE_DATASETS`.
        split: Item of `SPLITS`.
        full_stem: Identifier of the instance and round.
        click_type: ``"first"``, ``"fn"`` or ``"fp"``.
        is_simulated: True where no person clicked.
        unit: ``"object box"``, or ``"image"`` where the dataset was built without pictures.
        size: (w, h) in pixels of that unit.
        clicks: The clicks, in pixels of the image.

    Example:
        >>> clicks = Clicks(np.array([3, 9]), np.array([4, 6]), np.array(["pc", "mobile"]))
        >>> instance = ClickedInstance("davis", "test", "095", "first", False, OBJECT_BOX, (30, 20),
        ...                            clicks)
        >>> instance.clicks.on("mobile").x.tolist(), instance.size
        ([9], (30, 20))
    """

    dataset: str
    split: str
    full_stem: str
    click_type: str
    is_simulated: bool
    unit: str
    size: tuple[int, int]
    clicks: Clicks


def read_instances(instances: pa.Table) -> list[ClickedInstance]:
    """The rows of a ``<dataset>-instances`` config as objects.

    Args:
        instances: Rows of `rclicks_hf.data.features.instance_features`; of a loaded config
            ``config.with_format("arrow")[:]``.

    Returns:
        An object a row, in order. Its unit is the object's box; the image where the row has none.

    Raises:
        RclicksError: If clicks are null, or made on an unknown device.

    Example:
        >>> row = {"dataset": 2, "split": 2, "full_stem": "095", "click_type": 0, "box": [],
        ...        "is_simulated": False, "w": 854, "h": 480, "x": [1], "y": [2], "device": [1]}
        >>> [instance] = read_instances(pa.Table.from_pylist([row]))
        >>> instance.dataset, instance.unit, instance.size, instance.clicks.device.tolist()
        ('davis', 'image', (854, 480), ['mobile'])
    """
    columns = word_columns(instances.select([n for n in _KEYS.names if n != "unit"])).to_pydict()
    x, y, device = (_lists(instances[name], name) for name in ("x", "y", "device"))
    codes = np.concatenate([[], *device])
    if ((codes < 0) | (codes >= len(_DEVICE_NAMES))).any():
        raise RclicksError(
            f"instances: device codes must be 0 to {len(_DEVICE_NAMES) - 1} "
            f"({', '.join(_DEVICE_NAMES)}), got {codes.min():g} to {codes.max():g}; build the "
            "dataset again"
        )
    boxes, widths, heights = (instances[name].to_pylist() for name in ("box", "w", "h"))
    return [
        ClickedInstance(
            **{name: values[row] for name, values in columns.items()},
            unit=OBJECT_BOX if box else IMAGE,
            size=(box[2], box[3]) if box else (widths[row], heights[row]),
            clicks=Clicks(x[row], y[row], _DEVICE_NAMES[device[row]]),
        )
        for row, box in enumerate(boxes)
    ]


def _lists(column: pa.ChunkedArray, name: str) -> list[np.ndarray]:
    """A column of lists as an array a row."""
    lists = column.combine_chunks()
    flat = lists.flatten()
    if lists.null_count or flat.null_count:
        raise RclicksError(f"instances: column {name!r} holds nulls; build the dataset again")
    lengths = lists.value_lengths().to_numpy()
    values = np.asarray(flat).astype(np.int64)  # of no rows: an array of no type
    return np.split(values, np.cumsum(lengths)[:-1]) if len(lengths) else []


def tabulate(
    instances: pa.Table,
    columns: pa.Schema,
    measure: Callable[[ClickedInstance], dict[str, Any]],
    *,
    description: str,
    progress: bool,
) -> pa.Table:
    """A table with a row an instance.

    Args:
        instances: As for `read_instances`.
        columns: What ``measure`` gives.
        measure: Instance -> values of ``columns``, and ``left_out``, the reason, where the instance
            cannot be measured. What it leaves out is null.
        description: Words beside the progress bar.
        progress: Show a progress bar.

    Returns:
        The instance's keys (``dataset, split, full_stem, click_type, is_simulated, unit``),
        ``columns``, and ``left_out``, ``""`` where the instance counts. Same rows, same order.

    Example:
        >>> row = {"dataset": 2, "split": 2, "full_stem": "095", "click_type": 0, "box": [],
        ...        "is_simulated": False, "w": 854, "h": 480, "x": [1], "y": [2], "device": [1]}
        >>> count = lambda instance: {"clicks": len(instance.clicks)}
        >>> table = tabulate(pa.Table.from_pylist([row]), pa.schema([("clicks", pa.int32())]),
        ...                  count, description="", progress=False)
        >>> table.select(["full_stem", "clicks", "left_out"]).to_pylist()
        [{'full_stem': '095', 'clicks': 1, 'left_out': ''}]
    """
    rows = []
    with warnings.catch_warnings():
        # Such a p-value counts as 0, as in the paper; thousands of lines of warning help nobody.
        warnings.simplefilter("ignore", ConstantCoordinateWarning)
        for instance in tqdm(
            read_instances(instances), desc=description, unit="instance", disable=not progress
        ):
            keys = {name: getattr(instance, name) for name in _KEYS.names}
            rows.append(keys | {LEFT_OUT: ""} | measure(instance))
    return pa.Table.from_pylist(rows, result_schema(_KEYS, columns))


def tabulate_clicks(
    instances: pa.Table,
    names: Sequence[str],
    scores: Callable[[ClickedInstance], NamedTuple],
    *,
    least: int,
    description: str,
    progress: bool,
) -> pa.Table:
    """`tabulate` for scores of all clicks of an instance together.

    Args:
        instances: As for `read_instances`.
        names: Fields of the scores to keep.
        scores: Instance -> its scores.
        least: Fewest clicks that the scores exist for.
        description: Words beside the progress bar.
        progress: Show a progress bar.

    Returns:
        The instance's keys, ``clicks``, the named scores, and ``left_out``.

    Example:
        >>> row = {"dataset": 2, "split": 2, "full_stem": "095", "click_type": 0, "box": [],
        ...        "is_simulated": False, "w": 854, "h": 480, "x": [1], "y": [2], "device": [1]}
        >>> table = tabulate_clicks(pa.Table.from_pylist([row]), [], lambda instance: (), least=2,
        ...                         description="", progress=False)
        >>> table.select(["clicks", "left_out"]).to_pylist()
        [{'clicks': 1, 'left_out': 'fewer than 2 clicks'}]
    """

    def measure(instance: ClickedInstance) -> dict[str, Any]:
        count = len(instance.clicks)
        if count < least:
            return {"clicks": count, LEFT_OUT: f"fewer than {least} clicks"}
        values = scores(instance)
        return {"clicks": count} | {name: getattr(values, name) for name in names}

    columns = measured(*names, counts=["clicks"])
    return tabulate(instances, columns, measure, description=description, progress=progress)


def result_schema(keys: pa.Schema, columns: pa.Schema) -> pa.Schema:
    """Columns of a result: keys, values, and why a row is left out.

    Example:
        >>> result_schema(pa.schema([("mode", pa.string())]), measured("wd")).names
        ['mode', 'wd', 'left_out']
    """
    return pa.schema([*keys, *columns, (LEFT_OUT, pa.string())])


def measured(*measures: str, counts: Sequence[str] = ()) -> pa.Schema:
    """Columns of whole numbers, then of measures.

    Example:
        >>> measured("wd", counts=["clicks"]).types
        [DataType(int32), DataType(double)]
    """
    whole = [(name, pa.int32()) for name in counts]
    return pa.schema([*whole, *((name, pa.float64()) for name in measures)])
