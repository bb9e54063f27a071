"""Collect the facts about a document that pages need: its title, its links, and the pictures it shows."""

from __future__ import annotations

import re
from itertools import islice
from typing import NamedTuple

from crawler import normalise, urls
from crawler.dw.passages import line_of
from crawler.seedfile import MOST_REFERENCES, SeedDocument
from crawler.storage.index.objects import MEDIA, rendition_key

_HREF = re.compile(r"""<a\b[^<>]*?\shref\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)')""", re.IGNORECASE)
UNTITLED = "Untitled"


class Facts(NamedTuple):
    """The facts about a document. title: one line, never empty. targets: ids of the documents it links to. shown: (id,
    rendition) of the pictures and media files it shows, in order, as in the index."""

    title: str
    targets: list[int]
    shown: list[tuple[int, str]]


def facts(document: SeedDocument) -> Facts:
    """Return the facts of a document."""
    hrefs = (normalise.unescape(double or single) for double, single in _HREF.findall(document.html))
    linked = (dw_id for href in hrefs if (dw_id := target_of(href)))
    targets = list(islice(dict.fromkeys([*document.references, *linked]), MOST_REFERENCES))
    shown = [(name.id, rendition_key(name.rendition, name.file_name)) for name in document.pictures]
    if document.media and document.id:
        shown.append((document.id, MEDIA))
    return Facts(title_of(document), targets, shown)


def title_of(document: SeedDocument) -> str:
    """Return a document's title on one line, never empty, because it is the text of links."""
    return line_of(document.title) or UNTITLED


def target_of(href: str) -> int | None:
    """Return the id of the document that a link in a body leads to; None for every other link."""
    href = f"https://www.dw.com{href}" if href.startswith("/") and not href.startswith("//") else href
    target = urls.parse_target(href)
    return target.id if target and target.kind in urls.DOCUMENT_KINDS else None


