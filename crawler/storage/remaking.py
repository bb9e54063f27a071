"""Read a stored reply again with today's code, to check whether a document was made from it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from crawler import seedfile
from crawler.exceptions import UnreadableReply
from crawler.seedfile import SeedDocument
from crawler.storage import renditions, replyfile
from crawler.urls import DOCUMENT_KINDS, UNKNOWN_LANGUAGE, Sites


def is_whole(data: bytes) -> bool:
    """Whether a gzip file is whole, by its own checksum."""
    try:
        replyfile.unpack(data)
    except OSError:
        return False
    return True


def documents(
    root: Path, path: str, data: bytes, dw_id: int, kind: str, stamp_ms: int, language: str, sites: Sites
) -> Iterator[SeedDocument]:
    """Yield every document that a stored reply may give. There may be several, because its place is not always known, and a
    stored rendition of a picture may stand in for the wanted one.

    root: the archive's folder. path: of the reply; its ending tells a page from JSON. data: the file's bytes. kind: the
    presumed kind of the document, tried first. stamp_ms, language: of the document. Yields nothing if the reply is damaged or
    unreadable.
    """
    from crawler.dw import places  # late: every command imports this file, and few need a reader, which takes 0.1 s to import

    with contextlib.suppress(OSError):
        body, charset = replyfile.unpack(data)
        asked = None if language == UNKNOWN_LANGUAGE else language
        for one in dict.fromkeys((kind, *DOCUMENT_KINDS)):
            for place in (places.PAGE,) if path.endswith(".html.gz") else (places.first(one), places.GRAPH):
                with contextlib.suppress(UnreadableReply):
                    article = places.read(place, body, dw_id, one, asked, sites, charset)
                    document = places.document(article, stamp_ms, language)
                    yield document
                    others = seedfile.with_renditions(document, lambda name: renditions.stored(root, name) or name)
                    if others != document:
                        yield others
