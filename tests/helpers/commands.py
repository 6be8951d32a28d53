"""Running the command as a user does: in a process of its own, or here for messages alone.

A process of its own is cold, as a user's is, or warm: a fork of one that has Torch and SciPy loaded
(`warm_python`). Cold are, in one test each, build, verify, push, analyse and check-segmenter.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any
from unittest import mock

#: What most commands load; it reads variables of the environment when it is imported.
HUB_LIBRARIES = (
    *("datasets", "evaluate", "accelerate", "huggingface_hub.hf_api"),
    *("transformers.modeling_utils", "transformers.image_processing_utils"),
    *("transformers.pipelines", "transformers.trainer"),
    *("transformers.models.auto.modeling_auto", "transformers.models.auto.image_processing_auto"),
)
#: Variables that no library reads when it is imported, or that one sets then.
OF_A_PROCESS = (
    *("PYTHONPATH", "PYTEST_CURRENT_TEST", "PWD", "LD_LIBRARY_PATH", "TORCHINDUCTOR_CACHE_DIR"),
)
#: The variable that holds the socket of the warm process that all workers of a run share.
SHARED_PYTHON = "RCLICKS_TESTS_WARM_PYTHON"
REPO = Path(__file__).resolve().parents[2]
WARM_PYTHON = Path(__file__).with_name("warm_python.py")


class _WarmPython:
    """A process that forks others on request."""

    def __init__(self, requests: IO[str], answers: IO[str], *ends: Callable[[], object]) -> None:
        self._requests, self._answers, self._ends = requests, answers, ends

    def ask(self, **request: Any) -> str:
        print(json.dumps(request), file=self._requests, flush=True)
        return self._answers.readline().strip()

    def stop(self) -> None:
        print("null", file=self._requests, flush=True)  # a fork may hold the pipe's end too
        self._requests.close()
        self._answers.close()
        for end in self._ends:
            end()


_servers: dict[tuple[object, ...], _WarmPython] = {}


def _start(*arguments: str) -> tuple[subprocess.Popen[str], IO[str], IO[str]]:
    process = subprocess.Popen(
        [sys.executable, str(WARM_PYTHON), *arguments],
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    return process, process.stdin, process.stdout


@contextlib.contextmanager
def shared_warm_python() -> Iterator[None]:
    """One for all processes that are started meanwhile, instead of one each."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.environ[SHARED_PYTHON] = str(Path(folder, "socket"))
        process, *streams = _start(path)
        try:
            yield
        finally:
            del os.environ[SHARED_PYTHON]
            process.kill()
            process.wait()
            for stream in streams:
                stream.close()


def _connection(path: str) -> _WarmPython:
    client = socket.socket(socket.AF_UNIX)
    end = time.monotonic() + 120
    while client.connect_ex(path):  # it loads its libraries before it makes the socket
        assert time.monotonic() < end, "the warm process does not start"
        time.sleep(0.02)
    return _WarmPython(client.makefile("w"), client.makefile("r"), client.close)


def _warm_python() -> _WarmPython:
    if () not in _servers:
        shared = os.environ.get(SHARED_PYTHON)
        if shared:
            _servers[()] = _connection(shared)
        else:
            process, *streams = _start()
            _servers[()] = _WarmPython(*streams, process.wait)
    return _servers[()]


def _warmer_python(loaded: tuple[str, ...], env: Mapping[str, str]) -> _WarmPython:
    """The one that also has the libraries that read the variables HF_* when they are imported."""
    # The token is read when it is needed.
    read = {name: env[name] for name in env if name.startswith("HF_") and name != "HF_TOKEN"}
    key = (*loaded, *sorted(read.items()))
    if key not in _servers:
        folder = tempfile.TemporaryDirectory()
        pipes = [Path(folder.name, name) for name in ("requests", "answers")]
        for pipe in pipes:
            os.mkfifo(pipe)
        kept = {name: value for name, value in env.items() if name != "PYTHONPATH"}
        process = PythonProcess([str(WARM_PYTHON), *map(str, pipes), *loaded], env=kept, loaded=())
        requests, answers = pipes[0].open("w"), pipes[1].open()
        _servers[key] = _WarmPython(requests, answers, process.wait, folder.cleanup)
    return _servers[key]


def stop_warm_python() -> None:
    """End the processes that `run_python` started, the last first."""
    while _servers:
        _servers.popitem()[1].stop()


class PythonProcess:
    """`subprocess.Popen` of ``python WORDS`` in a warm process; it ends with its ``with``.

    It shares `loaded` libraries with others of the same variables HF_*; with the environment of
    this process, those of `HUB_LIBRARIES`.
    """

    def __init__(
        self,
        words: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        loaded: Sequence[str] | None = None,
    ) -> None:
        env = dict(os.environ if env is None else env)
        names = (os.environ.keys() | env.keys()).difference(OF_A_PROCESS)
        if loaded is None and all(os.environ.get(name) == env.get(name) for name in names):
            loaded = HUB_LIBRARIES
        self._python = _warmer_python(tuple(loaded), env) if loaded else _warm_python()
        self._folder = tempfile.TemporaryDirectory()
        self._outputs = [Path(self._folder.name, name) for name in ("out", "err")]
        for output in self._outputs:
            output.touch()
        self.returncode: int | None = None
        self.pid = int(
            self._python.ask(
                words=list(map(str, words)),
                cwd=str(cwd or Path.cwd()),
                env=env,
                outputs=list(map(str, self._outputs)),
            )
        )

    def __enter__(self) -> PythonProcess:
        return self

    def __exit__(self, *_: object) -> None:
        if self.poll() is None:
            self.kill()
            self.wait()
        self._folder.cleanup()

    @property
    def stdout(self) -> str:
        """What it has printed so far."""
        return self._outputs[0].read_text()

    @property
    def stderr(self) -> str:
        """What it has printed as errors so far."""
        return self._outputs[1].read_text()

    def _wait(self, options: int) -> int | None:
        if self.returncode is None and (code := self._python.ask(pid=self.pid, options=options)):
            self.returncode = int(code)
        return self.returncode

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._wait(os.WNOHANG)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, when it has ended."""
        if timeout is None:
            code = self._wait(0)
            assert code is not None
            return code
        end = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.02)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run_python(
    words: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    loaded: Sequence[str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """`subprocess.run` of ``python WORDS`` with its output as text, in a `PythonProcess`."""
    with PythonProcess(words, cwd=cwd, env=env, loaded=loaded) as process:
        code = process.wait()
        command = [sys.executable, *words]
        return subprocess.CompletedProcess(command, code, process.stdout, process.stderr)


#: Code before a demo whose size proves nothing: its pictures, with all their sizes, are smaller.
SMALL_PICTURES = """
import sys
from importlib import import_module

import_module("rclicks_hf.simulation.photographs").LONGEST_SIDE = 120
scenes = import_module("rclicks_hf.simulation.scenes.generation")
scenes.generate_scenes.__kwdefaults__["size"] = (90, 120)
"""

RCLICKS = """
from rclicks_hf.cli import main

sys.argv[0] = "rclicks"
main()
"""


# What torchrun and `accelerate launch` do, but the processes are forks that share their imports.
_LAUNCH = """
import importlib, json, os, runpy, sys
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

variables, processes, loaded, module, *words = sys.argv[1:]
os.environ.update(json.loads(variables))
for name in loaded.split():
    importlib.import_module(name)

def run():
    sys.argv = [module, *words]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        assert not end.code, end.code

place = {"rdzv_backend": "c10d", "rdzv_endpoint": "localhost:0", "start_method": "fork"}
elastic_launch(LaunchConfig(1, 1, int(processes), **place), run)()
"""


def run_launched(
    processes: int,
    words: Sequence[str],
    *,
    loaded: Sequence[str],
    env: Mapping[str, str] | None = None,
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    """``MODULE WORDS`` in several processes of one launch; they share what is `loaded`.

    `variables` come to `env` once the processes run, which may have loaded more by then.
    """
    launch = ["-c", _LAUNCH, json.dumps(variables), str(processes), " ".join(loaded)]
    return run_python([*launch, *words], env=env)


def run_rclicks(
    line: str, *, cwd: Path, site: Path, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run ``rclicks`` with the words of ``line``; the package is taken from the folder ``site``."""
    words = ["-m", "rclicks_hf.cli", *line.split()]
    return run_python(words, cwd=cwd, env={**os.environ, "PYTHONPATH": str(site), **env})


def run_rclicks_cold(
    line: str, *, cwd: Path, site: Path, **env: str
) -> subprocess.CompletedProcess[str]:
    """`run_rclicks` in a process that loads all by itself."""
    return subprocess.run(
        [sys.executable, "-m", "rclicks_hf.cli", *line.split()],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(site), **env},
        capture_output=True,
        text=True,
    )


_LINES = """
import json, sys
from pathlib import Path
from helpers.commands import run_rclicks_here

done = [run_rclicks_here(line, cwd=Path.cwd()) for line in json.loads(sys.argv[1])]
print(json.dumps([[one.args, one.returncode, one.stdout, one.stderr] for one in done]))
"""


def run_rclicks_lines(
    lines: Sequence[str], *, cwd: Path, env: Mapping[str, str], loaded: Sequence[str] | None = None
) -> list[subprocess.CompletedProcess[str]]:
    """Run ``rclicks`` once per line, one after the other in one warm process."""
    paths = (env.get("PYTHONPATH", ""), str(REPO), str(REPO / "tests"))
    env = {**env, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    done = run_python(["-c", _LINES, json.dumps(lines)], cwd=cwd, env=env, loaded=loaded)
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout.splitlines()[-1])
    return [subprocess.CompletedProcess(*result) for result in results]


def run_rclicks_here(line: str, *, cwd: Path) -> subprocess.CompletedProcess[str]:
    """`run_rclicks` in this process: without the seconds that importing the libraries takes."""
    from rclicks_hf.cli import main

    out, err = io.StringIO(), io.StringIO()
    words = ["rclicks", *line.split()]
    with (
        contextlib.chdir(cwd),
        mock.patch.object(sys, "argv", words),
        mock.patch.dict(os.environ),  # --quiet sets variables
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
            code: int | str | None = 0
        except SystemExit as stop:
            code = stop.code
    if isinstance(code, str):  # sys.exit prints it
        err.write(f"{code}\n")
        code = 1
    return subprocess.CompletedProcess(words, code or 0, out.getvalue(), err.getvalue())
