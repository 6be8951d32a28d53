"""Split-half agreement of every instance: the ceiling for the scores of click models."""

from __future__ import annotations

import pyarrow as pa

from rclicks_hf.analysis.clicked_instances import ClickedInstance, tabulate_clicks
from rclicks_hf.metrics import ClickScores, instance_seed, split_half_scores
from rclicks_hf.metrics.agreement import HALVINGS, MIN_CLICKS_TO_HALVE
from rclicks_hf.metrics.sampling import SEED

_SCORES = ("ks", "wd", "pl1")


def split_half_agreement(
    instances: pa.Table, *, halvings: int = HALVINGS, seed: int = SEED, progress: bool = True
) -> pa.Table:
    """KS, WD and PL1 between random halves of each instance's clicks.

    A click model whose points are distributed like the users' clicks reaches about these values.
    A half has n // 2 clicks where a model is compared with n, so KS is slightly too high and WD
    slightly too large. The paper has no such number.

    Args:
        instances: Rows of a ``<dataset>-instances`` config, as for `read_instances`.
        halvings: Random halvings per instance.
        seed: Base seed; each instance derives its own from it, so their order does not matter.

    Returns:
        One row per instance: its keys, ``clicks``, the means of ``ks, wd, pl1`` over the halvings
        (null where left out), and ``left_out``, the reason (fewer than 4 clicks) or ``""``.

    Raises:
        ValueError: If ``halvings`` is below 1.

    Example:
        >>> row = {"dataset": 2, "split": 2, "full_stem": "095", "click_type": 0, "w": 8, "h": 6,
        ...        "is_simulated": False, "box": [0, 0, 3, 4], "x": [0, 2, 1, 3, 4],
        ...        "y": [0, 1, 2, 4, 3], "device": [0, 0, 1, 1, 1]}
        >>> table = split_half_agreement(pa.Table.from_pylist([row]), progress=False)
        >>> table.select(["clicks", "ks", "left_out"]).to_pylist()
        [{'clicks': 5, 'ks': 1.0, 'left_out': ''}]
    """

    def scores(instance: ClickedInstance) -> ClickScores:
        clicks, own_seed = instance.clicks, instance_seed(instance.full_stem, seed)
        return split_half_scores(
            clicks.x, clicks.y, instance.size, halvings=halvings, seed=own_seed
        )

    return tabulate_clicks(
        instances,
        _SCORES,
        scores,
        least=MIN_CLICKS_TO_HALVE,
        description="halves",
        progress=progress,
    )
