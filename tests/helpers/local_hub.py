"""A small Hub in memory, served on the loopback, for clients in processes of their own.

It answers what `huggingface_hub` and `datasets` ask in the tests: creation of repos, commits with
Git LFS, branches, listings and downloads, also of a byte range. It can be gated, private, broken.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "hf_of_the_tests"
#: Files that are uploaded and addressed by the SHA-256 of their content.
LFS_SUFFIXES = (".parquet", ".safetensors")


class RefusedError(Exception):
    """An answer other than success."""

    def __init__(self, status: int, code: str, message: str | None = None) -> None:
        super().__init__(message or code)
        self.status, self.code = status, code


@dataclass
class Commit:
    """The files of a repo after a commit, by path."""

    sha: str
    message: str
    files: dict[str, bytes]


@dataclass
class Repo:
    """A repo; its first commit is empty. A gated one shows what it is, but gives no files."""

    kind: str
    name: str
    private: bool = False
    gated: bool = False
    branches: dict[str, list[Commit]] = field(default_factory=lambda: {"main": []})

    @property
    def commits(self) -> list[Commit]:
        """The commits of the main branch."""
        return self.branches["main"]

    def commit(self, message: str, files: dict[str, bytes], branch: str = "main") -> Commit:
        """Add a commit whose files replace the present ones."""
        commits = self.branches[branch]
        text = f"{self.kind} {self.name} {branch} {len(commits)}"
        commits.append(Commit(hashlib.sha1(text.encode()).hexdigest(), message, files))
        return commits[-1]

    def at(self, revision: str = "main") -> Commit:
        """The commit of a revision."""
        if revision in ("HEAD", *self.branches):
            return self.branches["main" if revision == "HEAD" else revision][-1]
        for commit in (one for commits in self.branches.values() for one in commits):
            if commit.sha == revision:
                return commit
        raise RefusedError(HTTPStatus.NOT_FOUND, "RevisionNotFound", f"Invalid rev id: {revision}")


def object_id(path: str, content: bytes) -> str:
    """The SHA-256 of a file in LFS, else its object id in Git."""
    if path.endswith(LFS_SUFFIXES):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0%b" % (len(content), content)).hexdigest()


Endpoint = Callable[..., Any]
ROUTES: list[tuple[str, re.Pattern[str], Endpoint]] = []
REPO = "(?P<kind>model|dataset|space)s/(?P<name>[^/]+/[^/]+)"


def route(method: str, pattern: str) -> Callable[[Endpoint], Endpoint]:
    """Register an endpoint of `Handler` for the paths that match."""

    def register(endpoint: Endpoint) -> Endpoint:
        ROUTES.append((method, re.compile(pattern), endpoint))
        return endpoint

    return register


def endpoint_of(method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
    """The endpoint of a path, and the named parts of the path."""
    for accepted, pattern, endpoint in ROUTES:
        match = pattern.fullmatch(path)
        if match and accepted == method.replace("HEAD", "GET"):
            return endpoint, {name: unquote(part) for name, part in match.groupdict("").items()}
    raise RefusedError(HTTPStatus.NOT_FOUND, "NotFound", f"{method} {path}: not served")


class Handler(BaseHTTPRequestHandler):
    """One request; an endpoint returns what is sent as JSON, or sends its answer itself."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer's body waits for 40 ms
    hub: LocalHub
    stumble: int | str = ""  # what goes wrong with this request: a status, "drop" or "cut"

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""

    def answer(self) -> None:
        """Find the endpoint and send its answer."""
        url, self.stumble = urlsplit(self.path), ""
        self.query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        self.content = self.received()
        try:
            with self.hub.lock:
                self.check_token()
                endpoint, parts = endpoint_of(self.command, url.path)
                name = endpoint.__name__
                self.hub.requests.append(f"{self.command} {name} {url.path}")
                if self.command != "HEAD":
                    self.stumble = self.hub.next_stumble(url.path)
                if name in self.hub.refused or isinstance(self.stumble, int):
                    status, value = self.hub.refused.pop(name, None) or (
                        self.stumble,
                        {"error": "busy"},
                    )
                    self.send_json(status, value, {"X-Error-Message": value.get("error", "")})
                    return
                found = endpoint(self, **parts)
            if found is not None:
                self.send_json(HTTPStatus.OK, found)
        except RefusedError as refusal:
            headers = {"X-Error-Code": refusal.code, "X-Error-Message": str(refusal)}
            self.send_json(refusal.status, {"error": str(refusal)}, headers)

    do_GET = do_HEAD = do_POST = do_PUT = answer  # noqa: N815 - names of http.server

    def check_token(self) -> None:
        """Refuse a wrong token."""
        if self.headers.get("Authorization", f"Bearer {TOKEN}") != f"Bearer {TOKEN}":
            message = "Invalid credentials in Authorization header"
            raise RefusedError(HTTPStatus.UNAUTHORIZED, "Unauthorized", message)

    def require_token(self) -> None:
        """Refuse a change by nobody."""
        if "Authorization" not in self.headers:
            raise RefusedError(HTTPStatus.UNAUTHORIZED, "Unauthorized", "a token is needed")

    def received(self) -> bytes:
        """The body of the request, of stated length or in chunks."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while length := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(length)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def send_bytes(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """Send an answer; a HEAD request gets its headers alone."""
        if self.stumble == "cut":  # as of a file that was cut where it is stored
            body = body[: len(body) // 2]
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.stumble == "drop":
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif self.command != "HEAD":
            self.wfile.write(body)

    def send_json(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        """Send a JSON value."""
        kind = {"Content-Type": "application/json"}
        self.send_bytes(status, json.dumps(value).encode(), kind | (headers or {}))

    def repo(self, kind: str, name: str) -> Repo:
        """A repo that was created, and that whoever asks may see."""
        repo = self.hub.repos.get((kind, name))
        is_known = "Authorization" in self.headers
        if repo is None or (repo.private and not is_known):
            status = HTTPStatus.NOT_FOUND if is_known else HTTPStatus.UNAUTHORIZED
            raise RefusedError(status, "RepoNotFound", "Repository not found")
        return repo

    @route("POST", "/api/repos/create")
    def create(self) -> Any:
        self.require_token()
        asked = json.loads(self.content)
        kind = asked.get("type") or "model"
        name = f"{asked.get('organization') or 'tester'}/{asked['name']}"
        page = {"url": self.hub.page(kind, name), "id": name, "name": name}
        if (kind, name) in self.hub.repos:
            self.send_json(HTTPStatus.CONFLICT, {"error": "exists already", **page})
            return None
        private = asked.get("visibility") == "private" or bool(asked.get("private"))
        repo = self.hub.repos[kind, name] = Repo(kind, name, private)
        repo.commit("initial commit", {})
        return page

    @route("POST", "/api/validate-yaml")
    def validate_yaml(self) -> Any:
        return {"errors": [], "warnings": []}

    @route("GET", rf"/api/{REPO}(/revision/(?P<revision>[^/]+))?")
    def info(self, kind: str, name: str, revision: str) -> Any:
        repo = self.repo(kind, name)
        commit = repo.at(revision or "main")
        shown = {"id": name, "sha": commit.sha, "private": repo.private}
        shown |= {"gated": "manual" if repo.gated else False}
        shown |= {"tags": [], "downloads": 0, "likes": 0}
        return shown | {"siblings": [{"rfilename": path} for path in sorted(commit.files)]}

    @route("GET", rf"/api/{REPO}/tree/(?P<revision>[^/]+)(/(?P<folder>.*))?")
    def tree(self, kind: str, name: str, revision: str, folder: str) -> Any:
        files = self.repo(kind, name).at(revision).files
        start = f"{folder.strip('/')}/".lstrip("/")
        below = [path for path in sorted(files) if path.startswith(start)]
        if start and not below:
            raise RefusedError(HTTPStatus.NOT_FOUND, "EntryNotFound", f"{folder} does not exist")
        folders = {above for path in below for above in parents(path) if len(above) > len(start)}
        paths = sorted({*below, *folders})
        if self.query.get("recursive", "false").lower() not in ("true", "1"):
            paths = [path for path in paths if "/" not in path[len(start) :]]
        return [entry(path, files) for path in paths]

    @route("POST", rf"/api/{REPO}/paths-info/(?P<revision>[^/]+)")
    def paths_info(self, kind: str, name: str, revision: str) -> Any:
        files = self.repo(kind, name).at(revision).files
        if self.headers.get("Content-Type", "").startswith("application/json"):
            asked = json.loads(self.content)["paths"]
        else:
            asked = parse_qs(self.content.decode()).get("paths", [])
        known = {path for file in files for path in (file, *parents(file))}
        return [entry(path, files) for path in asked if path in known]

    @route("POST", rf"/api/{REPO}/preupload/(?P<revision>[^/]+)")
    def preupload(self, kind: str, name: str, revision: str) -> Any:
        files = self.repo(kind, name).at(revision).files
        modes = []
        for path in (file["path"] for file in json.loads(self.content)["files"]):
            mode = "lfs" if path.endswith(LFS_SUFFIXES) else "regular"
            modes.append({"path": path, "uploadMode": mode, "shouldIgnore": False})
            if path in files:
                modes[-1]["oid"] = object_id(path, files[path])
        return {"files": modes}

    @route("POST", r"/(?:datasets/|spaces/)?[^/]+/[^/]+\.git/info/lfs/objects/batch")
    def lfs_batch(self) -> Any:
        objects = json.loads(self.content)["objects"]
        for item in objects:
            if item["oid"] not in self.hub.lfs:
                item["actions"] = {"upload": {"href": f"{self.hub.url}/lfs/{item['oid']}"}}
        return {"transfer": "basic", "objects": objects}

    @route("PUT", "/lfs/(?P<oid>[0-9a-f]{64})")
    def lfs_upload(self, oid: str) -> Any:
        if hashlib.sha256(self.content).hexdigest() != oid:
            raise RefusedError(
                HTTPStatus.BAD_REQUEST, "BadRequest", "the content has another SHA-256"
            )
        self.hub.lfs[oid] = self.content
        return {}

    @route("POST", rf"/api/{REPO}/branch/(?P<branch>[^/]+)")
    def branch(self, kind: str, name: str, branch: str) -> Any:
        self.require_token()
        repo = self.repo(kind, name)
        if branch in repo.branches:
            raise RefusedError(HTTPStatus.CONFLICT, "Conflict", "Reference already exists")
        repo.branches[branch] = list(repo.commits)
        return {}

    @route("POST", rf"/api/{REPO}/commit/(?P<revision>[^/]+)")
    def commit(self, kind: str, name: str, revision: str) -> Any:
        self.require_token()
        repo = self.repo(kind, name)
        if revision not in repo.branches:
            raise RefusedError(HTTPStatus.NOT_FOUND, "RevisionNotFound", "no such branch")
        files, message = dict(repo.at(revision).files), ""
        for line in self.content.splitlines():
            operation = json.loads(line)
            value = operation["value"]
            match operation["key"]:
                case "header":
                    message = value["summary"]
                    if value.get("parentCommit", repo.at(revision).sha) != repo.at(revision).sha:
                        status = HTTPStatus.PRECONDITION_FAILED
                        raise RefusedError(status, "Conflict", "A commit has happened since.")
                case "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    files[value["path"]] = self.hub.lfs[value["oid"]]
                case "deletedFile":
                    del files[value["path"]]
                case other:
                    raise RefusedError(HTTPStatus.BAD_REQUEST, "BadRequest", f"{other}: not served")
        made = repo.commit(message, files, revision)
        url = f"{self.hub.page(kind, name)}/commit/{made.sha}"
        return {"success": True, "commitOid": made.sha, "commitUrl": url}

    @route(
        "GET",
        r"/(?:(?P<kinds>datasets|spaces)/)?(?P<name>[^/]+/[^/]+)"
        r"/resolve/(?P<revision>[^/]+)/(?P<path>.+)",
    )
    def download(self, kinds: str, name: str, revision: str, path: str) -> None:
        repo = self.repo(kinds.removesuffix("s") or "model", name)
        if repo.gated:
            raise RefusedError(HTTPStatus.FORBIDDEN, "GatedRepo", "Access to it is restricted.")
        commit = repo.at(revision)
        headers = {"X-Repo-Commit": commit.sha, "Accept-Ranges": "bytes"}
        if path not in commit.files:
            headers |= {"X-Error-Code": "EntryNotFound", "X-Error-Message": "Entry not found"}
            self.send_bytes(HTTPStatus.NOT_FOUND, b"", headers)
            return
        content = commit.files[path]
        headers["ETag"] = f'"{object_id(path, content)}"'
        if path.endswith(LFS_SUFFIXES):
            headers |= {"X-Linked-Etag": headers["ETag"], "X-Linked-Size": str(len(content))}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked is None:
            self.send_bytes(HTTPStatus.OK, content, headers)
            return
        first, last = int(asked[1]), min(int(asked[2] or len(content)), len(content) - 1)
        headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        self.send_bytes(HTTPStatus.PARTIAL_CONTENT, content[first : last + 1], headers)


def parents(path: str) -> list[str]:
    """The folders that a file lies in."""
    return [path[: slash.start()] for slash in re.finditer("/", path)]


def entry(path: str, files: dict[str, bytes]) -> dict[str, Any]:
    """A file or folder as listings show it."""
    if path not in files:
        oid = hashlib.sha1(path.encode()).hexdigest()
        return {"type": "directory", "path": path, "oid": oid, "size": 0}
    oid, size = object_id(path, files[path]), len(files[path])
    lfs = {"lfs": {"oid": oid, "size": size, "pointerSize": 0}}
    shown = {"type": "file", "path": path, "oid": oid, "size": size}
    return shown | (lfs if path.endswith(LFS_SUFFIXES) else {})


class LocalHub:
    """The server, as a context manager.

    `repos` holds the repos by kind ("model", "dataset", "space") and name. `refused` maps the name
    of an endpoint to the status and JSON value that it answers instead, once. `stumbles` maps a
    pattern of paths to what goes wrong with its next requests, one each: a status, "drop" (the
    connection breaks in the middle of the answer) or "cut" (half of the answer is sent as if it
    were all). `requests` lists what was asked. `home` is the ``HF_HOME`` of its clients.
    """

    home: Path

    def __init__(self) -> None:
        self.forget()
        self.lock = threading.Lock()
        bound = type("BoundHandler", (Handler,), {"hub": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def forget(self) -> None:
        """Be as new."""
        self.repos: dict[tuple[str, str], Repo] = {}
        self.lfs: dict[str, bytes] = {}
        self.refused: dict[str, tuple[int, Any]] = {}
        self.stumbles: dict[str, list[int | str]] = {}
        self.requests: list[str] = []

    def page(self, kind: str, name: str) -> str:
        """Address of a repo."""
        return f"{self.url}/{name}" if kind == "model" else f"{self.url}/{kind}s/{name}"

    def add(self, kind: str, name: str, folder: Path) -> Repo:
        """Make a repo of the files of a folder, or a commit where it exists."""
        paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
        repo = self.repos.setdefault((kind, name), Repo(kind, name))
        repo.commit("add", files)
        return repo

    def files(self, kind: str, name: str, revision: str = "main") -> dict[str, bytes]:
        """The newest files of a repo."""
        return self.repos[kind, name].at(revision).files

    def next_stumble(self, path: str) -> int | str:
        """What goes wrong with a request for a path; "" for nothing."""
        coming = (queue for of, queue in self.stumbles.items() if queue and re.search(of, path))
        return next((queue.pop(0) for queue in coming), "")

    def writes(self) -> list[str]:
        """The requests that may have changed something."""
        return [line for line in self.requests if re.match("PUT|.* (create|branch|commit) ", line)]

    def env(self) -> dict[str, str]:
        """Environment variables of a client, which is online and has the right token."""
        return {
            "HF_ENDPOINT": self.url,
            "HF_TOKEN": TOKEN,
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HOME": str(self.home),
        }

    def __enter__(self) -> LocalHub:
        # Closing waits for the next of its looks, which are half a second apart by default.
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
