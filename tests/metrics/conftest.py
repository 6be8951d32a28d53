from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest


@pytest.fixture(scope="session")
def slow() -> SimpleNamespace:
    """The plain definitions of slow.py."""
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("slow.py"))))


@pytest.fixture(scope="session")
def oracles(shared: Path) -> dict[str, np.ndarray]:
    """Inputs and values computed by the paper's code."""
    with np.load(shared / "oracles" / "metrics" / "data.npz", allow_pickle=False) as data:
        return dict(data)
