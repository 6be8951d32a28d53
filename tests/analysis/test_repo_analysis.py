"""``rclicks analyse`` on a tiny built dataset."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.commands import run_rclicks_cold
from typer.testing import CliRunner

from rclicks_hf import data
from rclicks_hf.analysis import analyse_repo, compare_devices, repo_analysis
from rclicks_hf.analysis.repo_analysis import load_instance_rows
from rclicks_hf.cli import app
from rclicks_hf.data.schema import CLICK_SCHEMA
from rclicks_hf.errors import RclicksError

NAME = "simulated_scenes"
ANALYSES = ("agreement", "devices", "sensitivity", "spread")
TITLES = (
    "PC against mobile",
    "Split-half agreement",
    "Between-user spread",
    "Local sensitivity",
)
PREVIEWS = "\n".join(
    (
        ",".join(CLICK_SCHEMA.names),
        *(
            f"{mode},a,a,,first,,pc,{x},{x * x % 7},64,48"
            for mode in ("Text_Description", "Silhouette_Mask")
            for x in range(5)
        ),
    )
)


def test_the_whole_command(built: Path, tmp_path: Path, repo: Path) -> None:
    (tmp_path / "previews.csv").write_text(PREVIEWS)
    options = "--slip --previews previews.csv --out results"
    done = run_rclicks_cold(f"analyse {built} {options}", cwd=tmp_path, site=repo)
    assert done.returncode == 0, done.stderr
    for title in TITLES:
        assert f"{title} (simulated clicks)\n" in done.stdout
    assert "recorded clicks" not in done.stdout
    assert "Published" not in done.stdout
    assert "against Text_Description (clicks of unknown origin)\n" in done.stdout
    assert "previews.csv: not the paper's previews.csv" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert "halves: 100%" in done.stderr  # a progress bar
    files = sorted((tmp_path / "results").iterdir())
    assert [file.stem for file in files] == sorted([*ANALYSES, "display_modes"])
    stems = data.load_instances(built, NAME, split="test").stems
    for file in files:
        own = stems if file.stem != "display_modes" else ["a"]
        assert pq.read_table(file)["full_stem"].to_pylist() == own
    devices = compare_devices(load_instance_rows(built), slip=True, progress=False)
    assert pq.read_table(tmp_path / "results" / "devices.parquet").equals(devices)


def test_the_split_is_the_one_asked_for(built: Path) -> None:
    rows = load_instance_rows(built, [NAME], "train")
    assert rows["full_stem"].to_pylist() == data.load_instances(built, NAME, split="train").stems
    with pytest.raises(RclicksError, match="'dev': unknown split; use one of train, validation"):
        load_instance_rows(built, [NAME], "dev")
    result = CliRunner().invoke(app, ["analyse", str(built), "--dataset", NAME, "--split", "train"])
    assert f"{NAME} train" in result.stdout


def test_the_seed_is_of_halvings_and_bootstrap(built: Path) -> None:
    first, again, other = (
        analyse_repo(built, seed=seed, progress=False).split("\n\n") for seed in (1, 1, 2)
    )
    assert first == again
    changed = [one.splitlines()[0] for one, two in zip(first, other, strict=True) if one != two]
    # Devices have a bootstrap only; of the others the rounded numbers may agree by chance.
    assert changed[:2] == [f"{title} (simulated clicks)" for title in TITLES[:2]]


def test_recorded_clicks_stand_beside_the_published_values(tmp_path: Path) -> None:
    rows = [
        ("grabcut", "a", "a", "", "first", "none", device, x, x * x % 7, 64, 48)
        for device in ("pc", "mobile")
        for x in range(12)
    ]
    columns = [pa.array(column) for column in zip(*rows, strict=True)]
    clicks = pa.table(columns, names=CLICK_SCHEMA.names)
    data.build_dataset(clicks, {}, tmp_path / "rclicks", progress=False)
    text = analyse_repo(tmp_path / "rclicks", slip=True, progress=False)
    devices = text.split("\n\n")[0].splitlines()
    assert devices[0] == "PC against mobile (recorded clicks)"
    lines = {line.split("  ")[1].strip(): line for line in devices[3:8]}
    assert lines["KS share"].endswith("0.6304")
    # Without pictures the lengths are in images: not the unit that was published.
    assert "image diagonals" in lines["WD with slip"]
    assert lines["WD with slip"].endswith("–")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--dataset nonsuch", "'nonsuch': unknown dataset; use one of grabcut"),
        ("--dataset davis", "has no config 'davis-instances'"),
        ("--split validation", "has no split 'validation'; use train"),
        ("--previews none.csv", "none.csv: cannot be read"),
        ("--sources .", "belong to --previews; give both"),
        ("--previews p.csv --sources .", "no folder images/"),
        ("--previews one.csv", "one.csv: need clicks of 'Text_Description' and of another"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text(PREVIEWS)
    (tmp_path / "one.csv").write_text("\n".join(PREVIEWS.splitlines()[:2]))
    # Reported before the long work.
    monkeypatch.setattr(
        repo_analysis, "_analyses", lambda *_: pytest.fail("the analyses have started")
    )
    line = ["analyse", str(built), "--out", "results", *options.split()]
    result = CliRunner().invoke(app, line)
    assert isinstance(result.exception, RclicksError)
    assert message in str(result.exception)
    assert "\n" not in str(result.exception)
    assert {path.name for path in tmp_path.iterdir()} == {"p.csv", "one.csv"}


def test_a_missing_repo_and_an_existing_output_are_one_line(built: Path, tmp_path: Path) -> None:
    with pytest.raises(RclicksError, match="nowhere: no dataset there; give the folder that"):
        analyse_repo(tmp_path / "nowhere")
    (tmp_path / "results").mkdir()
    with pytest.raises(RclicksError, match="results: already exists"):
        analyse_repo(built, out=tmp_path / "results")
