"""Real masks and published values: the uniform model's NSS and PDE on GrabCut, without the clicks.

Under the uniform model PDE times the object's area A is the share f of clicks inside it, so the
published PDE says how many of the about 48 clicks lay inside. With as many points inside and the
rest outside, NSS and PDE must come out as published.
"""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image

from rclicks_hf.metrics import nss, pde


@pytest.fixture(scope="module")
def cases(shared):
    masks = shared / "data" / "grabcut_masks"
    table = shared / "published" / "eval_cm_GrabCut_per_instance.csv"
    with table.open(newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["model_name"] == "ud"]
    first = {r["full_stem"]: r for r in rows if r["click_type"] == "first"}
    return [
        (np.asarray(Image.open(path)), first[path.stem])
        for path in sorted(masks.glob("*.png"))
        if path.stem in first
    ]


def clicks_inside(share: float) -> tuple[int, int]:
    """Clicks inside and in all: the whole numbers nearest to 48 clicks that give the share."""
    candidates = ((round(share * n), n) for n in range(20, 80))
    fitting = [(k, n) for k, n in candidates if abs(k / n - share) < 2e-6 * share]
    return min(fitting, key=lambda pair: abs(pair[1] - 48))


def test_uniform_model_on_all_real_masks(cases):
    assert len(cases) == 49
    for coded, row in cases:
        mask = coded == 255
        inside, total = clicks_inside(float(row["pde"]) * mask.sum())
        rows, columns = (
            np.concatenate([hit[:inside], miss[: total - inside]])
            for hit, miss in zip(np.nonzero(mask), np.nonzero(~mask), strict=True)
        )
        assert nss(mask, columns, rows) == pytest.approx(float(row["nss"]), rel=5e-6)
        assert pde(mask, columns, rows) == pytest.approx(float(row["pde"]), rel=5e-6)
