"""PC against mobile: do users click in the same places with a mouse and with a finger?"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from rclicks_hf.analysis.clicked_instances import (
    LEFT_OUT,
    OBJECT_BOX,
    ClickedInstance,
    tabulate,
    value_columns,
)
from rclicks_hf.analysis.statistics import STATISTICS
from rclicks_hf.analysis.summary import SummaryRow
from rclicks_hf.analysis.two_samples import TwoSampleScores, two_sample_scores
from rclicks_hf.data.schema import DEVICES, SOURCE_DATASETS
from rclicks_hf.metrics import pl1_points, wd_points
from rclicks_hf.metrics.validation import check_count

#: Fewest clicks on either device in the paper's comparison.
MIN_CLICKS_PER_DEVICE = 10

#: The paper's means: dataset -> statistic -> value. WD and PL1 were published with the slip.
PUBLISHED_MEANS: dict[str, dict[str, float]] = {
    name: {"ks": ks, "wd_slip": wd, "pl1_slip": pl1}
    for name, ks, wd, pl1 in (
        ("grabcut", 0.630435, 0.255146, 0.536681),
        ("berkeley", 0.644928, 0.405315, 0.790127),
        ("davis", 0.621164, 0.576627, 1.078749),
        ("coco_mval", 0.680219, 1.152571, 2.221075),
        ("tetris", 0.699758, 0.414118, 0.695799),
    )
}


def compare_devices(
    instances: pa.Table,
    *,
    least: int = MIN_CLICKS_PER_DEVICE,
    slip: bool = False,
    progress: bool = True,
) -> pa.Table:
    """Compare the clicks made on PC with those made on mobile, instance by instance.

    The paper's table covers the instances of all rounds, and of TETRIS the validation images. Its
    script passes the x of the PC clicks to WD and PL1 twice, (x, x) instead of (x, y): the
    published KS shares are correct; the published WD and PL1 are those of ``slip=True``.

    Args:
        instances: Rows of a ``<dataset>-instances`` config, as for `read_instances`.
        least: Fewest clicks on either device; an instance with fewer is left out.
        slip: Add ``wd_slip`` and ``pl1_slip``, the distances with the error of the paper's script.

    Returns:
        One row per instance: its keys, ``clicks_pc``, ``clicks_mobile``, ``ks_pvalue, ks, wd, pl1``
        of `two_sample_scores` (null where left out), and ``left_out``, the reason or ``""``.

    Raises:
        ValueError: If ``least`` is below 1.

    Example:
        >>> x, y = [0, 1, 2, 3, 4] * 2, [0, 2, 1, 4, 3] * 2
        >>> row = {"dataset": 2, "split": 2, "full_stem": "095", "click_type": 0, "w": 8, "h": 6,
        ...        "is_simulated": False, "box": [0, 0, 3, 4], "x": x, "y": y}
        >>> table = pa.Table.from_pylist([row | {"device": [0] * 5 + [1] * 5}])
        >>> compare_devices(table, least=5, progress=False).select(["unit", "ks", "wd"]).to_pylist()
        [{'unit': 'object box', 'ks': 1.0, 'wd': 0.0}]
    """
    least = check_count(least, "least")

    def compare(instance: ClickedInstance) -> dict[str, Any]:
        pc, mobile = (instance.clicks.on(device) for device in DEVICES)
        counts: dict[str, Any] = {"clicks_pc": len(pc), "clicks_mobile": len(mobile)}
        if min(counts.values()) < least:
            return counts | {LEFT_OUT: f"fewer than {least} clicks on pc or on mobile"}
        scores = two_sample_scores(pc.x, pc.y, mobile.x, mobile.y, instance.size)
        values = counts | scores._asdict()
        if slip:
            slipped = (pc.x, pc.x, mobile.x, mobile.y, instance.size)
            values |= {"wd_slip": wd_points(*slipped), "pl1_slip": pl1_points(*slipped)}
        return values

    names = [*TwoSampleScores._fields, *(["wd_slip", "pl1_slip"] if slip else [])]
    columns = value_columns(*names, counts=["clicks_pc", "clicks_mobile"])
    return tabulate(instances, columns, compare, description="pc against mobile", progress=progress)


def published_value(row: SummaryRow) -> float | None:
    """The published mean of PC against mobile that a row can be compared with.

    Args:
        row: A row of the summary of `compare_devices` with the default ``least``.

    Returns:
        The value; None for simulated clicks, for a split that the paper does not evaluate on, for
        lengths in images, and for WD and PL1 without the slip.

    Example:
        >>> row = SummaryRow("davis", "test", False, "object box", "ks", 378, {}, 0.6, 0.5, 0.7)
        >>> published_value(row)
        0.621164
    """
    values = PUBLISHED_MEANS.get(row.group, {})
    same_unit = row.unit == OBJECT_BOX or not STATISTICS[row.statistic].length
    if row.is_simulated or not values or not same_unit:
        return None
    return values.get(row.statistic) if row.split == SOURCE_DATASETS[row.group].splits[-1] else None
