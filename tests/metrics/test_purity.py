from __future__ import annotations

import subprocess
import sys

from rclicks_hf import metrics

HEAVY = ("torch", "transformers", "datasets", "evaluate", "pandas", "cv2", "matplotlib")


def test_metrics_need_numpy_and_scipy_only(repo):
    code = f"import sys, rclicks_hf.metrics; print(*set({HEAVY}) & set(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=repo, capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == []


def test_click_metrics_are_the_fields_of_click_scores():
    assert metrics.ClickScores._fields == metrics.CLICK_METRICS


def test_metrics_of_the_table_are_exported():
    assert {*metrics.METRICS} <= {*metrics.__all__}
    assert not {"annotations", "np", "Any", "METHODS"} & {*metrics.__all__}
