"""The paper's archive through `rclicks import-results`: numbers, gaps, damage, resuming."""

from __future__ import annotations

import json
import math
import shutil
import time
import zipfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from helpers.commands import PythonProcess, run_rclicks_here

from rclicks_hf.benchmark.published.importing import import_results
from rclicks_hf.errors import RclicksError
from rclicks_hf.report import read_results
from rclicks_hf.report.numbers.scoring import dataset_nsr, score_all

DATASETS = {
    "grabcut": "GrabCut",
    "berkeley": "Berkeley",
    "davis": "DAVIS",
    "coco_mval": "COCO",
    "tetris": "TETRIS",
}
#: Column of the paper's notebook -> our measure, whether it is its spread, and its factor.
COLUMNS = {
    "NoC Mean vs Base (%)": ("delta_sb_noc", False, 100),
    "IoU Mean vs Base (D)": ("delta_sb_auc", False, 100),
    "NoF Mean vs Base (D)": ("delta_sb_nof_reference", False, 1),
    "NoC Base@20": ("base_noc", False, 1),
    "Base IoU@20": ("base_auc", False, 100),
    "NoF Base@20": ("base_nof_reference", False, 1),
    "MEAN IoU@20": ("sample_auc", False, 100),
    "MEAN NoC@20": ("sample_noc", False, 1),
    "MEAN NoF@20": ("sample_nof_reference", False, 1),
    "STD IoU@20": ("sample_auc", True, 100),
    "STD NoC@20": ("sample_noc", True, 1),
    "STD NoF@20": ("sample_nof_reference", True, 1),
    "NSR PerImage IoU@20": ("nsr_auc", False, 100),
    "MeanIoU_User@1": ("user_iou1", False, 100),
    "StdIoU_User@1": ("user_iou1", True, 100),
    "SNRIoU_User@1": ("nsr_user", False, 100),
    "MeanIoU_NUser@1": ("nuser_iou1", False, 100),
    "StdIoU_NUser@1": ("nuser_iou1", True, 100),
    "SNRIoU_NUser@1": ("nsr_nuser", False, 100),
    "MeanIoU_Base@1": ("base_iou1", False, 100),
    "Sample G1-G10 NoF(D)": ("delta_gr_nof_reference", False, 1),
    "Sample G1-G10 IoU(D)": ("delta_gr_auc", False, 100),
    "Sample G1-G10 NoC(%)": ("delta_gr_noc", False, 100),
    "Sample H1-H2 IoU(D)": ("delta_hh_auc", False, 100),
    "Sample H1-H2 NoF(D)": ("delta_hh_nof_reference", False, 1),
    "Sample H1-H2 NoC(%)": ("delta_hh_noc", False, 100),
}
BASE = "evaluation_results/sam_vit_b_01ec64_Base/plots/GrabCut_cvpr_NoBRS_20.pickle"


@pytest.fixture(scope="module")
def oracle_folder(shared: Path) -> Path:
    return shared / "oracles" / "evaluation_results"


@pytest.fixture(scope="module")
def archive(oracle_folder: Path) -> Path:
    return oracle_folder / "evaluation_results.zip"


@pytest.fixture(scope="module")
def imported(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("paper") / "runs"
    import_results(archive, out, num_proc=1, progress=False)
    return out


def _subset(archive: Path, out: Path, keep: str) -> Path:
    """The entries of the archive whose name holds `keep`, as a zip."""
    with zipfile.ZipFile(archive) as whole, zipfile.ZipFile(out, "w") as part:
        for name in whole.namelist():
            if keep in name and name.endswith(".pickle"):
                part.writestr(name, whole.read(name))
    return out


def test_every_number_of_the_notebook(imported: Path, oracle_folder: Path) -> None:
    expected = json.loads((oracle_folder / "expected.json").read_text())
    folders = sorted(imported.iterdir())
    results = read_results(*folders)
    assert len(results) == 4 * 5
    found_scores = {key: score_all(method, resamples=0) for key, method in results.items()}
    for key, scores in found_scores.items():
        wanted = expected["metrics"][DATASETS[key.dataset]][key.segmenter]
        for column, (measure, is_spread, factor) in COLUMNS.items():
            score = scores[measure]
            found = score.spread if is_spread else score.value
            value = factor * float(wanted[column])
            np.testing.assert_allclose(found, value, rtol=0, atol=1e-4, err_msg=f"{key} {column}")
    for dataset, name in DATASETS.items():
        nsr = dataset_nsr([method for key, method in results.items() if key.dataset == dataset])
        assert math.isclose(nsr, 100 * expected["figure7"]["nsr_fraction"][name], abs_tol=1e-4)
    # Any order of folders gives the same numbers.
    backwards = read_results(*folders[::-1])
    for key, scores in found_scores.items():
        assert str(scores) == str(score_all(backwards[key], resamples=0))


def test_manifest_and_rows_say_what_they_are(imported: Path) -> None:
    folder = imported / "sam2.1_hiera_large"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["published"]["by"] == "the paper's published per-click results"
    assert len(manifest["published"]["archive_sha256"]) == 64
    assert manifest["protocol"]["id"] == "rclicks-reference-1"
    rows = pq.read_table(folder / "results.parquet").to_pylist()
    of_tetris = {row["full_stem"] for row in rows if row["dataset"] == "tetris"}
    assert all("_______" in stem for stem in of_tetris)
    clickless = [row["full_stem"] for row in rows if row["run"] == "user" and not row["iou"]]
    assert len(clickless) == 2  # kept in every other run
    assert all(len(row["iou"]) == 20 for row in rows if row["run"] not in ("user", "nuser"))
    users = [row for row in rows if row["run"] == "user" and row["iou"]]
    assert all(all(row["is_positive"]) for row in users)


def test_a_folder_gives_what_the_zip_gives(archive: Path, imported: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(_subset(archive, tmp_path / "part.zip", "sam_vit")) as part:
        part.extractall(tmp_path / "unpacked" / "deep")
    for junk in (".DS_Store", "Thumbs.db", "__MACOSX/._x.pickle"):
        file = tmp_path / "unpacked" / junk
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"junk")
    report = import_results(tmp_path / "unpacked", tmp_path / "out", num_proc=1, progress=False)
    assert not [note for note in report.notes if "left out" in note]
    first, second = (
        pq.read_table(folder / "sam_vit_b_01ec64" / "results.parquet")
        for folder in (tmp_path / "out", imported)
    )
    assert first.equals(second)


def test_what_is_missing_is_named_and_the_rest_imported(archive: Path, tmp_path: Path) -> None:
    part = _subset(archive, tmp_path / "part.zip", "sam_vit_b_01ec64_Base")
    with zipfile.ZipFile(part, "a") as more:
        more.writestr("evaluation_results/readme.txt", "hello")
        more.writestr("evaluation_results/sam_vit_b_01ec64_Base/plots/x.csv", "1")
    done = run_rclicks_here(f"import-results {part} --out out --num-proc 1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "imported 1 method: sam_vit_b_01ec64" in done.stdout
    assert "tetris: missing runs: g1, g2" in done.stdout
    assert "2 other files were left out" in done.stdout
    assert "not in the archive: GPCIS_Resnet50" in done.stdout
    assert read_results(tmp_path / "out" / "sam_vit_b_01ec64").rows[0].baseline_noc > 1


def test_instances_are_joined_by_name_not_by_position(archive: Path, tmp_path: Path) -> None:
    import pickletools  # the oracle's own pickles, only looked at

    part = _subset(archive, tmp_path / "part.zip", "sam_vit_b_01ec64_")
    with zipfile.ZipFile(part) as whole:
        content = whole.read(BASE)
        others = {name: whole.read(name) for name in whole.namelist() if name != BASE}
    names = [a for _, a, _ in pickletools.genops(content) if isinstance(a, str) and "/" in a]
    renamed = content.replace(names[0].encode(), names[0].encode()[:-5] + b"X.jpg")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        for name, data in {BASE: renamed, **others}.items():
            other.writestr(name, data)
    report = import_results(tmp_path / "other.zip", tmp_path / "out", num_proc=1, progress=False)
    assert any("grabcut: run g1" in note and "left out" in note for note in report.notes)


@pytest.mark.parametrize("damage", ["hostile", "truncated", "page", "twice", "text", "links"])
def test_bad_archives_are_one_line_and_leave_nothing(
    damage: str, archive: Path, oracle_folder: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "evaluation_results.zip"
    if damage == "hostile":
        cases = sorted(oracle_folder.glob("hostile/**/*.zip"))
        assert len(cases) == 8
    else:
        cases = [bad]
    if damage == "truncated":
        bad.write_bytes(archive.read_bytes()[:-5_000])
    elif damage == "page":
        bad.write_text("<!DOCTYPE html><html><title>Google Drive - Quota exceeded</title></html>")
    elif damage == "text":
        bad.write_text("hello")
    elif damage == "twice":
        _subset(archive, bad, BASE)
        with zipfile.ZipFile(bad, "a") as more:
            more.writestr(BASE.replace("NoBRS", "CDNet"), more.read(BASE))
    elif damage == "links":
        bad = tmp_path / "folder"
        place = bad / BASE
        place.parent.mkdir(parents=True)
        place.symlink_to("/etc/passwd")
        cases = [bad]
    for case in cases:
        done = run_rclicks_here(f"import-results {case} --out out --num-proc 1", cwd=tmp_path)
        assert done.returncode not in (0, None), case
        assert len(done.stderr.strip().splitlines()[-1]) < 600
        assert "Traceback" not in done.stderr
        assert str(case.name) in done.stderr
        assert not list(tmp_path.rglob("rclicks_*"))
        assert not any(path.is_file() for path in (tmp_path / "out").rglob("*"))
    assert not Path("/tmp/rclicks_absolute.txt").exists()


def test_strange_names_are_named(oracle_folder: Path, tmp_path: Path) -> None:
    names = {
        "os_system_protocol_0": "posix.system",
        "dotted_name": "numpy.core.multiarray.overrides.os.system",
        "builtins_eval": "builtins.eval",
    }
    for case, name in names.items():
        with pytest.raises(RclicksError, match=f"GrabCut_cvpr_NoBRS_20.pickle.*{name}"):
            import_results(
                oracle_folder / "hostile" / case / "evaluation_results.zip",
                tmp_path / "out",
                num_proc=1,
                progress=False,
            )


def test_a_killed_import_resumes_and_another_archive_is_refused(
    archive: Path, imported: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = ["-m", "rclicks_hf.cli", "import-results", str(archive)]
    with PythonProcess([*command, "--out", str(out), "--num-proc", "1"]) as process:
        deadline = time.monotonic() + 120
        while not (out / "coco_lvis_h18_itermask").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.kill()
    report = import_results(archive, out, num_proc=1, progress=False)
    assert report.kept
    # What the killed run left unfinished is hidden; a later run removes it once it is a minute old.
    assert {path.name for path in out.glob("[!.]*")} == {*report.imported}
    for folder in imported.iterdir():
        first, second = (
            pq.read_table(place / "results.parquet") for place in (folder, out / folder.name)
        )
        assert first.equals(second)
    shutil.copy(archive, tmp_path / "again.zip")
    with zipfile.ZipFile(tmp_path / "again.zip", "a") as more:
        more.writestr("x.txt", "x")
    with pytest.raises(RclicksError, match="another archive"):
        import_results(tmp_path / "again.zip", out, num_proc=1, progress=False)
