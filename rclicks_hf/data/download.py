"""Download of the paper's click tables and split lists, from one pinned public commit.

Every file is checked before it takes its final name; an interrupted download resumes. The images
are in archives that have to be downloaded by hand (`ARCHIVES`).
"""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tqdm.auto import tqdm

from rclicks_hf.errors import RclicksError
from rclicks_hf.support.atomic import explain_full_disk

COMMIT = "e20bf7636198545331a9d383b77e42107e97ea09"
ENDPOINT = "https://raw.githubusercontent.com/emb-ai/rclicks"
ENDPOINT_VARIABLE = "RCLICKS_ENDPOINT"  # a mirror of ENDPOINT, as HF_ENDPOINT is for the Hub
# Own code: pooch and DownloadManager neither resume a broken download nor know Git's checksums.
_CHUNK = 1 << 20
_ATTEMPTS = 5
_TIMEOUT = 60  # seconds without a byte


@dataclass(frozen=True)
class PublicFile:
    """A file of the public repository and how its content is checked."""

    name: str  # below ``datasets/``
    blob: str = ""  # Git's SHA-1 of its content, "" if unknown
    lines: int = 0  # number of different lines, 0 where ``blob`` suffices


@dataclass(frozen=True)
class Archive:
    """An archive of images that has to be downloaded by hand."""

    folder: str  # where it belongs, below the folder of ``--sources``
    size: str  # as the public repository states it
    address: str


FILES = (
    PublicFile("clicks.csv", blob="34e225d556b8f8b8db0e1bf5d1e1cd570c1e3cd4"),
    PublicFile("previews.csv", blob="4a5fe1ea767006d4399ff6a6db433b5cbf67ff72"),
    PublicFile("TETRIS_train.txt", lines=1_500),
    PublicFile("TETRIS_val.txt", lines=500),
)

_RELEASES = "https://github.com/saic-vul/fbrs_interactive_segmentation/releases/download/v1.0"
_DRIVE = "https://drive.google.com"
ARCHIVES = (
    Archive("GrabCut", "11 MB", f"{_RELEASES}/GrabCut.zip"),
    Archive("Berkeley", "7 MB", f"{_RELEASES}/Berkeley.zip"),
    Archive("DAVIS", "43 MB", f"{_RELEASES}/DAVIS.zip"),
    Archive("COCO_MVal", "127 MB", f"{_RELEASES}/COCO_MVal.zip"),
    Archive("TETRIS", "6.3 GB", f"{_DRIVE}/file/d/1iJgohY1XBSnY-kRUoaRZJlu0HZbyHcyK"),
    Archive("SUBSEC_MASKS", "36 MB", f"{_DRIVE}/drive/folders/17NbsWTpfA_WyUirTf55LsC90keN2W-Kg"),
    Archive("PREVIEW", "298 MB", f"{_DRIVE}/drive/folders/1mcCL0lccassABzt1Tm16gYPO3-V5O3uf"),
)


def download_files(folder: str | Path, *, progress: bool = True) -> list[Path]:
    """Download the click tables and split lists of the pinned commit.

    A file that is already there and valid is not downloaded again; an invalid one is left as it is.

    Args:
        folder: Folder for the files; it is created.

    Returns:
        Paths of the files, in the order of `FILES`.

    Raises:
        RclicksError: If a file cannot be downloaded, or differs from the published one (also one
            that was already there).

    Example:
        >>> os.environ[ENDPOINT_VARIABLE] = "ftp://example.org"
        >>> download_files("never-made", progress=False)
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: ftp://example.org: is not a web address; set ...
        >>> del os.environ[ENDPOINT_VARIABLE]
    """
    endpoint = os.environ.get(ENDPOINT_VARIABLE) or ENDPOINT
    if not endpoint.startswith(("https://", "http://")):
        raise RclicksError(
            f"{endpoint}: is not a web address; set {ENDPOINT_VARIABLE} to a mirror of "
            f"{ENDPOINT}, or unset it"
        )
    folder = Path(folder)
    with explain_full_disk(folder), _explain(folder):
        folder.mkdir(parents=True, exist_ok=True)
        return [
            _fetch(file, f"{endpoint.rstrip('/')}/{COMMIT}/datasets/{file.name}", folder, progress)
            for file in FILES
        ]


def manual_steps() -> str:
    """A text on what has to be downloaded by hand and where to put it, one line per archive."""
    head = (
        "The images are in archives, some on a drive that blocks automated downloads: download "
        "them manually, unpack them side by side into one folder and give it as --sources"
    )
    width = max(len(archive.folder) for archive in ARCHIVES) + 1
    rows = [f"  {a.folder + '/':<{width}}  {a.size:>6}  {a.address}" for a in ARCHIVES]
    return "\n".join([head, *rows])


def blob_sha1(path: Path) -> str:
    """Git's name for a file's content: the SHA-1 of a header with the size, and the content."""
    total = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            total.update(chunk)
    return total.hexdigest()


def _fetch(file: PublicFile, address: str, folder: Path, progress: bool) -> Path:
    path, part = folder / file.name, folder / f".{file.name}.part"
    if path.exists():
        problem = _problem(file, path)
        if problem:  # it may be a file of the user's own
            raise RclicksError(f"{path}: {problem}; move it away, or give another folder")
        return path
    for attempt in range(_ATTEMPTS):
        try:
            _receive(address, part, progress)
            break
        except (http.client.HTTPException, ConnectionError, TimeoutError):
            if attempt == _ATTEMPTS - 1:
                raise
    problem = _problem(file, part)
    if problem:
        part.unlink()  # resuming it could not succeed
        raise RclicksError(f"{address}: {problem}; download it again, or download it manually")
    os.replace(part, path)
    return path


def _receive(address: str, part: Path, progress: bool) -> None:
    """Append the missing bytes to ``part``."""
    start = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={start}-"} if start else {})
    try:
        answer = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # nothing is missing
        raise
    with answer:
        resumes = answer.status == http.HTTPStatus.PARTIAL_CONTENT
        length = answer.headers.get("Content-Length")
        expected = int(length) if length and length.isdigit() else None
        with (
            part.open("ab" if resumes else "wb") as target,
            tqdm(
                desc=part.name.strip("."),
                total=expected,
                unit="B",
                unit_scale=True,
                disable=not progress,
            ) as bar,
        ):
            received = 0
            while chunk := answer.read(_CHUNK):
                target.write(chunk)
                received += len(chunk)
                bar.update(len(chunk))
    if expected is not None and received < expected:
        raise http.client.IncompleteRead(b"", expected - received)


def _problem(file: PublicFile, path: Path) -> str | None:
    """Why a file is not the published one, None if it is."""
    if file.blob:
        found = blob_sha1(path)
        if found == file.blob:
            return None
        return f"is not the published file (git blob {found}, published {file.blob})"
    lines = path.read_bytes().splitlines()
    if len(lines) == len(set(lines)) == file.lines:
        return None
    return f"has {len(set(lines)):,} different lines instead of {file.lines:,}"


@contextmanager
def _explain(folder: Path) -> Iterator[None]:
    """Turn errors of the network and of the system into one line."""
    try:
        yield
    except urllib.error.HTTPError as error:
        raise RclicksError(
            f"{error.url}: the server answered {error.code} {error.reason}; "
            "check the network and run the same command again"
        ) from error
    except (
        urllib.error.URLError,
        http.client.HTTPException,
        ConnectionError,
        TimeoutError,
    ) as error:
        reason = getattr(error, "reason", None) or error
        raise RclicksError(
            f"{folder}: the files cannot be fetched ({reason}); check the network and run the "
            f"same command again, which resumes, or put {', '.join(f.name for f in FILES)} there "
            "yourself"
        ) from error
    except OSError as error:
        raise RclicksError(
            f"{folder}: cannot be written ({error.strerror}); choose another folder"
        ) from error
