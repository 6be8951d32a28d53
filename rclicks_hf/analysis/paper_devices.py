"""The paper's own numbers, to print beside counted ones where both mean the same."""

from __future__ import annotations

from rclicks_hf.analysis.instances import OBJECT_BOX
from rclicks_hf.analysis.statistics import STATISTICS
from rclicks_hf.analysis.summary import SummaryRow
from rclicks_hf.data.schema import SOURCE_DATASETS

#: PC against mobile: dataset -> measure -> mean. WD and PL1 were published with the slip.
PC_AGAINST_MOBILE: dict[str, dict[str, float]] = {
    name: {"ks": ks, "wd_slip": wd, "pl1_slip": pl1}
    for name, ks, wd, pl1 in (
        ("grabcut", 0.630435, 0.255146, 0.536681),
        ("berkeley", 0.644928, 0.405315, 0.790127),
        ("davis", 0.621164, 0.576627, 1.078749),
        ("coco_mval", 0.680219, 1.152571, 2.221075),
        ("tetris", 0.699758, 0.414118, 0.695799),
    )
}


def published_value(row: SummaryRow) -> float | None:
    """The published mean of PC against mobile that a row can be compared with.

    Args:
        row: Of the summary of `compare_devices` with the paper's ``least`` of 10.

    Returns:
        The value; None for simulated clicks, for a split that the paper did not take, for lengths
        in images, and for WD and PL1 without the slip.

    Example:
        >>> from dataclasses import replace
        >>> row = SummaryRow("davis", "test", False, "object box", "ks", 378, {}, 0.6, 0.5, 0.7)
        >>> published_value(row), published_value(replace(row, is_simulated=True))
        (0.621164, None)
        >>> [published_value(replace(row, **other)) for other in ({"measure": "wd"},
        ...                                                       {"split": "train"})]
        [None, None]
    """
    values = PC_AGAINST_MOBILE.get(row.group, {})
    same_unit = row.unit == OBJECT_BOX or not STATISTICS[row.measure].length
    if row.is_simulated or not values or not same_unit:
        return None
    return values.get(row.measure) if row.split == SOURCE_DATASETS[row.group].splits[-1] else None
