"""Give an export the selected documents of an archive, always in the same order."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from crawler.library import Document, Library
from crawler.library.selection import Selection
from crawler.upkeep.shard import WHOLE, Shard

Advance = Callable[[int, int | None], None]


class Source:
    """The selected documents of an archive. Memory use is eight bytes a document and one document at a time.

    with_revisions: whether earlier versions come too, oldest first, before their document. shard: the share of the documents to
    give, by id; all shards together give all. advance: called with (documents
    read, all). documents, revisions: how many were given so far; damaged ones are left out, see `Library.damaged`.
    """

    def __init__(
        self, library: Library, selection: Selection, with_revisions: bool, advance: Advance, shard: Shard = WHOLE
    ) -> None:
        self.library = library
        self.selection = selection
        self.documents = 0
        self.revisions = 0
        self._with_revisions = with_revisions
        self.advance = advance
        self._shard = shard
        self._read = 0
        self._total = 0

    def all(self) -> Iterator[Document]:
        """Yield every document in order of publication, then of id; those without a known time of publication come last."""
        return self.given(self._of_shard(self.library.ids(self.selection)))

    def languages(self) -> list[str]:
        """Return the selected language paths that the archive has, in order."""
        return [one for one in self.library.languages() if not self.selection.languages or one in self.selection.languages]

    def ids(self, language: str, newest: int = 0) -> Sequence[int]:
        """Return the ids of the selected documents of a language in the order of `all`. newest: only so many, the newest
        first; 0 for all."""
        return self._of_shard(self.library.ids(replace(self.selection, languages=frozenset({language})), newest))

    def _of_shard(self, ids: Sequence[int]) -> Sequence[int]:
        if self._shard == WHOLE:
            return ids
        return array("q", (dw_id for dw_id in ids if self._shard.has(str(dw_id))))

    def of_language(self, language: str, newest: int = 0) -> Iterator[Document]:
        """Yield the documents with these `ids`."""
        return self.given(self.ids(language, newest))

    def given(self, ids: Sequence[int]) -> Iterator[Document]:
        """Yield the documents with these ids, in this order."""
        self._total += len(ids)
        for document in self.library.chosen(self._counted(ids)):
            if self._with_revisions:
                for revision in reversed(document.revisions):
                    self.revisions += 1
                    yield revision
            self.documents += 1
            yield document

    def _counted(self, ids: Sequence[int]) -> Iterator[int]:
        for dw_id in ids:
            yield dw_id
            self._read += 1
            self.advance(self._read, self._total)
