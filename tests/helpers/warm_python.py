"""A Python process that has the slow libraries loaded; each request runs in a fork of it.

Loading Torch and SciPy takes seconds of every process that a test starts. No library that reads
``HF_HOME``, ``HF_ENDPOINT`` and the like when it is imported is loaded here, nor the package.
The first argument is the path of a socket; each connection is served by a fork, until it is closed.
A fork can load those libraries too and serve processes of its environment: it runs this file with
the path of another socket and the names of the libraries.

A request is a line of JSON. One that starts a process holds the words after ``python``, the folder,
the environment, and the files for what is printed; the answer is its id. One that waits holds the
id; the answer is the exit code, or nothing where it may still be running.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
import traceback
from contextlib import suppress
from types import ModuleType
from typing import Any, TextIO

LIBRARIES = (
    *("torch", "torch._dynamo", "torch.distributed.tensor", "torch.distributed.fsdp"),
    *("torch.utils.data", "torch.utils.tensorboard", "scipy.stats", "scipy.ndimage", "pandas"),
    *("pyarrow.parquet", "pyarrow.dataset", "cv2", "matplotlib.figure", "skimage.measure"),
    *("torch.distributed.checkpoint", "torch.testing", "jinja2.sandbox", "httpx2", "httpcore2"),
    *("h11", "anyio", "fsspec", "yaml", "regex", "filelock", "tokenizers", "safetensors.torch"),
    *("dill", "multiprocess", "psutil", "tabulate", "typer", "xxhash", "PIL.Image", "aiohttp"),
)


def accept(path: str) -> tuple[TextIO, TextIO]:
    """Fork for each client until the standard input ends; returns its streams in the fork."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        while 0 not in select.select([server, 0], [], [])[0]:
            client, _ = server.accept()
            if os.fork() == 0:
                return client.makefile("r"), client.makefile("w")
            client.close()
    os._exit(0)


def serve(requests: TextIO, answers: TextIO) -> dict[str, Any]:
    """Answer requests until one is null; returns in the fork that is to run one."""
    for line in requests:
        request = json.loads(line)
        if request is None:
            break
        answer: int | str
        if "pid" in request:
            pid, status = os.waitpid(request["pid"], request["options"])
            answer = os.waitstatus_to_exitcode(status) if pid else ""
        else:
            answer = os.fork()
            if answer == 0:
                return request
        print(answer, file=answers, flush=True)
    os._exit(0)


def run(words: list[str], *, cwd: str, env: dict[str, str], outputs: list[str]) -> None:
    """What ``python WORDS`` does; `words` begin with ``-c CODE``, ``-m MODULE`` or a script."""
    # Shells start background jobs with Ctrl-C ignored, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    for number, path in enumerate(["/dev/null", *outputs]):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), number)
    paths = env.get("PYTHONPATH", "")
    first, *arguments = words
    folder = {"-c": "", "-m": cwd}.get(first, os.path.dirname(first))
    sys.path[:0] = [folder, *(path for path in paths.split(os.pathsep) if path)]
    importlib.invalidate_caches()
    sys.orig_argv = [sys.executable, *words]
    sys.argv = [first, *arguments[first.startswith("-") :]]
    if first == "-m":
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    elif first == "-c":
        main = sys.modules["__main__"] = ModuleType("__main__")
        exec(compile(arguments[0], "<string>", "exec"), main.__dict__)
    else:
        runpy.run_path(first, run_name="__main__")


if __name__ == "__main__":
    del sys.path[0]  # the folder of this file
    paths, libraries = sys.argv[1:3], sys.argv[3:] or LIBRARIES
    for name in libraries:
        with suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()
    code: object = 0
    try:
        if len(paths) == 1:
            streams = accept(*paths)
        elif paths:
            requests, answers = os.open(paths[0], os.O_RDONLY), os.open(paths[1], os.O_WRONLY)
            streams = os.fdopen(requests), os.fdopen(answers, "w")
        else:
            streams = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
        run(**serve(*streams))
    except SystemExit as stop:
        code = stop.code or 0
    except BaseException:
        traceback.print_exc()
        code = 1
    if not isinstance(code, int):
        print(code, file=sys.stderr)
    # What the interpreter does at its end, without half a second of freeing the libraries' objects.
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)
