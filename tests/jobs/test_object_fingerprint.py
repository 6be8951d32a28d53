"""Fingerprints of objects: equal in every process, different where results may differ."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from helpers.commands import run_python

from rclicks_hf.jobs.object_fingerprint import object_fingerprint

CODE = """
import torch
from rclicks_hf.jobs.object_fingerprint import object_fingerprint

class Mine:
    pass

def make():
    torch.manual_seed(0)
    mine = Mine()
    mine.network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    mine.decode, mine.names = (lambda: None), ["a", "b"]
    return mine
"""


@pytest.fixture
def make() -> Any:
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec(CODE, scope)
    return scope["make"]


def test_it_is_the_same_in_every_process(make: Any) -> None:
    code = f"{CODE}\nprint(object_fingerprint(make()))"
    done = run_python(["-c", code])
    assert done.stdout.strip() == object_fingerprint(make())


def test_weights_arrays_and_settings_count(make: Any) -> None:
    before, changed = object_fingerprint(make()), []
    for change in ("weights", "array", "setting"):
        mine = make()
        if change == "weights":
            with torch.no_grad():
                mine.network[0].bias[1] += 1
        elif change == "array":
            mine.table = np.arange(3)
        else:
            mine.names = ["a", "c"]
        changed.append(object_fingerprint(mine))
    assert len({before, *changed}) == 4
