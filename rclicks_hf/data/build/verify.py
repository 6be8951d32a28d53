"""Checking a built dataset: digests, published counts, joins, coordinates, irregular clicks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rclicks_hf.data.build.card import (
    config_digest,
    expected_configs,
    is_full_size_card,
    read_card_header,
)
from rclicks_hf.data.build.irregular_clicks import IRREGULAR_KINDS
from rclicks_hf.data.build.parquet_files import REJECTED
from rclicks_hf.data.features import click_features, instance_features
from rclicks_hf.data.repo_files import RepoFiles
from rclicks_hf.data.schema import DEVICES, ROUNDS, SOURCE_DATASETS, SourceDataset
from rclicks_hf.data.stored_rows import require_labels, word_columns
from rclicks_hf.errors import RclicksError

_KEY = ["dataset", "full_stem"]
_COLUMNS = {"clicks": click_features, "instances": instance_features}
_UNSIZED = {"config_name", "features"}  # what older builds state about a config
_MARKS = {True: "✓", False: "✗", None: "·"}


class Check(NamedTuple):
    """Outcome of one check.

    Attributes:
        name: What was checked.
        ok: True if passed, False if failed, None for what is only counted.
        detail: The numbers, or the difference.
    """

    name: str
    ok: bool | None
    detail: str


def verify_dataset(path: str | Path) -> list[Check]:
    """Check a built dataset.

    Args:
        path: Folder written by `build_dataset`.

    Returns:
        One entry per check: content digests and the card's entry of each config; published counts
        (of real datasets and of the full-size synthetic copy); no null cells; every click has its
        instance, every instance its clicks, every image its instance; coordinates lie within the
        image. Irregular clicks that the paper's code accepts are counted and do not fail.

    Raises:
        RclicksError: If the folder contains no dataset, or a file in it cannot be read.

    Example:
        >>> import tempfile
        >>> from rclicks_hf.data import CLICK_SCHEMA, build_dataset
        >>> row = ("simulated_scenes", "a", "a", "", "first", "none", "pc", 1, 2, 64, 48)
        >>> clicks = pa.table([[value] for value in row], names=CLICK_SCHEMA.names)
        >>> out = Path(tempfile.mkdtemp()) / "rclicks"
        >>> _ = build_dataset(clicks, {}, out, progress=False)
        >>> [check for check in verify_dataset(out) if check.ok is False]
        []
    """
    root = Path(path)
    header = read_card_header(root)
    files = RepoFiles(root)
    try:
        clicks = _read(root, files, "clicks")
        instances = _read(root, files, "instances")
        images = _read(root, files, "images", _KEY)
        checks = [*_card_checks(root, files, header), _stray_check(root, files)]
        rejected = pq.read_metadata(root / REJECTED) if (root / REJECTED).exists() else None
    except (OSError, pa.ArrowException) as error:
        raise RclicksError(f"{root}: {str(error).splitlines()[0]}; build it again") from error
    checks += _count_checks(clicks, instances, is_full_size_copy=is_full_size_card(header))
    checks += _join_checks(clicks, instances, images)
    checks += _coordinate_checks(clicks, instances)
    checks.append(_null_check(clicks, instances))
    for kind in IRREGULAR_KINDS:
        number = kind.count(clicks)
        checks.append(Check(kind.name, None, f"{number:,} {kind.treatment}" if number else "0"))
    left_out = rejected.num_rows if rejected else 0
    checks.append(Check("lines left out by the build", None, f"{left_out:,}"))
    return checks


def format_checks(checks: Sequence[Check]) -> str:
    """The checks as a text table.

    Args:
        checks: From `verify_dataset`.

    Returns:
        One line per check, which starts with ``✓`` (passed), ``✗`` (failed) or ``·`` (only
        counted), and a line with the number of failures.

    Example:
        >>> print(format_checks([Check("DAVIS, instances", True, "345")]))
        ✓ DAVIS, instances  345
        1 check, none failed
    """
    width = max((len(check.name) for check in checks), default=0)
    lines = [f"{_MARKS[check.ok]} {check.name:<{width}}  {check.detail}" for check in checks]
    tested = [check for check in checks if check.ok is not None]
    failed = sum(not check.ok for check in tested)
    plural = "" if len(tested) == 1 else "s"
    return "\n".join([*lines, f"{len(tested)} check{plural}, {failed or 'none'} failed"])


def _read(root: Path, files: RepoFiles, kind: str, columns: list[str] | None = None) -> pa.Table:
    """All rows of one kind, closed columns as words."""
    parts = []
    for path in files.of_kind(kind):
        part = pq.read_table(path, columns=columns, partitioning=None)
        require_labels(part, str(path))
        parts.append(word_columns(part, where=str(path)))
    if not parts and kind != "images":
        raise RclicksError(f"{root}: no Parquet files in {kind}/; build the dataset again")
    if not parts:
        return pa.table({name: pa.array([], pa.string()) for name in _KEY})
    table = pa.concat_tables(parts, promote_options="default").combine_chunks()
    missing = [name for name in columns or _COLUMNS[kind]() if name not in table.column_names]
    if missing:
        raise RclicksError(f"{root}: no column {missing[0]!r} in {kind}/; build it again")
    return table


def _card_checks(root: Path, files: RepoFiles, header: dict[str, Any]) -> Iterator[Check]:
    """One failed check per config whose card entry differs from the files, or a passed one."""
    expected = expected_configs(root, files, header)
    on_card = {entry["config_name"]: entry for entry in header["configs"]}
    tables = header["dataset_info"] if isinstance(header.get("dataset_info"), list) else []
    infos = {table.get("config_name"): table for table in tables if isinstance(table, dict)}
    wrong = 0
    for name in {**on_card, **expected}:
        entry, info = expected.get(name, ({}, {}))
        digest, stated = config_digest(entry), config_digest(on_card.get(name, {}))
        check = None
        if digest != stated or not digest:
            detail = f"files {digest[:12] or 'none'}, card {stated[:12] or 'none'}"
            check = Check(f"digest of {name}", False, detail)
        elif _globs(on_card[name]) != _globs(entry):
            check = Check(f"card entry of {name}", False, "does not name the config's own files")
        else:
            stated_info = infos.get(name, {})
            if stated_info.get("features") != info["features"]:
                check = Check(f"card features of {name}", False, "are not those of the files")
            elif stated_info.keys() != _UNSIZED and stated_info != info:
                check = Check(f"card sizes of {name}", False, "are not those of the files")
        if check:
            wrong += 1
            yield check
    if not wrong:
        yield Check("digests", True, f"all {len(on_card)} configs")


def _globs(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != "description"}


def _stray_check(root: Path, files: RepoFiles) -> Check:
    strays = [path.relative_to(root).as_posix() for path in files.strays]
    example = f", for example {strays[0]}" if strays else ""
    return Check("files of no config", not strays, f"{len(strays):,}{example}")


def _count_checks(
    clicks: pa.Table, instances: pa.Table, *, is_full_size_copy: bool
) -> Iterator[Check]:
    totals = {round_: [0, 0] for round_ in ROUNDS}
    found = set(pc.unique(clicks["dataset"]).to_pylist())
    present = [name for name in SOURCE_DATASETS if name in found]
    for dataset in present:
        entry = SOURCE_DATASETS[dataset]
        published = SOURCE_DATASETS[entry.copy_of] if is_full_size_copy else entry
        chosen = clicks.filter(pc.equal(clicks["dataset"], dataset))
        for round_ in ROUNDS:
            of_round = chosen.filter(pc.equal(chosen["round"], round_))
            number = published.first_clicks if round_ == "first" else published.subsequent_clicks
            yield _compare(f"{entry.title}, {round_} clicks", len(of_round), number)
            totals[round_] = [totals[round_][0] + len(of_round), totals[round_][1] + number]
            yield from _device_rows(entry, round_, of_round)
        of_dataset = instances.filter(pc.equal(instances["dataset"], dataset))
        yield from _instance_checks(entry, published, of_dataset)
    if len(present) > 1:
        for round_, (counted, number) in totals.items():
            yield _compare(f"all, {round_} clicks", counted, number)


def _device_rows(entry: SourceDataset, round_: str, clicks: pa.Table) -> Iterator[Check]:
    """Clicks per device and per instance; nothing exact is published about them."""
    for device in DEVICES:
        number = pc.sum(pc.equal(clicks["device"], device)).as_py() or 0
        yield Check(f"{entry.title}, {round_} clicks on {device}", None, f"{number:,}")
    lengths = clicks.group_by("full_stem").aggregate([([], "count_all")])["count_all"].to_numpy()
    if len(lengths):
        detail = f"{lengths.mean():.1f} on average, {lengths.min()} to {lengths.max()}"
        yield Check(f"{entry.title}, {round_} clicks per instance", None, detail)


def _instance_checks(
    entry: SourceDataset, published: SourceDataset, instances: pa.Table
) -> Iterator[Check]:
    firsts = instances.filter(pc.equal(instances["round"], "first"))
    without = pc.sum(pc.equal(pc.list_value_length(firsts["x"]), 0)).as_py() or 0
    number = published.instances - published.clickless
    yield _compare(f"{entry.title}, instances", len(firsts) - without, number)
    if published.clickless:
        # Only the image folders name them, so a build without images has none.
        detail = f"{without}, with images {published.clickless}"
        ok = without in (0, published.clickless)
        yield Check(f"{entry.title}, instances without clicks", ok, detail)
    for split in entry.splits if entry.has_split_lists else ():
        of_split = instances.filter(pc.equal(instances["split"], split))
        number = len(pc.unique(of_split["image_stem"]))
        yield Check(f"{entry.title}, images in {split}", None, f"{number:,}")
    later = len(instances) - len(firsts)
    yield Check(f"{entry.title}, instances of later rounds", None, f"{later:,}")


def _compare(name: str, counted: int, published: int) -> Check:
    if not published:
        return Check(name, None, f"{counted:,} (nothing published)")
    difference = f", published {published:,}, {counted - published:+,}"
    return Check(
        name, counted == published, f"{counted:,}{'' if counted == published else difference}"
    )


def _join_checks(clicks: pa.Table, instances: pa.Table, images: pa.Table) -> Iterator[Check]:
    keys = {"dataset": pa.string(), "full_stem": pa.string()}

    def plain(table: pa.Table) -> pa.Table:
        return pa.table({name: table[name].cast(kind) for name, kind in keys.items()})

    of_clicks = plain(clicks).group_by(_KEY).aggregate([([], "count_all")])
    lengths = [pc.list_value_length(instances[name]) for name in ("x", "y", "device")]
    # -1 where the lists of an instance disagree: no number of clicks is that.
    agree = pc.and_(pc.equal(lengths[0], lengths[1]), pc.equal(lengths[0], lengths[2]))
    sizes = plain(instances).append_column("n", pc.if_else(agree, lengths[0], -1))
    joined = of_clicks.join(sizes, _KEY, join_type="full outer")
    without = pc.is_null(joined["n"])
    yield _none_of("clicks without an instance", joined.filter(without))
    counted = pc.fill_null(joined["count_all"], 0)
    differs = pc.not_equal(pc.cast(joined["n"], pa.int64()), counted)  # null without an instance
    wrong = joined.filter(differs)
    yield _none_of("instances whose click lists differ in length", wrong)
    with_pictures = pc.is_in(sizes["dataset"], value_set=pc.unique(plain(images)["dataset"]))
    pictured = sizes.filter(with_pictures).select(_KEY)
    lost = pictured.join(plain(images), _KEY, join_type="left anti")
    yield _none_of("instances without images", lost)
    strays = plain(images).join(sizes.select(_KEY), _KEY, join_type="left anti")
    yield _none_of("images without an instance", strays)


def _none_of(name: str, rows: pa.Table) -> Check:
    example = f", for example {rows['full_stem'][0].as_py()!r}" if len(rows) else ""
    return Check(name, len(rows) == 0, f"{len(rows):,}{example}")


def _coordinate_checks(clicks: pa.Table, instances: pa.Table) -> Iterator[Check]:
    outside = np.zeros(len(clicks), bool)
    for axis, side in (("x", "w"), ("y", "h")):
        value, limit = clicks[axis].to_numpy(), clicks[side].to_numpy()
        outside |= (value < 0) | (value >= limit)
    yield _none_of("clicks not within their image", clicks.filter(pa.array(outside)))
    beyond = np.zeros(len(instances), bool)
    for axis, side in (("x", "w"), ("y", "h")):
        lists = instances[axis].combine_chunks()
        parents = lists.value_parent_indices().to_numpy()
        values = lists.flatten().to_numpy()
        bad = (values < 0) | (values >= instances[side].to_numpy()[parents])
        beyond[parents[bad]] = True
    yield _none_of(
        "instances with a click not within the image", instances.filter(pa.array(beyond))
    )


def _null_check(clicks: pa.Table, instances: pa.Table) -> Check:
    holes = {
        name: column.null_count
        for table in (clicks, instances)
        for name, column in zip(table.column_names, table.columns, strict=True)
        if column.null_count
    }
    detail = ", ".join(f"{name} {count:,}" for name, count in holes.items()) or "0"
    return Check("null cells", not holes, detail)
