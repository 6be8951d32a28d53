from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.oracles import read_arrays


@pytest.fixture(scope="session")
def slow() -> SimpleNamespace:
    """The plain definitions of slow.py."""
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("slow.py"))))


@pytest.fixture(scope="session")
def stored(oracles: Path) -> dict[str, np.ndarray]:
    """Inputs and values computed by the paper's code."""
    arrays = read_arrays(oracles / "metrics" / "data.npz")
    return arrays | {"map/480f64": arrays["map/480"].astype(np.float64)}
