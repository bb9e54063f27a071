"""The only clock: everything else is told the time."""

from __future__ import annotations

import time


def now_ms() -> int:
    """Milliseconds since 1970-01-01 UTC, whole seconds: what a stamp can hold."""
    return int(time.time()) * 1000
