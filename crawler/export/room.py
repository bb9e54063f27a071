"""Stop before a disk is full, because libzim would then end the whole process without a message."""

from __future__ import annotations

from pathlib import Path

from crawler.exceptions import DiskError
from crawler.storage import disk

RESERVE = 64 * 2**20
"""Bytes that stay free: more than libzim has accepted and not yet written."""
_INDEX = 3  # times the bytes of its text: libzim writes an index late, and then copies it into the ZIM file


class Room:
    """The free space for what libzim makes in a folder. Another program may still fill the disk meanwhile."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._indexed = 0

    def require(self, more: int = 0) -> None:
        """Raise DiskError if the disk has no room for so many bytes more, and for the index of the text so far."""
        missing = RESERVE + more + _INDEX * self._indexed - disk.free_bytes(self._folder)
        if missing > 0:
            place, needed = self._folder.parent, -(-missing // 2**20)
            raise DiskError(f"{place}: too little free space for the ZIM file; {needed} MB more are needed to go on")

    def add_text(self, text: str) -> None:
        """Count a text that goes into the index."""
        self._indexed += len(text.encode("utf-8", "replace"))
