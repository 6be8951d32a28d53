"""Makes `benchmark_fakes` importable, for worker processes too: they inherit the path."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
