"""The paper's archive of results: which files it holds, and their bytes; nothing is unpacked."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from rclicks_hf.benchmark.groups import CLICKING_GROUPS
from rclicks_hf.benchmark.published.pickled_results import LARGEST_FILE
from rclicks_hf.benchmark.runs import BASELINE_RUN, SAMPLED_RUN, USER_RUN
from rclicks_hf.errors import RclicksError
from rclicks_hf.support.files.file_digest import file_digest
from rclicks_hf.support.untrusted.safe_zip import explained_zip, open_zip

#: Suffix of a folder's name -> run, and the number of clicks in its file names.
_SUFFIXES: dict[str, tuple[str, int]] = {
    "_Base": (BASELINE_RUN, 20),
    "_User": (USER_RUN, 1),
    "_SamplingUsersCount": (SAMPLED_RUN, 1),
    **{
        f"_Trajectory_BOUNDS_{low:.3f}_{high:.3f}": (name, 20)
        for name, (low, high) in CLICKING_GROUPS.items()
    },
}
#: Prefix of a file name -> source dataset.
_DATASETS = {
    "GrabCut": "grabcut",
    "Berkeley": "berkeley",
    "DAVIS": "davis",
    "COCO_MVal": "coco_mval",
    "TETRIS": "tetris",
}
_FILE = re.compile(rf"({'|'.join(_DATASETS)})_cvpr_[A-Za-z]+_(\d+)\.pickle")
_PLACE = re.compile(r"(?:.*/)?([^/]+)/plots/([^/]+)")
# What Finder and Windows leave in folders and archives.
_JUNK = re.compile(r"(.*/)?(__MACOSX/.*|\._[^/]*|\.DS_Store|Thumbs\.db|desktop\.ini)", re.I)
_RETRY = "download the paper's archive again"


@dataclass(frozen=True)
class ResultsFile:
    """One run of a method on a dataset: where it is in the archive."""

    method: str
    run: str
    dataset: str
    name: str


class ResultsArchive:
    """The archive as a zip file or an unpacked folder; an entry that leaves it is refused."""

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path)
        self._zip: zipfile.ZipFile | None = None
        if self.path.is_dir():
            names: Iterable[str] = sorted(_walk(self.path))
        else:
            self._zip = _open_zip(self.path)
            names = [entry.filename for entry in self._zip.infolist() if not entry.is_dir()]
        #: Files in the form of the paper's.
        self.files: list[ResultsFile] = []
        #: Files that are not, but for what operating systems leave behind.
        self.others: list[str] = []
        for name in names:
            if not _JUNK.fullmatch(name):
                found = _results_file(name)
                self.others.append(name) if found is None else self.files.append(found)

    def __enter__(self) -> ResultsArchive:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._zip is not None:
            self._zip.close()

    def read(self, file: ResultsFile) -> bytes:
        """The bytes of a file, whose length and checksum are those that the archive names."""
        with explained_zip(f"{self.path}: {file.name}", _RETRY):
            if self._zip is None:
                place = self.path / file.name
                if not stat.S_ISREG(place.lstat().st_mode):
                    raise RclicksError(f"{place}: is a link, not a file; {_RETRY}")
                stream = place.open("rb")
            else:
                stream = self._zip.open(file.name)  # type: ignore[assignment]
            with stream:
                content = stream.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise RclicksError(
                f"{self.path}: {file.name}: has more than {LARGEST_FILE >> 20} MiB, far above the "
                f"paper's; {_RETRY}"
            )
        return content

    def digest(self) -> str:
        """SHA-256 of the zip file; of a folder, of its results files and their names."""
        if self._zip is not None:
            return file_digest(self.path)
        whole = hashlib.sha256()
        for file in sorted(self.files, key=lambda file: file.name):
            part = hashlib.sha256(self.read(file)).hexdigest()
            place = "/".join(file.name.split("/")[-3:])  # wherever it was unpacked
            whole.update(f"{place}\0{part}\n".encode("utf-8", "surrogateescape"))
        return f"folder-{whole.hexdigest()}"


def _results_file(name: str) -> ResultsFile | None:
    place = _PLACE.fullmatch(name)
    file = place and _FILE.fullmatch(place[2])
    if not place or not file:
        return None
    for suffix, (run, clicks) in _SUFFIXES.items():
        method = place[1].removesuffix(suffix)
        if method and method != place[1] and int(file[2]) == clicks:
            return ResultsFile(method, run, _DATASETS[file[1]], name)
    return None


def _walk(folder: Path) -> Iterator[str]:
    """Names of all files below the folder; links to folders are not followed."""
    for place, _, names in os.walk(folder):
        for name in names:
            yield (Path(place) / name).relative_to(folder).as_posix()


def _open_zip(path: Path) -> zipfile.ZipFile:
    if not path.is_file():
        raise RclicksError(f"{path}: does not exist; give evaluation_results.zip of the paper")
    with path.open("rb") as stream:
        head = stream.read(512).lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html")):
        raise RclicksError(
            f"{path}: is a web page, not the archive; Google Drive returns one when its download "
            "quota is used up: download the archive in a browser, or try again tomorrow"
        )
    return open_zip(path, _RETRY)
