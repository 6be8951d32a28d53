"""Objects of an image in one call: the same rows as one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers.benchmark_fakes import Disks, Slope, make_instance

from rclicks_hf.benchmark import RUNS, BenchmarkProtocol, run_image
from rclicks_hf.benchmark.engine import TRAJECTORIES_TOGETHER
from rclicks_hf.benchmark.protocol import PROTOCOLS
from rclicks_hf.benchmark.result_rows import TIMING_COLUMNS, ResultRow, rows_to_table
from rclicks_hf.data import Instance

SHORT = BenchmarkProtocol(max_clicks=4)


class Batched(Disks):
    """Disks that gain by large calls, and remember how large they were."""

    batched = True

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def predict(self, state: Any, clicks: Any, previous: Any) -> Any:
        self.sizes.append(len(clicks))
        return super().predict(state, clicks, previous)


def objects(count: int = 2) -> list[Instance]:
    return [make_instance(f"i_{k}", "i", str(k), seed=k) for k in range(count)]


def without_times(rows: list[ResultRow]) -> list[dict[str, Any]]:
    return rows_to_table(rows).drop_columns(list(TIMING_COLUMNS)).to_pylist()


def test_objects_share_calls_and_rows_stay_the_same() -> None:
    together = Batched()
    rows = run_image(objects(3), together, Slope(), RUNS, SHORT)
    alone = run_image(objects(3), Disks(), Slope(), RUNS, SHORT)
    assert together.sizes[:4] == [3 * 11] * 4
    assert without_times(rows) == without_times(alone)


def test_calls_are_bounded() -> None:
    segmenter = Batched()
    run_image(objects(9), segmenter, Slope(), RUNS, SHORT)
    assert max(segmenter.sizes) <= TRAJECTORIES_TOGETHER


def test_a_failure_in_a_shared_call_is_recorded_only_where_it_belongs() -> None:
    class Fails(Batched):
        def predict(self, state: Any, clicks: Any, previous: Any) -> Any:
            if any(trajectory[0].x < 5 for trajectory in clicks):
                raise RuntimeError("the accelerator is out of memory")
            return super().predict(state, clicks, previous)

    left = np.zeros_like(objects()[0].mask)
    left[10:20, :4] = 1
    good, bad = objects()
    bad = replace(bad, mask=left)
    rows = run_image([good, bad], Fails(), Slope(), ["base", "g10"], SHORT)
    assert [bool(row.error) for row in rows] == [False, False, True, True]
    expected = run_image([good], Disks(), Slope(), ["base", "g10"], SHORT)
    assert without_times(rows[:2]) == without_times(expected)


def test_objects_that_share_a_generator_are_not_batched() -> None:
    segmenter, protocol = Batched(), replace(PROTOCOLS["reference"], max_clicks=4)
    rows = run_image(objects(), segmenter, Slope(), RUNS, protocol)
    assert max(segmenter.sizes) == 11
    assert without_times(rows) == without_times(
        run_image(objects(), Disks(), Slope(), RUNS, protocol)
    )


class OneByOne:
    """A click model that makes its maps one a call."""

    name = "cm"

    def __init__(self, model: Any) -> None:
        self._model = model

    def click_maps(
        self, images: Sequence[Any], object_masks: Sequence[Any], error_masks: Sequence[Any]
    ) -> list[np.ndarray]:
        triples = zip(images, object_masks, error_masks, strict=True)
        return [self._model.click_map(*triple) for triple in triples]


@pytest.fixture(scope="module")
def network() -> Any:
    import torch

    from rclicks_hf.click_models import ClickabilityClickModel
    from rclicks_hf.networks.clickability import (
        ClickabilityConfig,
        ClickabilityImageProcessor,
        ClickabilityModel,
    )

    torch.manual_seed(0)
    model = ClickabilityModel(ClickabilityConfig.from_preset("nano"))
    size = {"height": 64, "width": 64}
    return ClickabilityClickModel(model, ClickabilityImageProcessor(size=size))


def test_the_network_s_maps_depend_on_the_batch_by_rounding_only(network: Any) -> None:
    images = [instance.image for instance in objects(5)]
    masks = [instance.object_mask for instance in objects(5)]
    together = network.click_maps(images, masks, masks)
    single = OneByOne(network).click_maps(images, masks, masks)
    for alone, found in zip(single, together, strict=True):
        np.testing.assert_allclose(found, alone, atol=1e-5)


def test_batched_trajectories_of_the_network_click_as_single_ones(network: Any) -> None:
    """Rounding could move a draw that lands on the very border of two pixels; here none does."""
    batched = run_image(objects(), Batched(), network, ["g1", "g5", "g10", "nuser"], SHORT)
    single = run_image(objects(), Disks(), OneByOne(network), ["g1", "g5", "g10", "nuser"], SHORT)
    assert without_times(batched) == without_times(single)
