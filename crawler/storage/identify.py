"""What an object is, told by its document where there is no reply of DW's to ask: one that was added, or left by a kill."""

from __future__ import annotations

from crawler import times
from crawler.seedfile import SeedDocument
from crawler.storage.index.objects import Row


def kind(document: SeedDocument, known: Row | None) -> str:
    """article, gallery, video, audio or liveblog. A document does not tell a liveblog from an article: what was known does."""
    return "liveblog" if document.kind == "article" and known and known.kind == "liveblog" else document.kind


def published_ms(document: SeedDocument, known: Row | None) -> int:
    """When it was published, else the first stamp known. Videos and galleries show no date, though DW's reply has one."""
    shown = times.parse_ms(document.display_date)
    if shown is not None:
        return shown
    return document.stamp_ms if known is None or known.published_ms is None else known.published_ms
