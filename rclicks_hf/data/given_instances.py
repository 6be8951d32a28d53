"""Instances that are given as objects, named and digested in one pass over them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rclicks_hf.data.instances import Instance
from rclicks_hf.errors import RclicksError


class InstanceNames(NamedTuple):
    """What an instance is called; see `Instance`."""

    dataset: str
    split: str
    image_stem: str
    full_stem: str


@dataclass(frozen=True, eq=False)
class GivenInstances:
    """Instances (a list, an `InstanceTable`) and what is known about them without decoding them."""

    instances: Sequence[Instance]  # the instances; decoded when they are taken
    positions: list[int]  # positions of those that belong to this set
    names: list[InstanceNames]  # names of each of these
    digest: str  # changes with the names, images, masks or clicks of any of these

    def __getitem__(self, index: int) -> Instance:
        return self.instances[self.positions[index]]

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def stems(self) -> list[str]:
        """full_stem of each instance."""
        return [names.full_stem for names in self.names]

    def group_by_image(self) -> dict[str, list[int]]:
        """Positions of each image's instances, images in order of first appearance."""
        groups: dict[str, list[int]] = {}
        for index, names in enumerate(self.names):
            groups.setdefault(names.image_stem, []).append(index)
        return groups


def describe_instances(
    instances: Sequence[Instance], *, first_round: bool = False
) -> GivenInstances:
    """Decode each instance once to name and digest it; ``first_round`` skips later rounds."""
    positions: list[int] = []
    all_names: dict[InstanceNames, None] = {}
    digest = hashlib.sha256()
    for position in range(len(instances)):
        instance = instances[position]
        if not isinstance(instance, Instance):
            raise RclicksError(
                f"instances: item {position} is a {type(instance).__name__}; give Instance objects "
                "or an instance set such as RepoInstances(repo, dataset)"
            )
        if first_round and instance.click_type != "first":
            continue
        names = InstanceNames(
            instance.dataset, instance.split, instance.image_stem, instance.full_stem
        )
        if names in all_names:
            raise RclicksError(
                f"instances: {instance.full_stem} is given twice; give each full_stem once"
            )
        all_names[names] = None
        positions.append(position)
        for part in _contents(instance):
            digest.update(part)
    return GivenInstances(instances, positions, list(all_names), digest.hexdigest())


def _contents(instance: Instance) -> list[bytes]:
    """All of an instance that changes a result."""
    clicks = instance.clicks
    names = (instance.full_stem, instance.image_stem, instance.click_type, *clicks.device.tolist())
    arrays = [instance.image, instance.mask, clicks.x, clicks.y]
    arrays += [] if instance.previous_mask is None else [instance.previous_mask]
    parts = ["\0".join(names).encode()]
    for array in arrays:
        parts += [f"\0{array.dtype.str}{array.shape}".encode(), array.tobytes()]
    return parts
