from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from rclicks_hf.data.build.builder import build_dataset
from rclicks_hf.data.build.verify import verify_dataset
from rclicks_hf.data.images.memory import MemoryStore
from rclicks_hf.data.schema import CLICK_SCHEMA
from rclicks_hf.errors import RclicksError


def _failed(root: Path) -> set[str]:
    return {check.name for check in verify_dataset(root) if check.ok is False}


def _copy(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "rclicks"))


def _edit(root: Path, kind: str, change: Callable[[pa.Table], pa.Table]) -> None:
    path = next((root / kind).rglob("*.parquet"))
    pq.write_table(change(pq.read_table(path, partitioning=None)), path)


def _with(table: pa.Table, name: str, value: object) -> pa.Table:
    """The first row's value replaced."""
    values = table[name].to_pylist()
    values[0] = value
    index = table.schema.get_field_index(name)
    return table.set_column(
        index, table.schema.field(name), pa.array(values, table.field(name).type)
    )


def test_a_fresh_build_passes(built: Path) -> None:
    checks = verify_dataset(built)
    assert _failed(built) == set()
    assert any(check.detail == "30 (nothing published)" for check in checks)
    assert len({check.name for check in checks}) == len(checks)


def test_changed_files_are_found_by_their_digest(built: Path, tmp_path: Path) -> None:
    root = _copy(built, tmp_path)
    _edit(root, "clicks", lambda table: _with(table, "y", 3 - table["y"][0].as_py() % 3))
    failed = _failed(root)
    assert {"digest of all", "digest of simulated_scenes"} <= failed
    assert "digest of simulated_scenes-images" not in failed


@pytest.mark.parametrize(
    ("kind", "change", "check"),
    [
        ("clicks", lambda t: t.slice(1), "instances whose click lists differ in length"),
        ("instances", lambda t: t.slice(1), "clicks without an instance"),
        ("instances", lambda t: t.slice(1), "images without an instance"),
        ("images", lambda t: t.slice(1), "instances without images"),
        ("clicks", lambda t: _with(t, "x", 16), "clicks not within their image"),
        ("instances", lambda t: _with(t, "w", 1), "instances with a click not within the image"),
    ],
)
def test_damage_is_found(
    built: Path, tmp_path: Path, kind: str, change: Callable[[pa.Table], pa.Table], check: str
) -> None:
    root = _copy(built, tmp_path)
    _edit(root, kind, change)
    assert check in _failed(root)


def test_counts_of_real_datasets_are_compared(
    tmp_path: Path, make_source: Callable[..., MemoryStore], make_clicks: Callable[..., pa.Table]
) -> None:
    build_dataset(make_clicks(make_source(2), "grabcut"), {}, tmp_path / "r", progress=False)
    details = {check.name: (check.ok, check.detail) for check in verify_dataset(tmp_path / "r")}
    assert details["GrabCut, first clicks"] == (False, "10, published 2,395, -2,385")
    assert details["GrabCut, instances"] == (False, "2, published 50, -48")


def test_duplicates_and_clipped_clicks_are_counted_and_do_not_fail(
    tmp_path: Path, make_source: Callable[..., MemoryStore], make_clicks: Callable[..., pa.Table]
) -> None:
    clicks = make_clicks(make_source(1)).slice(0, 1)
    raw = clicks.append_column("x_raw", pa.array([-4.0])).append_column(
        "y_raw", pc.cast(clicks["y"], pa.float64())
    )
    build_dataset(pa.concat_tables([raw, raw, raw]), {}, tmp_path / "r", progress=False)
    details = {check.name: check for check in verify_dataset(tmp_path / "r")}
    equal = "2 kept: several users may click the same pixel"
    assert details["equal clicks"] == ("equal clicks", None, equal)
    assert details["clicks outside their image"].detail.startswith("3 clipped")
    assert raw.select(CLICK_SCHEMA.names).equals(clicks)


@pytest.mark.parametrize("damage", ["no folder", "no card", "no configs", "broken", "no clicks"])
def test_a_folder_without_a_dataset_is_one_line(built: Path, tmp_path: Path, damage: str) -> None:
    root = tmp_path / "rclicks"
    if damage != "no folder":
        shutil.copytree(built, root)
    if damage == "no card":
        (root / "README.md").unlink()
    if damage == "no configs":
        (root / "README.md").write_text("---\nlicense: mit\n---\n")
    if damage == "broken":
        next((root / "clicks").rglob("*.parquet")).write_bytes(b"PAR1")
    if damage == "no clicks":
        shutil.rmtree(root / "clicks")
    with pytest.raises(RclicksError) as error:
        verify_dataset(root)
    assert str(error.value).startswith(str(root))
    assert "\n" not in str(error.value)


def _put(root: Path, target: str) -> None:
    path = root / "clicks" / target / "part-00000.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(next((root / "clicks").rglob("*.parquet")), path)


@pytest.mark.parametrize(
    "place",
    [".", "davis", "davis/first/pc/dev", "dataset=davis/round=first/device=pc/split=test"],
)
def test_a_file_that_no_config_loads_fails(built: Path, tmp_path: Path, place: str) -> None:
    root = _copy(built, tmp_path)
    _put(root, place)
    assert _failed(root) == {"files of no config"}


def _without_entry(text: str, name: str) -> str:
    start = text.index(f"- config_name: {name}\n")
    return text[:start] + text[text.index("- config_name", start + 1) :]


FIRST_GLOB = "path: clicks/*/first/"


@pytest.mark.parametrize(
    ("edit", "failed"),
    [
        (lambda t: _without_entry(t, "first"), {"digest of first"}),
        (
            lambda t: t.replace("config_name: first\n", "config_name: fist\n", 1),
            {"digest of fist", "digest of first"},
        ),
        (
            lambda t: t.replace(FIRST_GLOB + "*", FIRST_GLOB + "pc", 1),
            {"card entry of first"},
        ),
        (lambda t: t.replace("  default: true\n", ""), {"card entry of all"}),
        (
            lambda t: t.replace("    num_examples: 10\n", "    num_examples: 11\n", 1),
            "sizes",
        ),
        (lambda t: t[: t.index("dataset_info:")] + t[t.index("\n---\n") + 1 :], "features"),
    ],
)
def test_a_card_that_was_edited_is_found(
    built: Path, tmp_path: Path, edit: Callable[[str], str], failed: set[str] | str
) -> None:
    root = _copy(built, tmp_path)
    card = root / "README.md"
    card.write_text(edit(card.read_text()))
    found = _failed(root)
    if failed in ("features", "sizes"):
        assert any(name.startswith(f"card {failed} of ") for name in found)
    else:
        assert found == failed


@pytest.mark.parametrize("entries", ["[]", "[3]", "[{config: all}]", "{all: 1}"])
def test_a_card_without_configs_is_one_line(built: Path, tmp_path: Path, entries: str) -> None:
    root = _copy(built, tmp_path)
    (root / "README.md").write_text(f"---\nconfigs: {entries}\n---\n")
    with pytest.raises(RclicksError, match=r"README\.md: its header lists no configs"):
        verify_dataset(root)


@pytest.mark.parametrize("name", ["x", "y", "device"])
def test_lists_of_unequal_length_are_found(built: Path, tmp_path: Path, name: str) -> None:
    root = _copy(built, tmp_path)
    _edit(root, "instances", lambda table: _with(table, name, table[name][0].as_py()[1:]))
    assert "instances whose click lists differ in length" in _failed(root)


def test_a_column_that_is_gone_is_one_line(built: Path, tmp_path: Path) -> None:
    root = _copy(built, tmp_path)
    for path in (root / "clicks").rglob("*.parquet"):
        pq.write_table(pq.read_table(path, partitioning=None).drop_columns(["x"]), path)
    with pytest.raises(RclicksError, match="no column 'x' in clicks/; build it again"):
        verify_dataset(root)
