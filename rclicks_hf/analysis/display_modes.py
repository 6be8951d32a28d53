"""Display modes: does the way in which the object is shown change where users click?"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from tqdm.auto import tqdm

from rclicks_hf.analysis.clicked_instances import (
    LEFT_OUT,
    ClickedInstance,
    read_instances,
    result_schema,
    value_columns,
)
from rclicks_hf.analysis.two_samples import TwoSampleScores, two_sample_scores
from rclicks_hf.data.build.instance_rows import ImageFacts, gather, instance_table
from rclicks_hf.data.clicks.click_table import complete_clicks
from rclicks_hf.data.clicks.csv_reader import read_clicks
from rclicks_hf.data.images.interface import ImageStore
from rclicks_hf.data.instances import object_box
from rclicks_hf.data.public_files import FILES, blob_sha1
from rclicks_hf.errors import RclicksError
from rclicks_hf.metrics import ConstantCoordinateWarning
from rclicks_hf.metrics.validation import check_count
from rclicks_hf.support.progress import is_quiet

#: The mode that describes the object in words and so suggests no place to click.
REFERENCE_MODE = "Text_Description"
DISPLAY_MODES = (
    REFERENCE_MODE,
    "Object_CutOut",
    "Shifted_CutOut",
    "Silhouette_Mask",
    "Highlighted_Instance",
)
PUBLISHED_BLOB = next(file.blob for file in FILES if file.name == "previews.csv")

# The previews are TETRIS images: their masks are coded and their sizes limited like those.
_LAYOUT = "tetris"
_KEYS = pa.schema(
    [
        ("mode", pa.string()),
        ("full_stem", pa.string()),
        ("is_simulated", pa.bool_()),
        ("unit", pa.string()),
    ]
)


def read_previews(path: str | Path, store: ImageStore | None = None) -> dict[str, pa.Table]:
    r"""Read the paper's ``previews.csv``: clicks on objects that were shown in different ways.

    Args:
        path: CSV as for `rclicks_hf.data.read_clicks`, with one of `DISPLAY_MODES` in the column
            ``dataset``.
        store: Object masks, for example ``FolderStore("tetris", "datasets/PREVIEW")``; None to do
            without the objects' boxes.

    Returns:
        Display mode -> its instances, rows as in a ``<dataset>-instances`` config; clicks are
        scaled with the image as TETRIS clicks are. Modes in the order of `DISPLAY_MODES`.

    Raises:
        RclicksError: If the file or a mask cannot be read, or a mode is unknown; names file, line
            and value.

    Example:
        >>> read_previews("none.csv")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: none.csv: cannot be read (No such file or directory); ...
    """
    clicks = read_clicks(path, datasets={mode: mode for mode in DISPLAY_MODES})
    facts = {} if store is None else _facts(clicks, store)
    table = clicks.rename_columns({"dataset": "mode"})
    table = table.append_column("dataset", pa.repeat(_LAYOUT, len(table)))
    # A split is required; the file does not name it and nothing here depends on it.
    images = table["image_stem"].unique().to_pylist()
    table = complete_clicks(table, {_LAYOUT: dict.fromkeys(images, "validation")})
    by_mode = {mode: table.filter(pc.equal(table["mode"], mode)) for mode in DISPLAY_MODES}
    return {
        mode: instance_table(rows, gather(rows), facts)[0]
        for mode, rows in by_mode.items()
        if len(rows)
    }


def is_published(path: str | Path) -> bool:
    """Whether a file is the paper's ``previews.csv``, byte for byte."""
    return blob_sha1(Path(path)) == PUBLISHED_BLOB


def _facts(clicks: pa.Table, store: ImageStore) -> dict[tuple[str, str], ImageFacts]:
    names = ["full_stem", "image_stem", "object_stem"]
    objects = clicks.select(names).group_by(names).aggregate([]).to_pylist()
    facts = {}
    for full_stem, image_stem, object_stem in (tuple(row.values()) for row in objects):
        mask = store.mask(image_stem, object_stem)
        size = (mask.shape[1], mask.shape[0])
        facts[_LAYOUT, full_stem] = ImageFacts(size, object_box(mask))
    return facts


def compare_display_modes(
    previews: Mapping[str, pa.Table], *, least: int = 1, progress: bool = True
) -> pa.Table:
    """Compare the clicks under each display mode with those under the text description.

    A text suggests no place to click, so a mode whose clicks differ from it biases the users. The
    paper compares every object that has clicks in both.

    Args:
        previews: Display mode -> instances, from `read_previews`.
        least: Fewest clicks in either mode; an instance with fewer is left out.

    Returns:
        One row per mode and instance: ``mode, full_stem, is_simulated, unit``, ``clicks`` in the
        mode, ``clicks_reference``, ``ks_pvalue, ks, wd, pl1`` of `two_sample_scores` (null where
        left out), and ``left_out``, the reason or ``""``.

    Raises:
        RclicksError: If the text description or every other mode has no clicks.
        ValueError: If ``least`` is below 1.

    Example:
        >>> x, y = [0, 1, 2, 3, 4], [0, 2, 1, 4, 3]
        >>> row = {"dataset": 4, "split": 1, "full_stem": "a", "click_type": 0, "w": 8, "h": 6,
        ...        "is_simulated": False, "box": [0, 0, 3, 4], "x": x, "y": y, "device": [0] * 5}
        >>> table = pa.Table.from_pylist([row])
        >>> previews = {"Text_Description": table, "Object_CutOut": table}
        >>> scores = compare_display_modes(previews, progress=False)
        >>> scores.select(["mode", "clicks_reference", "ks", "wd"]).to_pylist()
        [{'mode': 'Object_CutOut', 'clicks_reference': 5, 'ks': 1.0, 'wd': 0.0}]
    """
    least = check_count(least, "least")
    require_two_modes(previews)
    modes = {mode: _by_stem(table) for mode, table in previews.items()}
    reference = modes.pop(REFERENCE_MODE)
    pairs = [
        (mode, stem, instances.get(stem), reference.get(stem))
        for mode, instances in modes.items()
        for stem in dict.fromkeys([*reference, *instances])
    ]
    bar = tqdm(pairs, desc="display modes", unit="instance", disable=is_quiet() or not progress)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantCoordinateWarning)
        rows = [
            _compared(mode, stem, instance, reference_instance, least)
            for mode, stem, instance, reference_instance in bar
        ]
    columns = value_columns(*TwoSampleScores._fields, counts=["clicks", "clicks_reference"])
    return pa.Table.from_pylist(rows, result_schema(_KEYS, columns))


def require_two_modes(previews: Mapping[str, pa.Table], name: str = "previews") -> None:
    """Refuse previews without two modes to compare; ``name`` is what the error calls them."""
    if REFERENCE_MODE not in previews or len(previews) < 2:
        raise RclicksError(
            f"{name}: need clicks of {REFERENCE_MODE!r} and of another display mode; "
            f"there are {', '.join(previews) or 'none'}"
        )


def _by_stem(table: pa.Table) -> dict[str, ClickedInstance]:
    return {instance.full_stem: instance for instance in read_instances(table)}


def _compared(
    mode: str,
    full_stem: str,
    instance: ClickedInstance | None,
    reference: ClickedInstance | None,
    least: int,
) -> dict[str, Any]:
    shown = [side for side in (instance, reference) if side is not None]
    counts = [len(side.clicks) if side else 0 for side in (instance, reference)]
    row: dict[str, Any] = {
        "mode": mode,
        "full_stem": full_stem,
        "is_simulated": shown[-1].is_simulated,
        "unit": shown[-1].unit,
        "clicks": counts[0],
        "clicks_reference": counts[1],
        LEFT_OUT: "",
    }
    if min(counts) < least:
        few = "no clicks" if least == 1 else f"fewer than {least} clicks"
        return row | {LEFT_OUT: f"{few} in it or in {REFERENCE_MODE}"}
    first, second = (side.clicks for side in shown)
    scores = two_sample_scores(first.x, first.y, second.x, second.y, shown[-1].size)
    return row | scores._asdict()
