"""For tests and doctests alike: no network, no caches of the user, one thread, no screen."""

from __future__ import annotations

import gc
import os
import sys
import tempfile

# Collected tests and imported libraries stay; looking for garbage among their 700,000 objects would
# take a third of the collection's time, and half a second of every full search in a test.
gc.disable()

# Without bytecode each process that a test starts compiles the package again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Before any Hugging Face library is imported.
os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="rclicks-tests-")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")


def pytest_collection_finish() -> None:
    gc.enable()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)  # looking for garbage then takes 1 % of the time, not 3 %
