"""The test files in the source distribution of the installed transformers, made importable."""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import transformers

#: Path of an sdist, or of the folder unpacked from it, instead of the one in the cache.
VARIABLE = "RCLICKS_TRANSFORMERS_SDIST"

VERSION = transformers.__version__
CACHE = Path(tempfile.gettempdir()) / f"rclicks-transformers-{VERSION}"
_SCRIPT = "tests/networks/run_transformers_common_tests.py"
_PACKAGE = "transformers_own_tests"
_NEEDED = ("parameterized", "psutil")  # imported by these test files; no dependencies of ours


class NotThereError(Exception):
    """The sdist cannot be had; the text says why."""


def find_sdist() -> Path:
    """The unpacked sdist of the installed version, from the variable or the cache."""
    if missing := _missing():
        raise NotThereError(f"{', '.join(missing)} cannot be imported; run {_SCRIPT}")
    given = Path(os.environ.get(VARIABLE) or CACHE / f"transformers-{VERSION}")
    if given.is_file():
        given = _unpack(given)
    if not given.is_dir():
        raise NotThereError(f"{given} does not exist; run {_SCRIPT}, or set {VARIABLE}")
    lines = (given / "PKG-INFO").read_text("utf-8").splitlines()
    found = next((line for line in lines if line.startswith("Version: ")), "no version")
    if found != f"Version: {VERSION}":
        raise NotThereError(f"{given} is {found}, but transformers {VERSION} is installed")
    return given


def fetch_sdist() -> Path:
    """As `find_sdist`, but what is missing is downloaded to the cache first."""
    if not os.environ.get(VARIABLE) and not (CACHE / f"transformers-{VERSION}").is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        source = ["--no-binary", ":all:", "--no-build-isolation", f"transformers=={VERSION}"]
        _pip("download", "--no-deps", "--dest", str(CACHE), *source)
        _unpack(CACHE / f"transformers-{VERSION}.tar.gz")
    if missing := _missing():
        _pip("install", "--no-deps", "--target", str(CACHE / "libraries"), *missing)
    return find_sdist()


def import_tests(
    sdist: Path, stand_ins: dict[str, dict[str, Any]], *names: str
) -> list[ModuleType]:
    """Test modules of the sdist; `stand_ins` are the modules they import that it leaves out."""
    folder = sdist / "tests"
    (folder / "__init__.py").touch()  # in the repo, not in the sdist; one of the files reads it
    package = ModuleType(_PACKAGE)
    package.__path__ = [str(folder)]
    sys.modules[_PACKAGE] = package
    for name, content in stand_ins.items():
        module = ModuleType(f"{_PACKAGE}.{name}")
        vars(module).update(content, __path__=[])
        sys.modules[module.__name__] = module
    return [importlib.import_module(f"{_PACKAGE}.{name}") for name in names]


def _missing() -> list[str]:
    """The needed libraries that cannot be imported, not even from the cache."""
    libraries = str(CACHE / "libraries")
    if libraries not in sys.path:
        sys.path.append(libraries)
    importlib.invalidate_caches()
    return [name for name in _NEEDED if importlib.util.find_spec(name) is None]


def _unpack(archive: Path) -> Path:
    target = CACHE / f"transformers-{VERSION}"
    if not target.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as part, tarfile.open(archive) as file:
            file.extractall(part, filter="data")
            (Path(part) / target.name).rename(target)
    return target


def _pip(*words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise NotThereError(f"pip {words[0]} failed: {last}")
