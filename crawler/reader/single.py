"""Make a document a page of its own, for web archives, ZIM files and feeds; the caller chooses the addresses."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from crawler import times
from crawler.dw.passages import line_of
from crawler.files import is_file
from crawler.library import Document, Library
from crawler.reader import names
from crawler.reader.body import Surroundings, body
from crawler.reader.facts import facts
from crawler.seedfile import SeedDocument
from crawler.storage import layout
from crawler.storage.index.objects import MEDIA, rendition_key

Place = Callable[[str], str]
"""Returns the address for a path: of a document's page (`en/2026/05/7-x.html`), a picture or a media file in the archive."""

_TEMPLATES = Path(__file__).parent / "templates"
# addresses that we made, in tags that we made; addresses that lead elsewhere have a scheme
_OWN = re.compile(r'(<[a-z][^<>]*?\s(?:href|src)=")([a-z0-9-]+/[^":]*)(?=")')


class SinglePages:
    """Makes pages of documents. style: the style sheet they name as `place("style.css")`."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._templates = Environment(
            loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
            lstrip_blocks=True, keep_trailing_newline=True, auto_reload=False,
        )  # fmt: skip
        self._templates.filters |= {"day": names.day, "minute": names.minute, "iso": times.iso}
        self._templates.globals |= {"kind_of": names.kind}
        self.style = (_TEMPLATES / "style.css").read_bytes()

    def page(self, document: Document, place: Place) -> bytes:
        """Return the page of a document, as UTF-8."""
        stamp_ms = document.stamp_ms
        shown = document.published and times.parse_ms(document.published.isoformat())
        published_ms = stamp_ms if shown is None else shown
        text = self._templates.get_template("single.html.j2").render(
            document=document, title=line_of(document.title) or "Untitled", language=names.language(document.language),
            body=self.body(document, place), published_ms=published_ms, style=place("style.css"),
        )  # fmt: skip
        return text.encode("utf-8", "replace")

    def body(self, document: Document, place: Place) -> str:
        """Return the body of a document as HTML that runs nothing."""
        seed = SeedDocument(document.stamp_ms, document.title, document.url, document.html)
        pages = {target: path for target in facts(seed).targets if (path := self._library.path_of(target))}
        written = body(seed, Surroundings("", pages, self._files(document, seed)))
        return _OWN.sub(lambda found: found[1] + place(found[2]), written)

    def files(self, document: Document) -> list[str]:
        """Return the paths of the pictures and media files that a document shows and the archive has."""
        seed = SeedDocument(document.stamp_ms, document.title, document.url, document.html)
        return list(dict.fromkeys(path for path, _ in self._files(document, seed).values() if path))

    def _files(self, document: Document, seed: SeedDocument) -> dict[tuple[int, str], tuple[str, str]]:
        """Return the value of `Surroundings.files`."""
        found = {}
        for name, picture in zip(seed.pictures, document.pictures, strict=True):
            rendition = rendition_key(name.rendition, name.file_name)
            found[name.id, rendition] = (picture.path or "", "" if picture.path else "not in the archive")
        for end in ("mp4", "mp3"):
            path = layout.media_path(document.id, end)
            if seed.media and is_file(self._library.path / path):
                found[document.id, MEDIA] = (path, "")
        return found
