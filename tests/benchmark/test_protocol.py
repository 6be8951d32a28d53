from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, asdict, fields
from pathlib import Path

import numpy as np
import pytest

from rclicks_hf.benchmark import CLICKING_GROUPS, PROTOCOLS, BenchmarkProtocol, load_protocol
from rclicks_hf.benchmark.protocol import RULES
from rclicks_hf.errors import RclicksError

# The digests of the named protocols. If this test fails, a rule has changed: give it a new id.
RCLICKS_1 = "7b1b29fdbe90ca57e507e5b2d7ac1067184656ee0fa8c642ead6013730dfa0de"
REFERENCE_1 = "e42475ec2fb881e65f3de4ad8bc1dbc479bc79ececabd5e4b91d41251019870b"


def test_the_first_protocol_stays_what_it_is() -> None:
    protocol = BenchmarkProtocol()
    assert (protocol.id, protocol.digest) == ("rclicks-1", RCLICKS_1)
    assert (protocol.max_clicks, protocol.noc_threshold, protocol.seed) == (20, 0.9, 42)


def test_the_reference_differs_in_what_the_docs_list(repo: Path) -> None:
    mine, other = PROTOCOLS["rclicks-1"], PROTOCOLS["reference"]
    assert (other.id, other.digest) == ("rclicks-reference-1", REFERENCE_1)
    rules = set(mine.differences(json.loads(json.dumps(asdict(other))))) - {"id"}
    assert rules == {"nof_rule", "random_state_rule", "broken_map_rule", "map_rule", "zoom_rule"}
    text = (repo / "docs/protocol.md").read_text("utf-8")
    assert all(f"`{rule}`" in text for rule in rules)


def test_every_field_is_explained_in_the_docs(repo: Path) -> None:
    text = (repo / "docs/protocol.md").read_text("utf-8")
    assert [f.name for f in fields(BenchmarkProtocol) if f"`{f.name}`" not in text] == []


def test_protocols_go_by_name() -> None:
    assert load_protocol("rclicks-1") == BenchmarkProtocol()
    with pytest.raises(RclicksError, match=r"rclicks-9: no such protocol .*; choose rclicks-1"):
        load_protocol("rclicks-9")


def test_group_edges_make_the_groups() -> None:
    protocol = BenchmarkProtocol(group_edges=[0.5, 0.9, 1.0])
    assert protocol.groups == {"g1": (0.5, 0.9), "g2": (0.9, 1.0)}
    assert BenchmarkProtocol().groups == CLICKING_GROUPS


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
        ({"max_clicks": 2.5}, "max_clicks must be a whole number, got 2.5"),
        ({"max_clicks": "3"}, "max_clicks must be a whole number, got '3'"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"seed": 2**32}, r"below 2\*\*32"),
        ({"noc_threshold": 1.5}, r"noc_threshold must lie in \(0, 1\]"),
        ({"target_iou": 0.0}, "target_iou must be above 0"),
        ({"mask_threshold": 1.0}, r"mask_threshold must lie in \(0, 1\)"),
        ({"boundary_dilation_ratio": 0.0}, r"boundary_dilation_ratio must lie in \(0, 1\)"),
        ({"group_edges": (0.0,)}, "group_edges must be 2 to 11 numbers, got 1"),
        ({"group_edges": tuple(k / 11 for k in range(12))}, "must be 2 to 11 numbers, got 12"),
        ({"group_edges": (0.0, 1.1)}, r"group_edges must lie in \[0, 1\]"),
        ({"group_edges": (0.0, float("nan"))}, r"group_edges must lie in \[0, 1\]"),
        ({"group_edges": (0.0, 0.6, 0.5, 1.0)}, "groups overlap or are empty: 0.5 follows 0.6"),
        ({"group_edges": (0.0, 0.5, 0.5, 1.0)}, "groups overlap or are empty: 0.5 follows 0.5"),
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
