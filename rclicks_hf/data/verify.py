"""Checking a built dataset: digests, counts, joins, coordinates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rclicks_hf.data.builder import count_duplicates
from rclicks_hf.data.card import config_digest, read_card_header
from rclicks_hf.data.clicks_csv import count_outside
from rclicks_hf.data.schema import CLOSED_VALUES, ROUNDS, SOURCE_DATASETS, ConfigKey
from rclicks_hf.data.tree import config_files, content_digest
from rclicks_hf.errors import RclicksError

_KEY = ["dataset", "full_stem"]


class Check(NamedTuple):
    """Outcome of one check.

    Attributes:
        name: What was checked.
        ok: True where the data is as it should be.
        detail: The numbers, or the difference.

    Example:
        >>> checks = [Check("DAVIS, instances", True, "345"),
        ...           Check("pictures without an instance", False, "1, for example '095'")]
        >>> [f"{check.name}: {check.detail}" for check in checks if not check.ok]
        ["pictures without an instance: 1, for example '095'"]
    """

    name: str
    ok: bool
    detail: str


def verify_dataset(path: str | Path) -> list[Check]:
    """Check a built dataset.

    Args:
        path: Folder that `build_dataset` made.

    Returns:
        One entry a check: content digests, published counts (of real datasets), every click has
        its instance and every instance its clicks, every picture has its instance, coordinates lie
        within the image. Duplicates and clipped clicks are counted, not condemned: in the real data
        they are two people on one pixel, and clicks outside the image.

    Raises:
        RclicksError: If the folder holds no dataset, or a file in it cannot be read.

    Example:
        >>> import tempfile
        >>> from rclicks_hf.data.builder import build_dataset
        >>> from rclicks_hf.data.schema import CLICK_SCHEMA
        >>> row = ("simulated_scenes", "a", "a", "", "first", "none", "pc", 1, 2, 64, 48)
        >>> clicks = pa.table([[value] for value in row], names=CLICK_SCHEMA.names)
        >>> out = Path(tempfile.mkdtemp()) / "rclicks"
        >>> _ = build_dataset(clicks, {}, out, progress=False)
        >>> all(check.ok for check in verify_dataset(out))
        True
    """
    root = Path(path)
    header = read_card_header(root)
    try:
        clicks = _read(root, "clicks")
        instances = _read(root, "instances")
        images = _read(root, "images", _KEY)
    except (OSError, pa.ArrowException) as error:
        raise RclicksError(f"{root}: {str(error).splitlines()[0]}; build it again") from error
    digests: dict[Path, str] = {}
    checks = [_digest_check(root, entry, digests) for entry in header["configs"]]
    checks += _count_checks(clicks, instances)
    checks += _join_checks(clicks, instances, images)
    checks += _coordinate_checks(clicks, instances)
    checks.append(Check("duplicate clicks", True, f"{count_duplicates(clicks):,} kept"))
    checks.append(Check("clicks outside the image", True, f"{count_outside(clicks):,} clipped"))
    return checks


def _read(root: Path, kind: str, columns: list[str] | None = None) -> pa.Table:
    parts = [
        pq.read_table(path, columns=columns, partitioning=None)
        for path in sorted((root / kind).rglob("*.parquet"))
    ]
    if parts:
        return pa.concat_tables(parts, promote_options="default").combine_chunks()
    if kind == "images":
        return pa.table(
            {"dataset": pa.array([], pa.int64()), "full_stem": pa.array([], pa.string())}
        )
    raise RclicksError(f"{root}: no Parquet files in {kind}/; build the dataset again")


def _digest_check(root: Path, entry: dict[str, str], digests: dict[Path, str]) -> Check:
    name = entry["config_name"]
    found = content_digest(root, config_files(root, ConfigKey.parse(name)), digests)
    told = config_digest(entry)
    detail = found[:12] if found == told else f"files {found[:12]}, card {told[:12] or 'none'}"
    return Check(f"digest of {name}", found == told, detail)


def _count_checks(clicks: pa.Table, instances: pa.Table) -> Iterator[Check]:
    for label in pc.unique(clicks["dataset"]).to_pylist():
        entry = SOURCE_DATASETS[CLOSED_VALUES["dataset"][label]]
        chosen = clicks.filter(pc.equal(clicks["dataset"], label))
        for round_ in ROUNDS:
            counted = _count(chosen, "round", round_)
            published = entry.first_clicks if round_ == "first" else entry.subsequent_clicks
            yield _compare(f"{entry.title}, {round_} clicks", counted, published)
        of_dataset = instances.filter(pc.equal(instances["dataset"], label))
        counted = _count(of_dataset, "round", "first")
        yield _compare(f"{entry.title}, instances", counted, entry.instances)


def _count(table: pa.Table, name: str, value: str) -> int:
    return int(pc.sum(pc.equal(table[name], CLOSED_VALUES[name].index(value))).as_py() or 0)


def _compare(name: str, counted: int, published: int) -> Check:
    if not published:
        return Check(name, True, f"{counted:,} (nothing published)")
    difference = "" if counted == published else f", published {published:,}"
    return Check(name, counted == published, f"{counted:,}{difference}")


def _join_checks(clicks: pa.Table, instances: pa.Table, images: pa.Table) -> Iterator[Check]:
    of_clicks = clicks.group_by(_KEY).aggregate([("x", "count")])
    sizes = instances.select(_KEY).append_column("n", pc.list_value_length(instances["x"]))
    joined = of_clicks.join(sizes, _KEY, join_type="full outer")
    lost = joined.filter(pc.or_(pc.is_null(joined["n"]), pc.is_null(joined["x_count"])))
    yield _none_of("clicks without an instance, or the reverse", lost)
    both = joined.filter(pc.and_(pc.is_valid(joined["n"]), pc.is_valid(joined["x_count"])))
    wrong = both.filter(pc.not_equal(pc.cast(both["n"], pa.int64()), both["x_count"]))
    yield _none_of("instances whose click lists differ in length", wrong)
    with_pictures = pc.is_in(instances["dataset"], value_set=pc.unique(images["dataset"]))
    pictured = instances.filter(with_pictures).select(_KEY)
    yield _none_of("instances without pictures", pictured.join(images, _KEY, join_type="left anti"))
    strays = images.join(instances.select(_KEY), _KEY, join_type="left anti")
    yield _none_of("pictures without an instance", strays)


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
        limit = instances[side].to_numpy()[lists.value_parent_indices().to_numpy()]
        bad = (lists.values.to_numpy() < 0) | (lists.values.to_numpy() >= limit)
        beyond[lists.value_parent_indices().to_numpy()[bad]] = True
    yield _none_of(
        "instances with a click not within the picture", instances.filter(pa.array(beyond))
    )
