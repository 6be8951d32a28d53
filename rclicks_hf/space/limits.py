"""What a visitor may send."""

from __future__ import annotations

MAX_UPLOAD_BYTES = 10 * 2**20
