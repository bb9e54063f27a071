"""The only clock. Everything else takes the time as an argument."""

from __future__ import annotations

import time


def now_ms() -> int:
    """Return the time in milliseconds since 1970-01-01 UTC, in whole seconds, as a stamp holds it."""
    return int(time.time()) * 1000
