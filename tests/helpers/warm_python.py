"""A Python process that has the slow libraries loaded; each request runs in a fork of it.

Loading Torch and SciPy takes seconds of every process that a test starts. Libraries that read
``HF_HOME``, ``HF_ENDPOINT`` and the like when they are imported are loaded in a fork that serves
the requests with the environment of this process; the package is loaded in none.

A request is a line of JSON on the standard input. One that starts a process holds the words after
``python``, the folder, the environment, and the files for what is printed; the answer is its id.
One that waits holds the id; the answer is the exit code, or nothing where it may still be running.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
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
#: They read the environment when they are imported.
HUB_LIBRARIES = (
    *("huggingface_hub", "huggingface_hub.hf_api", "datasets", "evaluate", "accelerate"),
    *("transformers.modeling_utils", "transformers.image_processing_utils"),
    *("transformers.pipelines", "transformers.trainer", "transformers.models.auto"),
    *("transformers.models.auto.modeling_auto", "transformers.models.auto.image_processing_auto"),
)
#: Variables that no library reads when it is imported, or that one sets then.
OF_A_REQUEST = (
    *("PYTHONPATH", "PYTEST_CURRENT_TEST", "PWD"),
    *("LD_LIBRARY_PATH", "TORCHINDUCTOR_CACHE_DIR"),
)


def load(libraries: Sequence[str]) -> None:
    for name in libraries:
        with suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()


class Second:
    """A fork that answers as this process does, and has the other libraries loaded as well."""

    def __init__(self) -> None:
        self._requests: TextIO | None = None
        self._pids: set[int] = set()

    def is_for(self, request: Mapping[str, Any]) -> bool:
        """Whether it is to answer: it runs what has the environment of these processes."""
        if "pid" in request:
            return request["pid"] in self._pids
        names = (os.environ.keys() | request["env"].keys()).difference(OF_A_REQUEST)
        return all(os.environ.get(name) == request["env"].get(name) for name in names)

    def answer(self, line: str) -> str | None:
        """Its answer; None in the fork, which then serves its own standard input."""
        if self._requests is None:
            (input_end, requests), (answers, output_end) = os.pipe(), os.pipe()
            self._pid = os.fork()
            if self._pid == 0:
                os.dup2(input_end, 0)
                os.dup2(output_end, 1)
                for end in (input_end, requests, answers, output_end):
                    os.close(end)
                return None
            os.close(input_end)
            os.close(output_end)
            self._requests, self._answers = os.fdopen(requests, "w"), os.fdopen(answers)
        print(line, end="", file=self._requests, flush=True)
        answer = self._answers.readline().strip()
        if "pid" not in json.loads(line):
            self._pids.add(int(answer))
        return answer

    def stop(self) -> None:
        if self._requests is not None:
            print("null", file=self._requests, flush=True)  # others may hold the pipe's end too
            os.waitpid(self._pid, 0)


def serve(second: Second | None) -> dict[str, Any] | None:
    """Answer requests until the input ends; returns in a fork: what it is to run, or None."""
    answers = os.fdopen(os.dup(1), "w")
    for line in os.fdopen(os.dup(0)):
        request = json.loads(line)
        if request is None:
            break
        answer: int | str | None
        if second and second.is_for(request):
            answer = second.answer(line)
            if answer is None:
                return None
        elif "pid" in request:
            pid, status = os.waitpid(request["pid"], request["options"])
            answer = os.waitstatus_to_exitcode(status) if pid else ""
        else:
            answer = os.fork()
            if answer == 0:
                return request
        print(answer, file=answers, flush=True)
    if second:
        second.stop()
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
    load(LIBRARIES)
    request = serve(Second())
    if request is None:
        load(HUB_LIBRARIES)
        request = serve(None)
    assert request is not None
    code: object = 0
    try:
        run(**request)
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
