"""A Python process that has the slow libraries loaded; each request runs in a fork of it.

Loading Torch and SciPy takes seconds of every process that a test starts. No library that reads
``HF_HOME``, ``HF_ENDPOINT`` and the like when it is imported is loaded here, nor the package.

A request is a line of JSON on the standard input: the words after ``python``, the folder, the
environment, and the files for what is printed. The answer is the exit code.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import sys
import threading
import traceback
from contextlib import suppress
from types import ModuleType
from typing import Any

LIBRARIES = (
    *("torch", "torch._dynamo", "torch.distributed.tensor", "torch.distributed.fsdp"),
    *("torch.utils.data", "torch.utils.tensorboard", "scipy.stats", "scipy.ndimage", "pandas"),
    *("pyarrow.parquet", "pyarrow.dataset", "cv2", "matplotlib.figure", "skimage.measure"),
)


def serve() -> dict[str, Any]:
    """Answer requests until the input ends; returns in the fork that is to run one."""
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            return json.loads(line)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), file=answers, flush=True)
    os._exit(0)


def run(words: list[str], *, cwd: str, env: dict[str, str], outputs: list[str]) -> None:
    """What ``python WORDS`` does; `words` are ``-c CODE ...`` or ``-m MODULE ...``."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    for number, path in enumerate(["/dev/null", *outputs]):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), number)
    paths = env.get("PYTHONPATH", "")
    switch, what, *arguments = words
    first = "" if switch == "-c" else cwd
    sys.path[:0] = [first, *(path for path in paths.split(os.pathsep) if path)]
    importlib.invalidate_caches()
    sys.argv = [switch, *arguments]
    sys.orig_argv = [sys.executable, *words]
    if switch == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        main = sys.modules["__main__"] = ModuleType("__main__")
        exec(compile(what, "<string>", "exec"), main.__dict__)


if __name__ == "__main__":
    del sys.path[0]  # the folder of this file
    for name in LIBRARIES:
        with suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()
    code: object = 0
    try:
        run(**serve())
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
