"""Tell kind and date of an object from its document, for documents without a reply: added ones, and leftovers of a killed
run."""

from __future__ import annotations

from crawler import times
from crawler.seedfile import SeedDocument
from crawler.storage.index.objects import Row


def kind(document: SeedDocument, known: Row | None) -> str:
    """Return the kind: article, gallery, video, audio or liveblog.

    A document does not tell a liveblog from an article, so the known kind decides between these.
    """
    return "liveblog" if document.kind == "article" and known and known.kind == "liveblog" else document.kind


def published_ms(document: SeedDocument, known: Row | None) -> int:
    """Return the time of publication, else the first known stamp, in milliseconds UTC.

    Videos and galleries show no date, though DW's reply has one.
    """
    shown = times.parse_ms(document.display_date)
    if shown is not None:
        return shown
    return document.stamp_ms if known is None or known.published_ms is None else known.published_ms
