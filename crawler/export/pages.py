"""The interface by which an export gets pages from `crawler.reader`, which it does not import. The command hands it over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from crawler.library import Document

Place = Callable[[str], str]
"""Makes an address of a path: of a document's page (`en/2026/05/7-x.html`), a picture, a media file, or `style.css`."""


class Pages(Protocol):
    """Makes pages of documents. style: the style sheet that they name."""

    style: bytes

    def page(self, document: Document, place: Place) -> bytes:
        """Return the page of a document, as UTF-8."""

    def body(self, document: Document, place: Place) -> str:
        """Return the body of a document as HTML that runs nothing."""

    def files(self, document: Document) -> list[str]:
        """Return the paths of the pictures and media files that the page shows, in order, without repeats."""
