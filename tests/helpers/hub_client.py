"""A client of the local Hub in a process of its own, which runs some commands and some code."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from helpers.commands import HUB_LIBRARIES, run_python
from helpers.local_hub import LocalHub

REPO = Path(__file__).resolve().parents[2]
# Waiting before a request is repeated takes no time here, and reading a card a tenth.
_PRELUDE = """
import json, os, sys, time
from pathlib import Path
import yaml

time.sleep = lambda seconds: None
yaml.SafeLoader = yaml.CSafeLoader
from helpers.commands import run_rclicks_here

found = []


def rclicks(line):
    done = run_rclicks_here(line, cwd=Path.cwd())
    found.append([done.returncode, done.stdout + done.stderr])


def refusal(call):
    try:
        call()
    except Exception as error:
        found.append(f"{type(error).__name__}: {error}")
    else:
        found.append("")


"""
_END = '\nprint("FOUND", json.dumps(found), file=sys.stderr)\n'


def run_client(
    hub: LocalHub,
    cwd: Path,
    code: str,
    *,
    loaded: Sequence[str] = HUB_LIBRARIES,
    **env: str | None,
) -> list[Any]:
    """What the code in a client's process puts into ``found``.

    It can call ``rclicks(LINE)``, which adds exit code and output, and ``refusal(CALL)``, which
    adds the error. An environment variable of None is taken away.
    """
    paths = os.pathsep.join(map(str, (REPO, REPO / "tests")))
    full = {**os.environ, **hub.env(), "PYTHONPATH": paths, **env}
    known = {name: value for name, value in full.items() if value is not None}
    done = run_python(["-c", _PRELUDE + code + _END], cwd=cwd, env=known, loaded=loaded)
    assert done.returncode == 0, done.stderr[-4000:]
    last = done.stderr.rpartition("FOUND ")[2]
    return json.loads(last)


def unfinished_files(home: Path) -> list[Path]:
    """Files in the caches under ``HF_HOME`` that are not whole."""
    return [path for path in home.rglob("*") if path.name.endswith((".incomplete", ".tmp"))]
