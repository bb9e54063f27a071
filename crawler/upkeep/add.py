"""Add existing seed documents to an archive, many at a time, without any request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field

from crawler import seeds
from crawler.seedfile import SeedDocument
from crawler.storage.archive import Archive
from crawler.storage.logline import Record

_ON_THEIR_WAY = 256  # documents that are being written at a time; bounds memory


@dataclass
class Added:
    """Counts of what became of the documents.

    outcomes: by the outcome of `Archive.plan_seed`. mended: documents whose line ends or encoding were normalised. problems:
    files and lines that are not documents.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    mended: int = 0
    problems: int = 0

    @property
    def documents(self) -> int:
        return self.outcomes.total()


class _OnTheirWay:
    """Documents that are being written: many at a time share the waiting for the disk. By id."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._stored: dict[int, tuple[SeedDocument, Future[list[Record]]]] = {}

    def take(self, document: SeedDocument, now_ms: int) -> str:
        """Begin to write a document. Returns the outcome of `Archive.plan_seed`. Raises DiskError."""
        archive = self._archive
        assert document.id is not None
        row = archive.index.resolve(document.id)
        dw_id = row.id if row else document.id
        if dw_id in self._stored:  # two versions of one article must see each other
            self._finish(dw_id)
        outcome, files = archive.plan_seed(document, "add", now_ms)
        if files:
            self._stored[dw_id] = (document, archive.begin_store(files))
            self.finish(_ON_THEIR_WAY)
        return outcome

    def finish(self, most: int = 0) -> None:
        """Wait until at most `most` are left. Raises DiskError."""
        while len(self._stored) > most:
            self._finish(next(iter(self._stored)))

    def _finish(self, dw_id: int) -> None:
        document, stored = self._stored.pop(dw_id)
        self._archive.end_store(stored)
        self._archive.register_document(document, "add", 0)


def add(
    archive: Archive,
    found: Iterable[seeds.Seed],
    now_ms: int,
    *,
    complain: Callable[[seeds.Problem], None],
    advance: Callable[[int, int | None], None] = lambda done, total: None,
) -> Added:
    """Add documents to the archive. An address among them is a problem.

    complain: called once for each problem. advance: called with (documents so far, None). Of two versions the one with the
    later stamp becomes the document, the other a revision, in whatever order they come. Raises DiskError.
    """
    added, on_their_way = Added(), _OnTheirWay(archive)
    for seed in found:
        if not isinstance(seed, seeds.Document):
            added.problems += 1
            complain(seed if isinstance(seed, seeds.Problem) else seeds.Problem(seed.place, "an address, not a seed document"))
            continue
        added.mended += seed.is_mended
        added.outcomes[on_their_way.take(seed.document, now_ms)] += 1
        advance(added.documents, None)
    on_their_way.finish()
    return added
