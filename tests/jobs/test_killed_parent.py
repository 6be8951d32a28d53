"""A killed parent takes its workers along, and nobody complains."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

CODE = """
import os, sys, time
from functools import partial
from pathlib import Path
from rclicks_hf.jobs.processes import WorkerPool

def work(folder, task):
    (Path(folder) / str(os.getpid())).touch()
    import ctypes
    ctypes.PyDLL(None).sleep(60)  # holds the interpreter's lock, as a long call into C may

def open_worker(folder):
    return partial(work, folder)
"""
MAIN = """
import sys
from functools import partial
from killed import *
if __name__ == "__main__":
    with WorkerPool(partial(open_worker, sys.argv[1]), 2) as pool:
        list(pool.run([1, 2]))
"""


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_killed_parent_takes_its_workers_along_at_once(tmp_path: Path, repo: Path) -> None:
    (tmp_path / "killed.py").write_text(CODE)
    (tmp_path / "main.py").write_text(MAIN)
    pids = tmp_path / "pids"
    pids.mkdir()
    parent = subprocess.Popen(
        [sys.executable, "main.py", str(pids)],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": f"{repo}{os.pathsep}{tmp_path}"},
    )
    assert parent.stderr is not None
    end = time.monotonic() + 60
    while len(list(pids.iterdir())) < 2 and time.monotonic() < end:
        time.sleep(0.1)
    workers = [int(path.name) for path in pids.iterdir()]
    assert len(workers) == 2
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    end = time.monotonic() + 3
    while any(map(_is_alive, workers)) and time.monotonic() < end:
        time.sleep(0.05)
    alive = [pid for pid in workers if _is_alive(pid)]
    for pid in alive:
        os.kill(pid, signal.SIGKILL)
    assert not alive
    # It ends with the resource tracker, which is the last to hold it.
    assert parent.stderr.read() == b""
    parent.stderr.close()
