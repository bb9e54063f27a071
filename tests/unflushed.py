"""Spares tests the flushing of what they write: a process that is killed loses nothing by that, only a machine would.

Commands that tests start as processes of their own, not as forks, do flush.
"""

from __future__ import annotations

from crawler.storage import disk


def flush_nothing() -> None:
    """Have `crawler.storage.disk` flush no file and no folder from now on, in this process."""
    disk.os_fsync = _flush  # type: ignore[assignment]


def _flush(descriptor: int) -> None:
    """Stand for os.fsync."""
