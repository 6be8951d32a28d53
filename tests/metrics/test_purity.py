from __future__ import annotations

import subprocess
import sys

HEAVY = ("torch", "transformers", "datasets", "evaluate", "pandas", "cv2", "matplotlib")


def test_metrics_need_numpy_and_scipy_only(repo):
    code = f"import sys, rclicks_hf.metrics; print(*set({HEAVY}) & set(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=repo, capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == []
