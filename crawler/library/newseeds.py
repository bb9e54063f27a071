"""Offer the archive's documents as seeds for other tools, in order of stamp."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from crawler import seedfile, times
from crawler.exceptions import SeedFormatError
from crawler.files import read_file
from crawler.seedfile import SeedDocument
from crawler.storage import disk
from crawler.storage.index import figures
from crawler.storage.index.sqlite import Index


@dataclass(frozen=True)
class NewSeed:
    """A document on disk. id: DW's. path: relative to the archive. published_ms: the time that DW shows, milliseconds UTC,
    None if unknown. is_revised: whether the archive has an earlier version of it. data: the whole file."""

    id: int
    kind: str
    language: str
    path: str
    published_ms: int | None
    is_revised: bool
    document: SeedDocument
    data: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """The sha256 of the file, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True)
class Selection:
    """The documents to offer. since_ms: with this stamp or a later one. since_run: stored by this run (its name) or a later
    one. languages: their paths, empty for all. outcome: `figures.NEW` or `figures.REVISED`, '' for both."""

    since_ms: int = 0
    since_run: str = ""
    languages: frozenset[str] = frozenset()
    outcome: str = ""


def count(index: Index, selection: Selection) -> int:
    """Return how many selected documents the index has."""
    return figures.count_since(index, selection.since_ms, selection.since_run, selection.languages, selection.outcome)


def find(root: Path, index: Index, selection: Selection, miss: Callable[[str], None]) -> Generator[NewSeed]:
    """Yield the selected documents in order of stamp. miss: called with the path of each missing or damaged document, which is
    left out."""
    chosen = selection.since_ms, selection.since_run, selection.languages, selection.outcome
    for dw_id, kind, language, path, known_ms, is_revised in figures.documents_since(index, *chosen):
        try:
            data = read_file(root / path)
            document = seedfile.loads(data)
        except (OSError, SeedFormatError):
            miss(path)
        else:
            shown_ms = times.parse_ms(document.display_date)
            published_ms = known_ms if shown_ms is None else shown_ms
            yield NewSeed(dw_id, kind, language or document.language, path, published_ms, is_revised, document, data)


def write(seeds: Iterable[NewSeed], folder: Path, digits: int = 3) -> Iterator[tuple[NewSeed, str]]:
    """Write documents into a folder as `000_{first 16 hex digits of the sha256}.txt`, numbered as they come. A file with that
    name is kept, because it has the same bytes.

    digits: of the number, at least three; more if there are more documents, so that the names sort. Yields each document with
    its file name. Raises OSError.
    """
    disk.make_folder(folder)
    for number, seed in enumerate(seeds):
        name = f"{number:0{digits}}_{seed.sha256[:16]}.txt"
        if not (folder / name).exists():
            disk.rename(disk.write_temporary(folder / name, seed.data), folder / name)
        yield seed, name
    disk.sync_folders([folder])
