"""PC against mobile: do people with a mouse and people with a finger click alike?"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from rclicks_hf.analysis.instances import LEFT_OUT, ClickedInstance, measured, tabulate
from rclicks_hf.analysis.two_samples import TwoSampleScores, two_sample_scores
from rclicks_hf.data.schema import DEVICES
from rclicks_hf.metrics import pl1_points, wd_points
from rclicks_hf.metrics.validation import check_count

#: Fewest clicks on either device in the paper's comparison.
LEAST_CLICKS = 10


def compare_devices(
    instances: pa.Table, *, least: int = LEAST_CLICKS, slip: bool = False, progress: bool = True
) -> pa.Table:
    """Compare the clicks made on PC with those made on mobile, instance by instance.

    The paper's table takes the instances of all rounds, of TETRIS the validation images. Its script
    hands WD and PL1 the columns of the PC clicks twice, (x, x) in place of (x, y): the published KS
    shares stand, the published WD and PL1 are those of ``slip=True``.

    Args:
        instances: Rows of a ``<dataset>-instances`` config (`read_instances`).
        least: Fewest clicks on either device; an instance with fewer is left out.
        slip: Add ``wd_slip`` and ``pl1_slip``, the distances with the slip of the paper's script.
        progress: Show a progress bar.

    Returns:
        A row an instance: its keys, ``clicks_pc``, ``clicks_mobile``, ``ks_pvalue, ks, wd, pl1`` of
        `two_sample_scores` (null where left out), and ``left_out``, the reason or ``""``.

    Raises:
        ValueError: If ``least`` is below 1.

    Example:
        >>> x, y = [0, 1, 2, 3, 4] * 2, [0, 2, 1, 4, 3] * 2
        >>> row = {"dataset": 2, "split": 2, "full_stem": "095", "click_type": 0, "w": 8, "h": 6,
        ...        "is_simulated": False, "box": [0, 0, 3, 4], "x": x, "y": y}
        >>> table = pa.Table.from_pylist([row | {"device": [0] * 5 + [1] * 5}])
        >>> compare_devices(table, least=5, progress=False).select(["unit", "ks", "wd"]).to_pylist()
        [{'unit': 'object box', 'ks': 1.0, 'wd': 0.0}]
        >>> compare_devices(table, progress=False)["left_out"].to_pylist()
        ['fewer than 10 clicks on pc or on mobile']
    """
    least = check_count(least, "least")

    def measure(instance: ClickedInstance) -> dict[str, Any]:
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
    columns = measured(*names, counts=["clicks_pc", "clicks_mobile"])
    return tabulate(instances, columns, measure, description="pc against mobile", progress=progress)
