"""The resumable job, with work that only counts letters."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs.claims import CLAIMS, claim
from rclicks_hf.jobs.processes import WorkerPool, process_count, why_not_sendable
from rclicks_hf.jobs.results_folder import write_manifest
from rclicks_hf.jobs.resumable_job import Job, join_folder, open_folder, run_facts, run_job
from rclicks_hf.jobs.workers import Workers

OPENED: list[int] = []


@dataclass(frozen=True)
class Word:
    part_name: str
    size: int = 1


@dataclass(frozen=True)
class Letters(Job[Word]):
    """A row per letter of a word, with the number of the process that made it."""

    author: str = "a"
    author_fingerprint: str = "1"
    is_broken: bool = False

    kind: ClassVar[str] = "letters"
    results: ClassVar[str] = "letters.parquet"
    schema: ClassVar[pa.Schema] = pa.schema([("letter", pa.string()), ("process", pa.int64())])
    identity: ClassVar[tuple[str, ...]] = ("author", "author_fingerprint")

    @property
    def title(self) -> str:
        return "letters"

    def open(self) -> Callable[[Word], pa.Table]:
        if self.is_broken:
            raise RclicksError("author: no such author")
        OPENED.append(os.getpid())
        return spell

    def manifest(self) -> dict[str, Any]:
        identity = {"author": self.author, "author_fingerprint": self.author_fingerprint}
        return {**identity, **run_facts()}

    def is_whole(self, task: Word, table: pa.Table) -> bool:
        return table.num_rows == len(task.part_name)

    def tally(self, table: pa.Table) -> Counter[str]:
        return Counter({"vowels": sum(letter in "aeiou" for letter in table["letter"].to_pylist())})

    def finished(self, tally: Counter[str]) -> dict[str, Any]:
        return {"vowels": tally["vowels"]}


class PairedLetters(Letters):
    rows_per_group: ClassVar[int] = 4


def spell(word: Word) -> pa.Table:
    letters = list(word.part_name)
    processes = [os.getpid()] * len(letters)
    return pa.table({"letter": letters, "process": processes}, schema=Letters.schema)


WORDS = [Word("one"), Word("two"), Word("three")]


def run(job: Letters, **options: Any) -> str:
    processes = options.pop("processes", 1)
    path = run_job(job, WORDS, Workers(processes), progress=False, **options)
    return "".join(pq.read_table(path)["letter"].to_pylist())


def manifest(out: Path) -> dict[str, Any]:
    return json.loads((out / "manifest.json").read_text())


def test_rows_are_merged_in_the_order_of_the_tasks(tmp_path: Path) -> None:
    assert run(Letters(tmp_path)) == "onetwothree"
    found = manifest(tmp_path)
    assert (found["is_finished"], found["rows"], found["instances"], found["vowels"]) == (
        True,
        11,
        3,
        5,
    )
    assert {path.name for path in tmp_path.iterdir()} == {
        "manifest.json",
        "letters.parquet",
        "parts",
    }


@pytest.mark.parametrize(("kind", "groups"), [(Letters, [3, 3, 5]), (PairedLetters, [6, 5])])
def test_a_row_group_holds_whole_parts(
    tmp_path: Path, kind: type[Letters], groups: list[int]
) -> None:
    path = run_job(kind(tmp_path), WORDS, Workers(1), progress=False)
    stored = pq.ParquetFile(path).metadata
    assert [stored.row_group(i).num_rows for i in range(stored.num_row_groups)] == groups


def test_it_is_opened_once_per_process(tmp_path: Path) -> None:
    OPENED.clear()
    run(Letters(tmp_path / "one"))
    assert [os.getpid()] == OPENED
    run(Letters(tmp_path / "two"), processes=2)
    makers = set(pq.read_table(tmp_path / "two/letters.parquet")["process"].to_pylist())
    assert [os.getpid()] * 2 == OPENED  # the second time only to check
    assert os.getpid() not in makers


def test_finished_work_is_merged_without_opening_it_again(tmp_path: Path) -> None:
    run(Letters(tmp_path))
    before = manifest(tmp_path) | {"machine": {"cpus": 999}}
    (tmp_path / "manifest.json").write_text(json.dumps(before))
    assert run(Letters(tmp_path, is_broken=True)) == "onetwothree"
    after = manifest(tmp_path)
    assert (after["machine"], after["is_finished"]) == ({"cpus": 999}, True)
    with pytest.raises(RclicksError, match="another author"):
        run(Letters(tmp_path, "b", is_broken=True))
    next((tmp_path / "parts").iterdir()).unlink()
    with pytest.raises(RclicksError, match="no such author"):
        run(Letters(tmp_path, is_broken=True))


def test_a_manifest_holds_paths_that_are_no_text(tmp_path: Path) -> None:
    write_manifest(tmp_path, {"repo": "r\udcff"})
    assert manifest(tmp_path) == {"repo": "r\udcff"}


def test_a_job_that_cannot_be_opened_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RclicksError, match="no such author"):
        run(Letters(tmp_path / "out", is_broken=True))
    assert not (tmp_path / "out").exists()


def test_overwrite_replaces_results_of_another_configuration(tmp_path: Path) -> None:
    run(Letters(tmp_path))
    (tmp_path / "parts/zebra.parquet").write_text("")
    with pytest.raises(RclicksError, match=r"another author \('a', not 'b'\); give another --out"):
        run(Letters(tmp_path, "b"))
    run(Letters(tmp_path, "b"), overwrite=True)
    assert manifest(tmp_path)["author"] == "b"
    assert len(list((tmp_path / "parts").iterdir())) == 3


def test_an_unknown_fingerprint_fits_and_a_known_one_is_kept(tmp_path: Path) -> None:
    run(Letters(tmp_path))
    run(Letters(tmp_path, author_fingerprint=""))
    assert manifest(tmp_path)["author_fingerprint"] == "1"
    with pytest.raises(RclicksError, match="the author has changed since"):
        run(Letters(tmp_path, author_fingerprint="2"))


def test_a_helper_leaves_claimed_tasks_and_merging_to_the_main_process(tmp_path: Path) -> None:
    job = Letters(tmp_path)
    open_folder(job, job.manifest(), overwrite=False)
    with claim(tmp_path / CLAIMS / "two"):
        run_job(job, WORDS, Workers(1), is_main=False, progress=False)
    assert {path.stem for path in (tmp_path / "parts").iterdir()} == {"one", "three"}
    assert not (tmp_path / "letters.parquet").exists()
    assert run(job) == "onetwothree"


def test_a_helper_refuses_another_run_and_does_not_wait_for_ever(tmp_path: Path) -> None:
    job = Letters(tmp_path / "out")
    with pytest.raises(RclicksError, match="the main process has not opened it"):
        join_folder(job, job.manifest(), patience=0.1)
    open_folder(job, job.manifest(), overwrite=False)
    join_folder(job, job.manifest())
    with pytest.raises(RclicksError, match="another author"):
        join_folder(job, job.manifest() | {"author": "b"})


def test_the_worker_of_this_process_is_dropped_where_others_do_the_tasks() -> None:
    # What it opens is not of this module, which imports more than a process needs.
    with WorkerPool(partial(partial, process_count), 2) as pool:
        pool.open_here()
        assert sorted(pool.run([1, 2])) == [1, 2]
        assert pool._worker is None
        assert list(pool.run([3])) == [3]  # by the processes that are there
        with pytest.raises(RclicksError, match="must be at least 1, got -4"):
            list(pool.run([-4]))


def test_what_cannot_be_sent_to_other_processes_is_known() -> None:
    assert why_not_sendable({"a": [1]}) == ""
    assert "cannot be pickled" in why_not_sendable(lambda: None)
    in_notebook = type("Mine", (), {"__module__": "__main__"})
    import __main__

    __main__.Mine = in_notebook
    in_notebook.__qualname__ = "Mine"
    try:
        assert why_not_sendable([in_notebook()]) == "it is defined in a notebook or script"
    finally:
        del __main__.Mine
