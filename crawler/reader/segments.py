"""Divide the documents of a site into segments that are searched together, and find the segments that must be made.

Time is halved until no part has more than MOST documents. So the segments depend on the documents alone, not on the order in
which they came; a new document changes one segment, or splits one in two; and the newest documents, which a search reads
first, are together. A segment is named after its content and never changed, so a search finds either the old or the new one.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from crawler.reader.memory import Memory
from crawler.reader.plan import read_document
from crawler.reader.shards import FOLDER, File, Segment, script

MOST = 1024
"""The largest number of documents in a segment."""

_EARLIEST_MS = -(2**47)
_TIME_BITS, _ID_BITS = 49, 50


class Part(NamedTuple):
    """A segment: documents that are searched together. name: of its folder in `search/`. documents: how many. oldest, newest:
    the ends of its range, (published_ms, id)."""

    name: str
    documents: int
    oldest: tuple[int, int]
    newest: tuple[int, int]


def parts(memory: Memory) -> list[Part]:
    """Return the segments that a site should have, newest first."""
    keys = [key(*row) for row in memory.rows("SELECT published_ms, id FROM documents ORDER BY published_ms, id")]
    line = "published_ms || ' ' || id || ' ' || sha256 || kind || path"
    rows = memory.rows(f"SELECT published_ms, id, {line} FROM documents ORDER BY published_ms, id")
    found = []
    for count in halved(keys, MOST):
        documents = list(islice(rows, count))
        digest = hashlib.sha256("".join(f"{what}\n" for _, _, what in documents).encode())
        found.append(Part(digest.hexdigest()[:12], count, documents[0][:2], documents[-1][:2]))
    return found[::-1]


def key(published_ms: int, dw_id: int) -> int:
    """Return a number that orders documents by time and id."""
    return published_ms - _EARLIEST_MS << _ID_BITS | dw_id


def halved(keys: Sequence[int], most: int) -> Iterator[int]:
    """Yield how many of the ascending keys are in each part.

    >>> list(halved([0, 1, 2, 2**98], most=2))
    [2, 1, 1]
    """

    def split(start: int, end: int, low: int, bits: int) -> Iterator[int]:
        if end - start > most and bits:
            middle = low + (1 << bits - 1)
            at = bisect_left(keys, middle, start, end)
            yield from split(start, at, low, bits - 1)
            yield from split(at, end, middle, bits - 1)
        elif end > start:
            yield end - start

    return split(0, len(keys), 0, _TIME_BITS + _ID_BITS)


class Shelf:
    """The segments of a site: those it has, and those to be made. archive: the folder of the documents."""

    def __init__(self, memory: Memory, archive: Path) -> None:
        self._memory = memory
        self._archive = archive
        self._made: dict[str, tuple[list[str], bool]] = {}
        self.parts = parts(memory)

    def missing(self) -> list[Part]:
        """Return the segments that must be made."""
        known = {name for (name,) in self._memory.rows("SELECT name FROM segments WHERE is_whole")}
        return [part for part in self.parts if part.name not in known]

    def make(self, part: Part) -> Iterator[File]:
        """Yield the files of a segment. Call `keep` when all are written. Unreadable documents are left out."""
        segment = Segment(part.name)
        sql = "WHERE (published_ms, id) BETWEEN (?, ?) AND (?, ?) ORDER BY published_ms DESC, id DESC"
        is_whole = True
        for row in self._memory.documents(sql, [*part.oldest, *part.newest]):
            document = read_document(self._archive, row.path, row.sha256)
            if document is None:
                is_whole = False
            else:
                yield from segment.add(row, document)
        yield from segment.finish()
        self._made[part.name] = segment.first_tokens, is_whole

    def keep(self, part: Part) -> None:
        """Remember that the site has a segment. One that lacks documents is made again the next time."""
        first_tokens, is_whole = self._made.pop(part.name)
        self._memory.keep_segment(part.name, json.dumps(first_tokens), is_whole=is_whole)

    def directory(self) -> File:
        """Return what the search page reads first: of each segment its name, newest and oldest moment, number of documents,
        and the first token of each file; newest first."""
        first = dict(self._memory.rows("SELECT name, first_tokens FROM segments"))
        entries: list[Any] = [
            [part.name, part.newest[0], part.oldest[0], part.documents, json.loads(first[part.name])] for part in self.parts
        ]
        return script(f"{FOLDER}/segments.js", entries)

    def forget_others(self) -> list[str]:
        """Forget the segments that the site should not have. Returns the paths of their files."""
        names = {part.name for part in self.parts}
        for (name,) in list(self._memory.rows("SELECT name FROM segments")):
            if name not in names:
                self._memory.forget_segment(name)
        paths = self._memory.rows(f"SELECT path FROM made WHERE path GLOB '{FOLDER}/*/*'")
        return [path for (path,) in paths if path.split("/")[1] not in names]
