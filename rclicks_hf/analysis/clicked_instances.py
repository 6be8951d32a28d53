"""Instances without their pictures, and result tables with one row per instance."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyarrow as pa
from tqdm.auto import tqdm

from rclicks_hf.data.instances import Clicks
from rclicks_hf.data.stored_rows import decode_instances
from rclicks_hf.metrics import ConstantCoordinateWarning
from rclicks_hf.support.progress import is_quiet

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
_STORED_KEYS = [name for name in _KEYS.names if name != "unit"]


@dataclass(frozen=True, eq=False)
class ClickedInstance:
    """One instance of one round with its clicks.

    Attributes:
        dataset: Key of `SOURCE_DATASETS`.
        split: ``"train"``, ``"validation"`` or ``"test"``.
        full_stem: Identifier of the instance and round.
        click_type: ``"first"``, ``"fn"`` or ``"fp"``.
        is_simulated: True for simulated clicks.
        unit: ``"object box"``, or ``"image"`` if the dataset was built without images.
        size: (w, h) of that unit in pixels.
        clicks: The clicks, in pixels of the image.
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
    """Decode the rows of a ``<dataset>-instances`` config.

    Labels are decoded by the features in the table's metadata; a table without them is decoded by
    today's lists in `rclicks_hf.data.schema`.

    Args:
        instances: The rows; of a loaded config, ``config.with_format("arrow")[:]``.

    Returns:
        One object per row, in order. Its unit is the object's box, or the image where the row has
        no box.

    Raises:
        RclicksError: If a label is unknown, or the clicks or the box of a row are damaged.

    Example:
        >>> row = {"dataset": 2, "split": 2, "full_stem": "095", "click_type": 0, "box": [],
        ...        "is_simulated": False, "w": 854, "h": 480, "x": [1], "y": [2], "device": [1]}
        >>> [instance] = read_instances(pa.Table.from_pylist([row]))
        >>> instance.dataset, instance.unit, instance.size, instance.clicks.device.tolist()
        ('davis', 'image', (854, 480), ['mobile'])
    """
    return [
        ClickedInstance(
            **{name: row.keys[name] for name in _STORED_KEYS},
            unit=OBJECT_BOX if row.box else IMAGE,
            size=row.box[2:] if row.box else row.size,
            clicks=row.clicks,
        )
        for row in decode_instances(instances)
    ]


def tabulate(
    instances: pa.Table,
    columns: pa.Schema,
    compute: Callable[[ClickedInstance], dict[str, Any]],
    *,
    description: str,
    progress: bool,
) -> pa.Table:
    """One row per instance: its keys, the ``columns`` that ``compute`` returns, ``left_out``.

    What ``compute`` does not return is null; its ``left_out`` is the reason, ``""`` by default.
    """
    rows = []
    with warnings.catch_warnings():
        # Such a p-value counts as 0, as in the paper; one warning per instance would be noise.
        warnings.simplefilter("ignore", ConstantCoordinateWarning)
        for instance in tqdm(
            read_instances(instances),
            desc=description,
            unit="instance",
            disable=is_quiet() or not progress,
        ):
            keys = {name: getattr(instance, name) for name in _KEYS.names}
            rows.append(keys | {LEFT_OUT: ""} | compute(instance))
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
    """`tabulate` for the named scores of all clicks of an instance, where it has ``least``."""

    def compute(instance: ClickedInstance) -> dict[str, Any]:
        count = len(instance.clicks)
        if count < least:
            return {"clicks": count, LEFT_OUT: f"fewer than {least} clicks"}
        values = scores(instance)
        return {"clicks": count} | {name: getattr(values, name) for name in names}

    columns = value_columns(*names, counts=["clicks"])
    return tabulate(instances, columns, compute, description=description, progress=progress)


def result_schema(keys: pa.Schema, columns: pa.Schema) -> pa.Schema:
    """Columns of a result: keys, values, and why a row is left out."""
    return pa.schema([*keys, *columns, (LEFT_OUT, pa.string())])


def value_columns(*statistics: str, counts: Sequence[str] = ()) -> pa.Schema:
    """Columns of counts (int32), then of statistics (float64)."""
    whole = [(name, pa.int32()) for name in counts]
    return pa.schema([*whole, *((name, pa.float64()) for name in statistics)])
