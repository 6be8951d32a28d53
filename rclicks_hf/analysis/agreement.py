"""Split-half agreement of every instance: the ceiling that click models are read against."""

from __future__ import annotations

import pyarrow as pa

from rclicks_hf.analysis.instances import ClickedInstance, tabulate_clicks
from rclicks_hf.metrics import ClickScores, instance_seed, split_half_scores
from rclicks_hf.metrics.agreement import HALVINGS, LEAST_CLICKS
from rclicks_hf.metrics.sampling import SEED

_MEASURES = ("ks", "wd", "pl1")


def split_half_agreement(
    instances: pa.Table, *, halvings: int = HALVINGS, seed: int = SEED, progress: bool = True
) -> pa.Table:
    """KS, WD and PL1 between random halves of each instance's clicks.

    A click model that draws its points as people do reaches about these values, none need pass
    them. A half has n // 2 clicks where a model is held against n, so KS is a little lenient and WD
    a little large. The paper has no such number.

    Args:
        instances: Rows of a ``<dataset>-instances`` config (`read_instances`).
        halvings: Random halvings an instance.
        seed: Seed of all; every instance draws from one of its own, so that order does not matter.
        progress: Show a progress bar.

    Returns:
        A row an instance: its keys, ``clicks``, the means of ``ks, wd, pl1`` over the halvings
        (null where left out), and ``left_out``, the reason or ``""``. Fewer than 4 clicks cannot be
        halved.

    Raises:
        ValueError: If ``halvings`` is below 1.

    Example:
        >>> row = {"dataset": 2, "split": 2, "full_stem": "095", "click_type": 0, "w": 8, "h": 6,
        ...        "is_simulated": False, "box": [0, 0, 3, 4], "x": [0, 2, 1, 3, 4],
        ...        "y": [0, 1, 2, 4, 3], "device": [0, 0, 1, 1, 1]}
        >>> short = row | {name: row[name][:3] for name in ("x", "y", "device")}
        >>> table = split_half_agreement(pa.Table.from_pylist([row, short]), progress=False)
        >>> table.select(["clicks", "ks", "left_out"]).to_pylist()
        [{'clicks': 5, 'ks': 1.0, 'left_out': ''},
         {'clicks': 3, 'ks': None, 'left_out': 'fewer than 4 clicks'}]
    """

    def scores(instance: ClickedInstance) -> ClickScores:
        clicks, own_seed = instance.clicks, instance_seed(instance.full_stem, seed)
        return split_half_scores(
            clicks.x, clicks.y, instance.size, halvings=halvings, seed=own_seed
        )

    return tabulate_clicks(
        instances, _MEASURES, scores, least=LEAST_CLICKS, description="halves", progress=progress
    )
