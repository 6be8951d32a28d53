"""What the command prints, and where: encodings, and the switches of every verb."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.commands import run_python
from typer.testing import CliRunner

from rclicks_hf.cli import VERBS, app, main
from rclicks_hf.data.build import verify

MAIN = "import sys; sys.argv[0] = 'rclicks'; from rclicks_hf.cli import main; main()"
STAND_IN = """
import sys, types
room = sys.modules['rclicks_hf.data.build.verify'] = types.ModuleType('verify')
room.verify_dataset = lambda path: []
"""
WORDS = "ΔSB ↓ \udc80 é"


def run(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    return run_python(["-c", f"{code}\n{MAIN}", *words])


def printed(encoding: str, monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    """What the command prints into a terminal of an encoding."""
    monkeypatch.setattr(sys, "argv", ["rclicks", *words])
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(io.BytesIO(), encoding))
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    sys.stdout.flush()
    assert isinstance(sys.stdout.buffer, io.BytesIO)
    # Typer writes UTF-8 where the encoding is ASCII.
    return sys.stdout.buffer.getvalue().decode("utf-8" if encoding == "ascii" else encoding)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8", "utf-16"])
def test_no_encoding_of_the_output_raises(
    tmp_path: Path, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "verify_dataset", lambda path: [])
    monkeypatch.setattr(verify, "format_checks", lambda checks: WORDS)
    text = printed(encoding, monkeypatch, "verify", str(tmp_path))
    if encoding != "ascii":
        assert text.strip() == WORDS.encode(encoding, "backslashreplace").decode(encoding)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_the_help_is_shown_in_any_encoding(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "--traceback" in printed(encoding, monkeypatch, "benchmark", "-h")


def test_the_encoding_is_that_of_the_process(tmp_path: Path) -> None:
    code = f"{STAND_IN}room.format_checks = lambda checks: {WORDS!r}\n{MAIN}"
    done = subprocess.run(
        [sys.executable, "-c", code, "verify", str(tmp_path)],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == WORDS.encode("cp1252", "backslashreplace")


VERIFY_EACH = """
import sys
from rclicks_hf.cli import main

for folder in sys.argv[1:]:
    sys.argv = ["rclicks", "verify", folder]
    try:
        main()
    except SystemExit as end:
        print(end.code, file=sys.stderr)
"""


def test_names_in_errors_show_what_cannot_be_seen(tmp_path: Path) -> None:
    names = [b"\xff\xfe", b"a\x1b[31mred", "\u202egnp".encode()]
    folders = [os.fsdecode(os.fsencode(tmp_path) + b"/" + name) for name in names]
    done = run_python(["-c", VERIFY_EACH, *folders])
    messages = done.stderr.removesuffix("\n").split("\n")
    assert len(messages) == len(names)
    for message in messages:
        assert message.startswith("rclicks: ")
        assert message.isprintable()
        assert "\\" in message


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_takes_the_switches(verb: str) -> None:
    shown = CliRunner().invoke(app, [verb, "-h"], env={"COLUMNS": "200"}).output
    for switch in ("--verbose", "--quiet", "--traceback"):
        assert switch in shown


def test_a_traceback_is_shown_only_when_asked_for(tmp_path: Path) -> None:
    plain = run("", "verify", str(tmp_path)).stderr
    assert plain.count("\n") == 1
    assert plain.startswith("rclicks: ")
    words = ["-m", "rclicks_hf.cli", "verify", str(tmp_path), "--traceback"]
    full = run_python(words).stderr
    assert "Traceback (most recent call last)" in full
    assert full.splitlines()[-1] == plain.strip()


@pytest.mark.parametrize(
    ("switch", "noise", "level"), [("--quiet", False, "error"), ("--verbose", True, "info")]
)
def test_quiet_and_verbose(tmp_path: Path, switch: str, noise: bool, level: str) -> None:
    code = (
        f"{STAND_IN}import os\n"
        "def look(path):\n"
        "    import tqdm, warnings\n"
        "    from rclicks_hf.support.progress import is_quiet\n"
        "    warnings.warn('a warning')\n"
        "    for _ in tqdm.tqdm([1], desc='bar', disable=is_quiet()): pass\n"
        "    return []\n"
        "room.verify_dataset = look\n"
        "room.format_checks = lambda checks: os.environ['DATASETS_VERBOSITY']"
    )
    done = run(code, "verify", str(tmp_path), switch)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == level
    assert ("bar" in done.stderr) == noise
    assert ("a warning" in done.stderr) == noise
