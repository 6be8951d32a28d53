"""The instances that the Explorer browses: embedded pictures with simulated clicks, or a repo's."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, cached_property, lru_cache
from typing import Protocol

import numpy as np

from rclicks_hf.data import (
    ROUNDS,
    SOURCE_DATASETS,
    SPLITS,
    Clicks,
    ConfigKey,
    FullStem,
    ImageStore,
    Instance,
    InstanceTable,
    MemoryStore,
    load_instances,
)
from rclicks_hf.data.loading import configs_of, splits_of
from rclicks_hf.errors import RclicksError
from rclicks_hf.simulation import generate_scenes, simulate_rounds
from rclicks_hf.simulation.photographs import photographs
from rclicks_hf.simulation.simulated_rounds import SYNTHETIC
from rclicks_hf.space.settings import SpaceSettings

SCENES = 6  # each takes half a second to draw
KEPT = 64  # simulated instances that are kept; none is a visitor's


class InstanceCatalogue(Protocol):
    """Instances under one title."""

    def stems(self, round: str) -> list[str]:
        """full_stem of each instance of a round."""
        ...

    def instance(self, full_stem: str) -> Instance:
        """One of them."""
        ...


class SimulatedCatalogue:
    """A store of embedded pictures; clicks and later rounds are simulated on demand."""

    def __init__(self, dataset: str, make_store: Callable[[], ImageStore]) -> None:
        self._dataset = dataset
        self._make_store = make_store
        self._rounds = lru_cache(KEPT)(self._simulated)

    @cached_property
    def _store(self) -> ImageStore:
        return self._make_store()

    def stems(self, round: str) -> list[str]:
        """See `InstanceCatalogue`."""
        types = ("first",) if round == "first" else ("fn", "fp")
        return [
            str(
                FullStem(image, of)
                if kind == "first"
                else FullStem(image, of, click_type=kind, model_type=SYNTHETIC)
            )
            for image, of in self._store.objects()
            for kind in types
        ]

    def instance(self, full_stem: str) -> Instance:
        """See `InstanceCatalogue`."""
        stem = FullStem.parse(full_stem)
        found = self._rounds(stem.image_stem, stem.object_stem).get(full_stem)
        if found is None:
            raise RclicksError(f"{full_stem}: this object has no such round; choose another")
        return found

    def _simulated(self, image_stem: str, object_stem: str) -> dict[str, Instance]:
        image, mask = self._store.image(image_stem), self._store.mask(image_stem, object_stem)
        alone = MemoryStore()
        alone.add(image_stem, image, {object_stem: mask})
        rounds = simulate_rounds(alone, dataset=self._dataset, progress=False)
        columns = {
            name: np.array(rounds.clicks[name]) for name in ("full_stem", "x", "y", "device")
        }
        found = {}
        for name in dict.fromkeys(columns["full_stem"].tolist()):
            stem, rows = FullStem.parse(name), columns["full_stem"] == name
            found[name] = Instance(
                full_stem=name,
                image_stem=image_stem,
                object_stem=object_stem,
                dataset=self._dataset,
                split="test",
                click_type=stem.click_type,
                model_type=stem.model_type,
                image=image,
                mask=mask,
                previous_mask=rounds.previous_masks.get(name),
                clicks=Clicks(*(columns[key][rows] for key in ("x", "y", "device"))),
                is_simulated=True,
            )
        return found


class RepoCatalogue:
    """One dataset and split of a repo, opened when it is first looked at."""

    def __init__(self, repo: str, dataset: str, split: str) -> None:
        self._where = (repo, dataset, split)
        self._tables: dict[str, InstanceTable] = {}

    def _table(self, round: str) -> InstanceTable:
        if round not in self._tables:
            repo, dataset, split = self._where
            self._tables[round] = load_instances(repo, dataset, split=split, rounds=round)
        return self._tables[round]

    def stems(self, round: str) -> list[str]:
        """See `InstanceCatalogue`."""
        return self._table(round).stems

    def instance(self, full_stem: str) -> Instance:
        """See `InstanceCatalogue`."""
        for round in ROUNDS:
            stems = self._table(round).stems
            if full_stem in stems:
                return self._table(round)[stems.index(full_stem)]
        raise RclicksError(f"{full_stem}: no such instance; choose one from the list")


@cache
def embedded_photographs() -> MemoryStore:
    """The photographs that come with the package; the process has one set of them."""
    return photographs()


@cache
def embedded_catalogues() -> dict[str, InstanceCatalogue]:
    """Title -> pictures that come with the package; the process has one set of them."""
    return {
        SOURCE_DATASETS["simulated_photographs"].title: SimulatedCatalogue(
            "simulated_photographs", embedded_photographs
        ),
        SOURCE_DATASETS["simulated_scenes"].title: SimulatedCatalogue(
            "simulated_scenes", lambda: generate_scenes(SCENES)
        ),
    }


def instance_catalogues(settings: SpaceSettings) -> dict[str, InstanceCatalogue]:
    """Title -> catalogue: those of the dataset repo, if there is one, then the embedded ones."""
    found: dict[str, InstanceCatalogue] = {}
    if settings.dataset is not None:
        configs = configs_of(settings.dataset)
        for name, entry in SOURCE_DATASETS.items():
            key = ConfigKey(name, kind="instances")
            if key.name not in configs:
                continue
            there = splits_of(settings.dataset, key)
            # The split that the paper evaluates on comes first.
            for split in sorted(there, key=SPLITS.index, reverse=True):
                title = f"{entry.title}, {split}" if len(there) > 1 else entry.title
                found[title] = RepoCatalogue(settings.dataset, name, split)
        if not found:
            raise RclicksError(
                f"{settings.dataset}: has clicks but no images to browse; build it with its images"
            )
    embedded = {
        f"{title}, embedded" if found else title: catalogue
        for title, catalogue in embedded_catalogues().items()
    }
    return found | embedded
