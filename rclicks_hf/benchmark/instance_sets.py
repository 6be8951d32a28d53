"""What is benchmarked: instance sets, which every worker process can open, and tasks of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from rclicks_hf.data.given_instances import GivenInstances, describe_instances
from rclicks_hf.data.instances import Instance
from rclicks_hf.errors import RclicksError
from rclicks_hf.support.text.names import names_of


class IndexedInstances(Protocol):
    """Instances whose stems are known undecoded; see `rclicks_hf.data.InstanceTable`."""

    @property
    def stems(self) -> list[str]:
        """full_stem of each instance."""
        ...

    def __getitem__(self, index: int) -> Instance:
        """One instance, decoded."""
        ...

    def group_by_image(self) -> dict[str, list[int]]:
        """Positions of each image's instances, images in order of first appearance."""
        ...


@runtime_checkable
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
        repo: Folder created by `rclicks build`, or a Hub id.
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
        """Open the repo; RclicksError if it does not exist or lacks the dataset or split."""
        from rclicks_hf.data import load_instances

        return load_instances(self.repo, self.dataset, split=self.split, rounds=("first",))

    def fingerprint(self) -> str:
        """Digest of the files of a folder; of the rows where the repo is a Hub id."""
        from rclicks_hf.data.fingerprint import dataset_fingerprint

        return dataset_fingerprint(self.repo, self.dataset, self.split, ("first",))

    def pictures_fingerprint(self) -> str:
        """Digest of images and masks alone; ``""`` if the repo does not know it."""
        from rclicks_hf.data.fingerprint import pictures_fingerprint

        return pictures_fingerprint(self.repo, self.dataset, self.split)


@dataclass(frozen=True)
class GivenInstanceSet:
    """First-round instances given as objects."""

    given: GivenInstances
    dataset: str
    split: str

    def load(self) -> GivenInstances:
        """The instances."""
        return self.given

    def fingerprint(self) -> str:
        """Digest of names, images, masks and clicks."""
        return self.given.digest


def as_instance_set(instances: InstanceSet | Sequence[Instance]) -> InstanceSet:
    """An instance set itself, or the one of a list or table; mixed datasets are refused."""
    if isinstance(instances, InstanceSet):
        return instances
    if not isinstance(instances, Sequence) or isinstance(instances, str):
        raise RclicksError(
            f"instances: {instances!r} is not a set of instances; give RepoInstances(repo, dataset)"
            ", a table of load_instances, or a list of instances"
        )
    given = describe_instances(instances, first_round=True)
    origins = sorted({(names.dataset, names.split) for names in given.names})
    if len(origins) > 1:
        (first, split), (second, other) = origins[:2]
        raise RclicksError(
            f"instances: come from several datasets or splits ({first} {split}, {second} "
            f"{other}); benchmark each separately"
        )
    return GivenInstanceSet(given, *(origins[0] if origins else ("", "")))


@dataclass(frozen=True)
class ImageTask:
    """An image: positions of the instances to run, full_stems of those whose rows are wanted."""

    image_stem: str
    indices: tuple[int, ...]
    stems: tuple[str, ...]

    @property
    def part_name(self) -> str:
        """Name of the part file."""
        return self.image_stem

    @property
    def size(self) -> int:
        """Number of wanted instances."""
        return len(self.stems)

    def keys(self, runs: Sequence[str]) -> set[tuple[str, str]]:
        """(full_stem, run) of every row that is wanted."""
        return {(stem, run) for stem in self.stems for run in runs}


def plan_images(
    table: IndexedInstances,
    *,
    limit: int | None = None,
    stems: str | Sequence[str] | None = None,
    whole_images: bool = False,
) -> list[ImageTask]:
    """One task per image, images in order of first appearance.

    ``whole_images`` also runs the objects whose rows are not wanted: where the objects of an image
    share a generator, the draws of one depend on those before it.
    """
    chosen = _choose(table.stems, limit, stems)
    known, tasks = table.stems, []
    for image_stem, indices in table.group_by_image().items():
        kept = tuple(index for index in indices if index in chosen)
        if kept:
            wanted = tuple(known[index] for index in kept)
            tasks.append(ImageTask(image_stem, tuple(indices) if whole_images else kept, wanted))
    if not tasks:
        raise RclicksError("instances: none from the first round; use another split")
    return tasks


def _choose(known: list[str], limit: int | None, stems: str | Sequence[str] | None) -> set[int]:
    """Positions of the wanted instances."""
    if limit is not None and limit < 1:
        raise RclicksError(f"limit: must be at least 1, got {limit}")
    if stems is None:
        return set(range(len(known))[:limit])
    _refuse_unknown(names_of(stems), set(known))
    wanted = set(names_of(stems))
    return set([index for index, stem in enumerate(known) if stem in wanted][:limit])


def share_stems(
    instance_sets: Sequence[RepoInstances], stems: Sequence[str] | None
) -> dict[RepoInstances, list[str] | None]:
    """Instance set -> its full_stems among the wanted; None where all are.

    A set without any of the wanted stems is left out; a stem of no set is refused.
    """
    if not instance_sets:
        raise RclicksError("dataset: none given; name at least one")
    if not stems:
        return dict.fromkeys(instance_sets)
    known = {instances: set(instances.load().stems) for instances in instance_sets}
    _refuse_unknown(stems, set().union(*known.values()))
    shares = {instances: [stem for stem in stems if stem in of] for instances, of in known.items()}
    return {instances: share for instances, share in shares.items() if share}


def _refuse_unknown(stems: Sequence[str], known: set[str]) -> None:
    missing = next((stem for stem in stems if stem not in known), None)
    if missing is not None:
        raise RclicksError(f"{missing}: no such instance in the dataset; check its full_stem")
