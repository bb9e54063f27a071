"""Turn off flushing in tests, which makes them faster: a killed process loses nothing without it, only a power cut would.

Commands that tests start as new processes, not as forks, do flush.
"""

from __future__ import annotations

from crawler.storage import disk


def flush_nothing() -> None:
    """Make `crawler.storage.disk` flush no files or folders in this process from now on."""
    disk.os_fsync = _flush  # type: ignore[assignment]


def _flush(descriptor: int) -> None:
    """Replace os.fsync."""
