"""What a stored reply gives, read again with today's code: the measure of whether a document is the one it was made into."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from crawler.dw import places
from crawler.exceptions import UnreadableReply
from crawler.seedfile import SeedDocument
from crawler.storage import replyfile
from crawler.urls import DOCUMENT_KINDS, UNKNOWN_LANGUAGE, Sites


def is_whole(data: bytes) -> bool:
    """Whether a gzip file is whole: its own checksum tells."""
    try:
        replyfile.unpack(data)
    except OSError:
        return False
    return True


def documents(
    path: str, data: bytes, dw_id: int, kind: str, stamp_ms: int, language: str, sites: Sites
) -> Iterator[SeedDocument]:
    """Every document that a reply beside a document may have been made into: the place it was asked for is not always known.

    path: of the reply; it tells a page from JSON. data: the file as it lies on disk. kind: what the document is held to be;
    the other kinds follow. stamp_ms, language: of the document. Gives nothing for what is damaged or unreadable.
    """
    with contextlib.suppress(OSError):
        body, charset = replyfile.unpack(data)
        asked = None if language == UNKNOWN_LANGUAGE else language
        for one in dict.fromkeys((kind, *DOCUMENT_KINDS)):
            for place in (places.PAGE,) if path.endswith(".html.gz") else (places.first(one), places.GRAPH):
                with contextlib.suppress(UnreadableReply):
                    article = places.read(place, body, dw_id, one, asked, sites, charset)
                    yield places.document(article, stamp_ms, language)
