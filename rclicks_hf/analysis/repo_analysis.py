"""Every analysis of the clicks of a dataset repo, as printed tables and Parquet files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rclicks_hf.analysis.agreement import split_half_agreement
from rclicks_hf.analysis.devices import compare_devices, published_value
from rclicks_hf.analysis.display_modes import (
    REFERENCE_MODE,
    compare_display_modes,
    is_published,
    read_previews,
    require_two_modes,
)
from rclicks_hf.analysis.sensitivity import sensitivity_by_instance
from rclicks_hf.analysis.spread import spread_by_instance
from rclicks_hf.analysis.summary import SummaryRow, format_summary, summarise
from rclicks_hf.data.images.folders import FolderStore
from rclicks_hf.data.loading import check_known, configs_of, load_config
from rclicks_hf.data.schema import INSTANCES, SOURCE_DATASETS, SPLITS, ConfigKey
from rclicks_hf.data.stored_rows import word_columns
from rclicks_hf.errors import RclicksError
from rclicks_hf.metrics.sampling import SEED
from rclicks_hf.support.files.atomic import atomic_directory, require_absent
from rclicks_hf.support.text.names import names_of

PREVIEW_FOLDER = "PREVIEW"
NOTE = """\
Means over instances with 95 % bootstrap intervals. KS share: how often a 2-D Kolmogorov-Smirnov
test cannot tell two sets of clicks apart (p > 0.05). WD and distances are in diagonals, PL1 in
sides of the object's box, or of the image if the dataset was built without images. Pairwise:
distances of all pairs of clicks. Jackknife SE and largest shift: of the mean click position, with
one click left out at a time."""
SLIP_NOTE = """\
With slip: the paper's script uses x for both coordinates of PC clicks. Compare its WD and PL1
with these rows only."""


def analyse_repo(
    repo: str | Path,
    datasets: str | Sequence[str] = (),
    *,
    split: str | None = None,
    previews: Path | None = None,
    sources: Path | None = None,
    slip: bool = False,
    out: Path | None = None,
    seed: int = SEED,
    progress: bool = True,
) -> str:
    """Analyse the clicks of a dataset repo.

    Args:
        repo: Dataset repo, a folder or a Hub id.
        datasets: Keys of `SOURCE_DATASETS`, or one; all of the repo by default.
        split: ``"train"``, ``"validation"`` or ``"test"``; None for the split that the paper
            evaluates on, ``"validation"`` of TETRIS and ``"test"`` of the others.
        previews: The paper's ``previews.csv``; None to leave the display modes out.
        sources: Folder that holds ``PREVIEW/`` with the images and masks of ``previews``; None to
            give their lengths in units of the image.
        slip: Add WD and PL1 of PC against mobile with the error of the paper's script.
        out: Folder to create, with one Parquet file per analysis, one row per instance.
        seed: Seed of halvings and bootstrap.

    Returns:
        The tables as text.

    Raises:
        RclicksError: If the repo, a dataset, the split or a file does not exist or cannot be read,
            or ``out`` exists already.

    Example:
        >>> import tempfile
        >>> from rclicks_hf import data, simulation
        >>> name, repo = "simulated_scenes", Path(tempfile.mkdtemp()) / "rclicks"
        >>> scenes = simulation.generate_scenes(1, seed=3, size=(64, 64))
        >>> rounds = simulation.simulate_rounds(scenes, dataset=name, progress=False)
        >>> stores = {name: data.StoreWithPrevious(scenes, rounds.previous_masks)}
        >>> splits = {name: {"scene_000": "test"}}
        >>> _ = data.build_dataset(rounds.clicks, stores, repo, splits=splits, progress=False)
        >>> print(analyse_repo(repo, progress=False))
        PC against mobile (simulated clicks)
        Group                  Statistic  Unit           Instances    Mean     95 % interval
        ---------------------  ---------  -------------  ---------  ------  ----------------
        simulated_scenes test  KS share                          3  ...
    """
    if out is not None:
        require_absent(out)
    if sources is not None and previews is None:
        raise RclicksError(f"{sources}: the sources belong to --previews; give both")
    # First, so that a bad file is reported before the long work.
    modes = None if previews is None else _read_previews(previews, sources)
    instances = load_instance_rows(repo, datasets, split)
    results: dict[str, pa.Table] = {}
    blocks = []
    for name, (title, analysis) in _analyses(slip, seed).items():
        results[name] = analysis(instances, progress=progress)
        published = published_value if name == "devices" else None
        blocks.append(format_summary(summarise(results[name], seed=seed), title, published))
    if previews is not None and modes is not None:
        results["display_modes"] = compare_display_modes(modes, progress=progress)
        summary = summarise(results["display_modes"], seed=seed)
        blocks.append(_format_display_modes(summary, previews))
    if out is not None:
        write_results(results, out)
    return "\n\n".join([*blocks, "\n".join([NOTE, *([SLIP_NOTE] if slip else [])])])


def load_instance_rows(
    repo: str | Path, datasets: str | Sequence[str] = (), split: str | None = None
) -> pa.Table:
    """The instances of a repo, by default of the paper's splits, as one table without pictures."""
    datasets = names_of(datasets)
    for dataset in datasets:
        check_known("dataset", dataset, SOURCE_DATASETS)
    if split:
        check_known("split", split, SPLITS)
    tables = []
    for dataset in dict.fromkeys(datasets or _datasets_of(repo)):
        key = ConfigKey(dataset, kind=INSTANCES)
        rows = load_config(repo, key, split or SOURCE_DATASETS[dataset].splits[-1])
        tables.append(word_columns(rows.with_format("arrow")[:], where=f"{repo}, {key.name}"))
    return pa.concat_tables(tables)


def write_results(results: Mapping[str, pa.Table], out: str | Path) -> None:
    """Write one Parquet file per analysis into a new folder, all of them or none."""
    with atomic_directory(out) as part:
        for name, rows in results.items():
            pq.write_table(rows, part / f"{name}.parquet")


def _analyses(slip: bool, seed: int) -> dict[str, tuple[str, Callable[..., pa.Table]]]:
    """Name of the result -> its title and the function that computes it."""
    return {
        "devices": ("PC against mobile", partial(compare_devices, slip=slip)),
        "agreement": ("Split-half agreement", partial(split_half_agreement, seed=seed)),
        "spread": ("Between-user spread", spread_by_instance),
        "sensitivity": ("Local sensitivity", sensitivity_by_instance),
    }


def _format_display_modes(summary: Sequence[SummaryRow], previews: Path) -> str:
    title = f"Display modes against {REFERENCE_MODE}"
    if is_published(previews):
        return format_summary(summary, title)
    text = format_summary(summary, title, origin="clicks of unknown origin")
    return (
        f"{text}\n{previews}: not the paper's previews.csv, so the origin of its clicks is unknown"
    )


def _read_previews(previews: Path, sources: Path | None) -> dict[str, pa.Table]:
    masks = None if sources is None else FolderStore("tetris", sources / PREVIEW_FOLDER)
    modes = read_previews(previews, masks)
    require_two_modes(modes, str(previews))
    return modes


def _datasets_of(repo: str | Path) -> list[str]:
    """The datasets that a repo has instances of."""
    names = configs_of(repo)
    found = [name for name in SOURCE_DATASETS if ConfigKey(name, kind=INSTANCES).name in names]
    if not found:
        raise RclicksError(f"{repo}: has no instances; build the dataset with `rclicks build`")
    return found
