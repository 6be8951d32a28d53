"""What the protocol's ``map_rule`` does to where clicks are drawn, with a trained network.

For every first-round instance of a dataset repo: how far the click distributions of a group lie
apart when the network's map is normalised again and when it is not (total variation, 0 to 1).

Run: python tests/speed/measure_map_rule.py REPO DATASET MODEL
"""

from __future__ import annotations

import sys
from typing import cast

import numpy as np
from tqdm import tqdm

from rclicks_hf.benchmark.groups import CLICKING_GROUPS, group_weights
from rclicks_hf.click_models import load_click_model
from rclicks_hf.click_models.clickability import ClickabilityClickModel
from rclicks_hf.data import Instance, load_instances


def distributions(model: ClickabilityClickModel, instance: Instance) -> dict[str, np.ndarray]:
    """Group -> probability of a first click on each pixel."""
    error = instance.error_mask
    weights = model.click_map(instance.image, instance.object_mask, error) * error
    kept = {name: group_weights(weights, group) for name, group in CLICKING_GROUPS.items()}
    return {name: part / part.sum() for name, part in kept.items() if part is not None}


def main() -> None:
    """Print the mean over the instances for every group."""
    repo, dataset, path = sys.argv[1:]
    model = cast(ClickabilityClickModel, load_click_model(path))
    gaps: dict[str, list[float]] = {name: [] for name in CLICKING_GROUPS}
    instances = load_instances(repo, dataset, rounds=("first",))
    for instance in tqdm(instances, desc="map_rule", unit="instance"):
        sides = []
        for normalize in (True, False):
            model.normalize = normalize
            sides.append(distributions(model, instance))
        for name in sides[0].keys() & sides[1].keys():
            gaps[name].append(float(np.abs(sides[0][name] - sides[1][name]).sum()) / 2)
    print(f"total variation between the two rules, mean over {len(instances)} instances")
    print("  ".join(f"{name} {np.mean(values):.3f}" for name, values in gaps.items()))


if __name__ == "__main__":
    main()
