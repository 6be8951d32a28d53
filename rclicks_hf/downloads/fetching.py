"""Fetches one file: resumed where it broke off, from its own address or from a mirror."""

from __future__ import annotations

import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from rclicks_hf.data.public_files import COMMIT
from rclicks_hf.downloads.public_items import (
    ENDPOINT_VARIABLE,
    GITHUB,
    MIRROR_VARIABLE,
    RemoteFile,
)
from rclicks_hf.errors import RclicksError
from rclicks_hf.support.files.atomic import atomic_file
from rclicks_hf.support.files.file_digest import file_digest
from rclicks_hf.support.progress import is_quiet
from rclicks_hf.support.text.visible_text import visible, without_secrets

# Our own code: pooch and the Hub's client neither resume downloads nor know Git's checksums.
_CHUNK = 1 << 20
_ATTEMPTS = 5
_TIMEOUT = 60  # seconds without a byte
_DIGESTS = "downloads.json"  # what was fetched before: name -> SHA-256 and size
_QUOTA = (b"quota exceeded", b"too many users", b"download quota", b"can't view or download")


@dataclass(frozen=True)
class Fetcher:
    """Fetches files into a folder."""

    folder: Path  # where the files go; created
    # A folder, or an address, that holds the files by their names; ``""`` for the addresses of the
    # table, or the mirror that the variables name
    mirror: str = ""
    progress: bool = True

    def source(self, file: RemoteFile) -> str:
        """The path or address that a file is taken from."""
        mirror = self.mirror or os.environ.get(MIRROR_VARIABLE, "")
        if mirror:
            if _is_address(mirror):
                return f"{mirror.rstrip('/')}/{file.name}"
            given = Path(mirror)
            return str(given if given.is_file() else given / file.name)
        endpoint = os.environ.get(ENDPOINT_VARIABLE, "")
        if endpoint and file.address.startswith(GITHUB):
            if not _is_address(endpoint):
                raise RclicksError(
                    f"{endpoint}: is not a web address; set {ENDPOINT_VARIABLE} to a mirror of "
                    f"{GITHUB}, or unset it"
                )
            return f"{endpoint.rstrip('/')}/{COMMIT}/datasets/{file.name}"
        return file.address

    def fetch(self, file: RemoteFile) -> Path:
        """The file on this disk: fetched and checked, or the one of a local mirror."""
        path, source = self.folder / file.name, self.source(file)
        if path.exists():
            self._require_right(file, path, "move it away, or give another folder with --out")
            return path
        if not _is_address(source):
            local = Path(source)
            if not local.is_file():
                raise RclicksError(f"{source}: does not exist; put {file.name} there")
            self._require_right(file, local, "give the published file")
            return local
        part = self.folder / f".{file.name}.part"
        self.folder.mkdir(parents=True, exist_ok=True)
        with _explained(source, self.folder, file):
            if file.is_on_drive and source == file.address:
                _fetch_from_drive(file, part, self.progress and not is_quiet())
            else:
                self._fetch_by_http(source, part)
        try:
            self._require_right(file, part, f"run it again, or fetch it by hand from {source}")
        except RclicksError:
            part.unlink(missing_ok=True)  # resuming it could not succeed
            raise
        os.replace(part, path)
        return path

    def remember(self, file: RemoteFile, path: Path) -> str:
        """Note the SHA-256 of a file whose content proved right; the digest."""
        found, digest = self._digests(), file_digest(path)
        found[file.name] = {"sha256": digest, "size": path.stat().st_size}
        with atomic_file(self.folder / _DIGESTS) as part:
            part.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
        return digest

    def _digests(self) -> dict[str, Any]:
        place = self.folder / _DIGESTS
        if not place.is_file():
            return {}
        try:
            found = json.loads(place.read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise RclicksError(f"{place}: cannot be read ({error}); remove it") from error
        if not isinstance(found, dict) or not all(isinstance(v, dict) for v in found.values()):
            raise RclicksError(f"{place}: is not the list of downloaded files; remove it")
        return found

    def _require_right(self, file: RemoteFile, path: Path, advice: str) -> None:
        _refuse_page(file, path)
        if file.check is not None and (problem := file.check.problem(path)):
            raise RclicksError(f"{path}: {problem}; {advice}")
        known = self._digests().get(file.name, {}).get("sha256")
        if known is not None and file_digest(path) != known:
            raise RclicksError(
                f"{path}: differs from the {file.name} that was fetched before (SHA-256 "
                f"{file_digest(path)[:16]}..., then {known[:16]}...); if the publisher replaced "
                f"it, remove {self.folder / _DIGESTS}, else {advice}"
            )

    def _fetch_by_http(self, address: str, part: Path) -> None:
        for attempt in range(_ATTEMPTS):
            try:
                _receive(address, part, self.progress and not is_quiet())
                return
            except (http.client.HTTPException, ConnectionError, TimeoutError):
                if attempt == _ATTEMPTS - 1:
                    raise


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
                desc=part.name.strip(".").removesuffix(".part"),
                initial=start if resumes else 0,
                total=None if expected is None else expected + (start if resumes else 0),
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


def _fetch_from_drive(file: RemoteFile, part: Path, progress: bool) -> None:
    """Fetch with gdown, which knows Google Drive's confirmation pages and resumes."""
    try:
        import gdown
    except ImportError as error:
        raise RclicksError(
            f"{file.name}: is on Google Drive, which needs gdown: pip install "
            f'"rclicks-hf[download]"; or {_by_hand(file)}'
        ) from error
    try:
        key = file.drive_file or _find_in_folder(gdown, file)
        gdown.download(id=key, output=str(part), quiet=not progress, resume=True, use_cookies=False)
    except RclicksError:
        raise
    except OSError:
        raise  # network and disk
    except Exception as error:  # gdown's own types, of quota and permission pages
        reason = without_secrets(visible(" ".join(str(error).split())))[:200]
        raise RclicksError(
            f"{file.name}: Google Drive refuses the download ({reason}); {_by_hand(file)}"
        ) from error


def _find_in_folder(gdown: Any, file: RemoteFile) -> str:
    """The id of a file that is known by its name and folder."""
    found = gdown.download_folder(id=file.drive_folder, skip_download=True, quiet=True) or []
    for entry in found:
        if Path(entry.path).name == file.name:
            return str(entry.id)
    names = ", ".join(visible(str(entry.path)) for entry in found[:5]) or "nothing"
    raise RclicksError(
        f"{file.name}: is not in the folder {file.address} (it holds {names}); {_by_hand(file)}"
    )


def _refuse_page(file: RemoteFile, path: Path) -> None:
    """Refuse a web page that came in place of the file."""
    with path.open("rb") as stream:
        head = stream.read(1 << 16).lower()
    if not head.lstrip().startswith((b"<!doctype html", b"<html")):
        return
    why = "its download quota is used up" if any(text in head for text in _QUOTA) else "it asks"
    why = why if why != "it asks" else "it asks for a confirmation or a login"
    raise RclicksError(
        f"{path.name.strip('.').removesuffix('.part')}: the server sent a web page instead of the "
        f"file: {why}; {_by_hand(file)}"
    )


def _by_hand(file: RemoteFile) -> str:
    return f"download {file.name} from {file.address} in a browser and give its folder with --from"


def _is_address(text: str) -> bool:
    return text.startswith(("https://", "http://"))


@contextmanager
def _explained(source: str, folder: Path, file: RemoteFile) -> Iterator[None]:
    """Turn errors of the network into one line; those of the disk are the caller's."""
    try:
        yield
    except urllib.error.HTTPError as error:
        raise RclicksError(
            f"{source}: the server answered {error.code} {error.reason}; check the address and "
            f"run the same command again, or {_by_hand(file)}"
        ) from error
    except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as e:
        reason = getattr(e, "reason", None) or e
        raise RclicksError(
            f"{source}: cannot be fetched ({reason}); check the network and run the same command "
            f"again, which resumes, or {_by_hand(file)}"
        ) from e
