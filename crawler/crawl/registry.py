"""Register what seeds and lists name, in the index and the run log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler import times
from crawler.storage.index.objects import PENDING
from crawler.storage.logline import StateRecord

if TYPE_CHECKING:
    from crawler.crawl.run import Run
    from crawler.storage.index.objects import Row
    from crawler.storage.logline import AnyState

_BATCH = 500  # lines logged at a time


class Registry:
    """Registers documents at once and logs them in batches, so that a rebuilt index has them too."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._lines: list[AnyState] = []

    def add(self, line: AnyState) -> None:
        """Log a line with the next batch."""
        self._lines.append(line)

    async def register(self, kind: str, dw_id: int, language: str | None) -> Row | None:
        """Register a document that a seed or a list names. Returns what was known of it before, None for nothing."""
        row = self.run.archive.index.resolve(dw_id)
        if (row is None or row.hop) and not self.run.options.dry_run:  # new, or farther away until now
            self.add(StateRecord(PENDING, kind, dw_id, times.iso(self.run.start_ms), hop=0, language=language))
            if len(self._lines) >= _BATCH:
                await self.log()
        self.run.archive.register([dw_id], 0, kind, language)
        return row

    async def log(self) -> None:
        """Log what has been registered since the last time. Raises DiskError."""
        lines, self._lines = self._lines, []
        if lines:
            await self.run.store([], lines)
