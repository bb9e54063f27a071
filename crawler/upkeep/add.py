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
    added = Added()
    on_their_way: dict[int, tuple[SeedDocument, Future[list[Record]]]] = {}

    def finish(dw_id: int) -> None:
        document, stored = on_their_way.pop(dw_id)
        archive.end_store(stored)
        archive.register_document(document, "add", 0)

    for seed in found:
        if not isinstance(seed, seeds.Document):
            added.problems += 1
            complain(seed if isinstance(seed, seeds.Problem) else seeds.Problem(seed.place, "an address, not a seed document"))
            continue
        assert seed.document.id is not None
        added.mended += seed.is_mended
        row = archive.index.resolve(seed.document.id)
        dw_id = row.id if row else seed.document.id
        if dw_id in on_their_way:  # two versions of one article must see each other
            finish(dw_id)
        outcome, files = archive.plan_seed(seed.document, "add", now_ms)
        added.outcomes[outcome] += 1
        if files:
            on_their_way[dw_id] = (seed.document, archive.begin_store(files))
            if len(on_their_way) > _ON_THEIR_WAY:
                finish(next(iter(on_their_way)))
        advance(added.documents, None)
    while on_their_way:
        finish(next(iter(on_their_way)))
    return added
