"""What is benchmarked, named so that every worker process can open it for itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rclicks_hf.data.instances import Instance
from rclicks_hf.errors import RclicksError


class IndexedInstances(Protocol):
    """Instances that tell their stems undecoded; see `rclicks_hf.data.InstanceTable`."""

    stems: list[str]

    def __getitem__(self, index: int) -> Instance:
        """One instance, decoded."""
        ...

    def group_by_image(self) -> dict[str, list[int]]:
        """Positions of each image's instances, images in order of first appearance."""
        ...


class InstanceSet(Protocol):
    """A small picklable description of the instances of one dataset and split."""

    @property
    def dataset(self) -> str:
        """Key of the source dataset."""
        ...

    @property
    def split(self) -> str:
        """``"train"``, ``"validation"`` or ``"test"``."""
        ...

    def load(self) -> IndexedInstances:
        """Open the instances; called once in every process."""
        ...

    def fingerprint(self) -> str:
        """Changes whenever the content does."""
        ...


@dataclass(frozen=True)
class RepoInstances:
    """First-round instances of a dataset repo.

    Attributes:
        repo: Folder made by `rclicks build`, or a Hub id.
        dataset: Key of `rclicks_hf.data.SOURCE_DATASETS`.
        split: ``"train"``, ``"validation"`` or ``"test"``.

    Example:
        >>> RepoInstances("rclicks", "grabcut").split
        'test'
    """

    repo: str
    dataset: str
    split: str = "test"

    def load(self) -> IndexedInstances:
        """Open the repo.

        Raises:
            RclicksError: If it is not there, or has no such dataset or split.
        """
        from rclicks_hf.data import load_instances

        return load_instances(self.repo, self.dataset, split=self.split, rounds=("first",))

    def fingerprint(self) -> str:
        """Digest of the files of a folder; of the stems where the repo is a Hub id."""
        from rclicks_hf.data.fingerprint import dataset_fingerprint

        return dataset_fingerprint(self.repo, self.dataset, self.split, ("first",))


@dataclass(frozen=True)
class ImageTask:
    """The instances of one image that are to be benchmarked.

    Attributes:
        image_stem: The image.
        indices: Positions in the loaded instances of those that are run.
        stems: The full_stem of those whose rows are wanted: all of them, or some where an image
            is run whole.

    Example:
        >>> task = ImageTask("a", indices=(0, 2), stems=("a_1", "a_2"))
        >>> task.image_stem, dict(zip(task.indices, task.stems))[2]
        ('a', 'a_2')
    """

    image_stem: str
    indices: tuple[int, ...]
    stems: tuple[str, ...]

    def keys(self, runs: Sequence[str]) -> set[tuple[str, str]]:
        """(full_stem, run) of every row that is wanted."""
        return {(stem, run) for stem in self.stems for run in runs}


def plan_images(
    table: IndexedInstances,
    *,
    limit: int | None = None,
    stems: Sequence[str] | None = None,
    whole_images: bool = False,
) -> list[ImageTask]:
    """Share the instances out by image.

    Args:
        table: The instances.
        limit: Take only the first ones, in the order of the table.
        stems: Take only these full_stems.
        whole_images: Run all objects of an image, also those whose rows are not wanted: where the
            objects share a generator, the draws of one depend on those before it.

    Returns:
        One task an image, images in order of first appearance.

    Raises:
        RclicksError: If nothing is left, or a stem is not there.

    Example:
        >>> from types import SimpleNamespace
        >>> table = SimpleNamespace(
        ...     stems=["a_1", "b", "a_2"], group_by_image=lambda: {"a": [0, 2], "b": [1]})
        >>> plan_images(table, limit=2)[0]  # the first two instances lie on two images
        ImageTask(image_stem='a', indices=(0,), stems=('a_1',))
        >>> [task.stems for task in plan_images(table)]
        [('a_1', 'a_2'), ('b',)]
    """
    chosen = _choose(table.stems, limit, stems)
    tasks = []
    for image_stem, indices in table.group_by_image().items():
        kept = tuple(index for index in indices if index in chosen)
        if kept:
            wanted = tuple(table.stems[index] for index in kept)
            tasks.append(ImageTask(image_stem, tuple(indices) if whole_images else kept, wanted))
    if not tasks:
        raise RclicksError("dataset: no first-round instance to benchmark; take another split")
    return tasks


def _choose(known: list[str], limit: int | None, stems: Sequence[str] | None) -> set[int]:
    """Positions of the wanted instances."""
    if limit is not None and limit < 1:
        raise RclicksError(f"limit: must be at least 1, got {limit}")
    if stems is None:
        return set(range(len(known))[:limit])
    missing = [stem for stem in stems if stem not in set(known)]
    if missing:
        raise RclicksError(f"{missing[0]}: no such instance in the dataset; check its full_stem")
    wanted = set(stems)
    return set([index for index, stem in enumerate(known) if stem in wanted][:limit])


def share_stems(
    sources: Sequence[RepoInstances], stems: Sequence[str] | None
) -> dict[RepoInstances, list[str] | None]:
    """Which instances are wanted of which dataset.

    Args:
        sources: The datasets.
        stems: The wanted full_stems, each of any of the datasets; None takes all.

    Returns:
        Dataset -> its full_stems among the wanted; None where all are. Datasets without any are
        left out.

    Raises:
        RclicksError: If a stem is in no dataset, or there is no dataset.

    Example:
        >>> share_stems([RepoInstances("rclicks", "davis")], None)
        {RepoInstances(repo='rclicks', dataset='davis', split='test'): None}
    """
    if not sources:
        raise RclicksError("dataset: none given; name at least one")
    if not stems:
        return dict.fromkeys(sources)
    known = {source: set(source.load().stems) for source in sources}
    missing = [stem for stem in stems if not any(stem in of for of in known.values())]
    if missing:
        raise RclicksError(f"{missing[0]}: no such instance in the dataset; check its full_stem")
    shares = {source: [stem for stem in stems if stem in of] for source, of in known.items()}
    return {source: share for source, share in shares.items() if share}
