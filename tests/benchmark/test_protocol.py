from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, asdict, fields

import numpy as np
import pytest

from rclicks_hf.benchmark import CLICKING_GROUPS, BenchmarkProtocol
from rclicks_hf.benchmark.protocol import RULES

# The digest of rclicks-1. If this test fails, a rule has changed: give the protocol a new id.
RCLICKS_1 = "4e0de24e357f9f14c86f3da9458146c5660923ff83b60b035ed5216cfd7982a1"


def test_the_first_protocol_stays_what_it_is() -> None:
    protocol = BenchmarkProtocol()
    assert (protocol.id, protocol.digest) == ("rclicks-1", RCLICKS_1)
    assert (protocol.max_clicks, protocol.noc_threshold, protocol.seed) == (20, 0.9, 42)


def test_it_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        BenchmarkProtocol().seed = 1


def test_groups_are_ten_equal_shares() -> None:
    assert list(CLICKING_GROUPS) == [f"g{k}" for k in range(1, 11)]
    assert CLICKING_GROUPS["g1"] == (0.0, 0.1)
    assert CLICKING_GROUPS["g10"] == (0.9, 1.0)
    edges = np.array(list(CLICKING_GROUPS.values()))
    np.testing.assert_array_equal(edges[1:, 0], edges[:-1, 1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_clicks": 0}, "max_clicks must be at least 1"),
        ({"noc_threshold": 1.5}, r"noc_threshold must lie in \(0, 1\]"),
        ({"group_edges": (0.0, 0.5, 1.0)}, "group_edges of rclicks-1 are"),
        *[({rule: "else"}, f"{rule} must be one of") for rule in RULES],
    ],
)
def test_rules_that_cannot_be_followed_are_refused(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        BenchmarkProtocol(**changes)


def test_differences_name_the_fields() -> None:
    other = json.loads(json.dumps(asdict(BenchmarkProtocol(seed=1, max_clicks=5))))
    assert BenchmarkProtocol().differences(other) == ["max_clicks", "seed"]
    assert BenchmarkProtocol().differences({}) == [f.name for f in fields(BenchmarkProtocol)]


def test_every_trajectory_has_its_own_seed() -> None:
    protocol = BenchmarkProtocol()
    keys = [(stem, run) for stem in ("1", "11", "a", "a\0") for run in ("base", "g1", "g10", "1g1")]
    assert len({protocol.trajectory_seed(*key) for key in keys}) == len(keys)
    assert protocol.trajectory_seed("a", "g1") != BenchmarkProtocol(seed=1).trajectory_seed(
        "a", "g1"
    )
