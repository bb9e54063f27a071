"""ZIM: a file for each language, which Kiwix reads on a phone without a network: pages, pictures, and an index to search.

libzim decides on compression, and gives each file a random UUID: the same archive gives the same entries, not the same bytes.
"""

from __future__ import annotations

import html
import json
import os
import shutil
import struct
import zlib
from array import array
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from crawler import streams
from crawler.dw.passages import line_of
from crawler.export.needs import needed
from crawler.export.notebook import Notebook
from crawler.export.output import ExportError
from crawler.export.pages import Pages
from crawler.export.room import Room
from crawler.export.source import Source
from crawler.export.warc import last_run
from crawler.export.zimindex import searchable, titles
from crawler.files import is_file
from crawler.library import Document
from crawler.storage import disk, layout

_LATEST = 60  # documents on the main page
_MAIN = "index.html"
_CODES = {
    "am": "amh", "ar": "ara", "bg": "bul", "bn": "ben", "bs": "bos", "de": "deu", "el": "ell", "en": "eng", "es": "spa",
    "fa-af": "prs", "fa-ir": "fas", "fr": "fra", "ha": "hau", "hi": "hin", "hr": "hrv", "id": "ind", "mk": "mkd", "pl": "pol",
    "ps": "pus", "pt-002": "por", "pt-br": "por", "ro": "ron", "ru": "rus", "sq": "sqi", "sr": "srp", "sw": "swa", "tr": "tur",
    "uk": "ukr", "ur": "urd", "zh": "zho", "zh-hant": "zho",
}  # fmt: skip
"""Language path to ISO 639-3, as ZIM requires."""


def write_one(source: Source, path: Path, language: str, pages: Pages) -> None:
    """Write the ZIM file of a language. Raises ExportError if the archive has no documents in it."""
    ids = source.ids(language)
    if not ids:
        raise ExportError(f"the archive has no documents in {language} to make a ZIM file of")
    _write(source, path, language, "", ids, pages)


def write_all(source: Source, folder: Path, pages: Pages, *, by_year: bool) -> None:
    """Write `zh.zim`, `en.zim` ..., or `zh-2026.zim` ... by_year: the year of a document is that of its path."""
    for language in source.languages():
        years: dict[str, array[int]] = defaultdict(lambda: array("q"))
        for dw_id in source.ids(language):
            path = source.library.path_of(dw_id)
            years[path.split("/")[1] if by_year and path else ""].append(dw_id)
        for year, ids in sorted(years.items()):
            _write(source, folder / f"{language}{year and f'-{year}'}.zim", language, year, ids, pages)


def is_ours(folder: Path) -> bool:
    """Whether a folder holds ZIM files and nothing else."""
    return all(one.suffix == ".zim" and is_file(one) for one in folder.iterdir())


def _write(source: Source, path: Path, language: str, year: str, ids: Sequence[int], pages: Pages) -> None:
    workshop = path.with_name(f"{path.name}.d")  # libzim writes several files and chooses their names
    shutil.rmtree(workshop, ignore_errors=True)
    workshop.mkdir()
    try:
        with Notebook() as notebook, streams.muted():
            _Zim(source, notebook, pages, language, year, ids, Room(workshop)).write(workshop / "made.zim")
        disk.rename(workshop / "made.zim", path)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


class _Zim:
    """A ZIM file that is being made from the documents of a language."""

    def __init__(
        self, source: Source, notebook: Notebook, pages: Pages, language: str, year: str, ids: Sequence[int], room: Room
    ) -> None:
        with needed("libzim", "zim"):
            from libzim import writer
        self._writer = writer
        self._source = source
        self._notebook = notebook
        self._pages = pages
        self._language = language
        self._year = year
        self._in_order = ids
        self._ids = array("q", sorted(ids))
        self._room = room

    def write(self, path: Path) -> None:
        """Write the file. Raises DiskError, and ExportError for what else libzim cannot do."""
        try:
            self._write(path)
        except RuntimeError as error:
            self._room.require()
            raise ExportError(f"libzim cannot write {path}: {error}") from error

    def _write(self, path: Path) -> None:
        code = _CODES.get(self._language, "mul")
        with self._writer.Creator(path).config_indexing(True, code).set_mainpath(_MAIN) as self._creator:
            latest: deque[Document] = deque(maxlen=_LATEST)
            for document in self._source.given(self._in_order):
                self._add_document(document)
                latest.append(document)
            self._add_page("style.css", "", "text/css", self._pages.style)
            months = list(self._add_months())
            self._add_page(_MAIN, self._title(), "text/html", _main_page(self._title(), reversed(latest), months))
            self._add_metadata(code)

    def _add_document(self, document: Document) -> None:
        self._room.require()
        path, title = _page_path(document.path), line_of(document.title) or "Untitled"
        text = "\n".join((title, document.author, document.text))
        index = self._index(searchable(title, self._language), searchable(text, self._language))
        self._add_page(path, title, "text/html", self._pages.page(document, self._place), index)
        for number, other in enumerate(titles(title, self._language)):
            hints = {self._writer.Hint.FRONT_ARTICLE: True}
            self._creator.add_redirection(f"{path}/{number}", other, path, hints)
        for file in self._pages.files(document):
            if self._notebook.is_first(file):
                self._add_file(file)
        folder = path.rpartition("/")[0]
        self._notebook.note(folder, str(document.published or ""), json.dumps([path, title]))
        self._notebook.note("folders", folder, folder)

    def _place(self, path: str) -> str:
        """Return the address of a path, for the page of a document. A document that is not in this file has DW's address."""
        dw_id = layout.id_of(path.removesuffix(".html") + ".txt") if path.endswith(".html") else None
        if dw_id is not None:
            place = bisect_left(self._ids, dw_id)
            if place == len(self._ids) or self._ids[place] != dw_id:
                return f"https://www.dw.com/{path.split('/')[0]}/a-{dw_id}"
        return f"../../../{path}"

    def _add_months(self) -> Iterator[tuple[str, int]]:
        """Add a page for each month. Yields (its folder, how many documents), the latest first."""
        for folder in reversed(list(dict.fromkeys(self._notebook.noted("folders")))):
            found = [json.loads(line) for line in self._notebook.noted(folder)]
            self._add_page(f"{folder}/{_MAIN}", "", "text/html", _month_page(folder, reversed(found)))
            yield folder, len(found)

    def _title(self) -> str:
        return f"Deutsche Welle: {self._language}{self._year and f' {self._year}'}"

    def _add_metadata(self, code: str) -> None:
        tags = ";".join(("_category:news", "_ftindex:yes", "_pictures:yes", "_videos:no", "_details:yes"))
        known = {
            "Name": f"dw_{self._language}_{self._year or 'all'}", "Title": self._title(), "Creator": "Deutsche Welle",
            "Publisher": "dw-archiver", "Date": last_run(self._source)[:10], "Language": code, "Tags": tags,
            "Description": "News of Deutsche Welle, to be read without a network", "Source": "https://www.dw.com/",
        }  # fmt: skip
        for name, value in known.items():
            self._creator.add_metadata(name, value)
        self._creator.add_illustration(48, _illustration())

    def _index(self, title: str, content: str) -> Any:
        writer = self._writer
        self._room.add_text(content)

        class Index(writer.IndexData):  # type: ignore[misc, name-defined]
            def has_indexdata(self) -> bool:
                return True

            def get_title(self) -> str:
                return title

            def get_content(self) -> str:
                return content

            def get_keywords(self) -> str:
                return ""

            def get_wordcount(self) -> int:
                return content.count(" ") + 1

        return Index()

    def _add_page(self, path: str, title: str, mime: str, data: bytes, index: Any = None) -> None:
        self._add(path, title, mime, self._writer.StringProvider(data), index)

    def _add_file(self, path: str) -> None:
        self._room.require(os.stat(self._source.library.path / path).st_size)
        mime = _MIMES.get(path.rpartition(".")[2], "application/octet-stream")
        self._add(path, "", mime, self._writer.FileProvider(self._source.library.path / path))

    def _add(self, path: str, title: str, mime: str, provider: Any, index: Any = None) -> None:
        """Add an entry. index: the searchable text of a document's page; None for other entries."""
        writer = self._writer

        class Entry(writer.Item):  # type: ignore[misc, name-defined]
            def get_path(self) -> str:
                return path

            def get_title(self) -> str:
                return title

            def get_mimetype(self) -> str:
                return mime

            def get_contentprovider(self) -> Any:
                return provider

            def get_hints(self) -> dict[Any, int]:
                return {writer.Hint.FRONT_ARTICLE: index is not None, writer.Hint.COMPRESS: mime.startswith("text/")}

            def get_indexdata(self) -> Any:
                return index or writer.IndexData()

        self._creator.add_item(Entry())


_MIMES = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp",
          "mp4": "video/mp4", "mp3": "audio/mpeg"}  # fmt: skip


def _page_path(document: str) -> str:
    return f"{document.removesuffix('.txt')}.html"


def _main_page(title: str, latest: Iterator[Document], months: Sequence[tuple[str, int]]) -> bytes:
    items = "".join(_item(_page_path(one.path), one.title) for one in latest)
    folders = "".join(f'<li><a href="{folder}/{_MAIN}">{folder[-7:]}</a> ({count:,})</li>\n' for folder, count in months)
    return _list_page(title, "", f"<ul>\n{items}</ul>\n<h2>All</h2>\n<ul>\n{folders}</ul>")


def _month_page(folder: str, found: Iterator[tuple[str, str]]) -> bytes:
    items = "".join(_item(path.rpartition("/")[2], title) for path, title in found)
    return _list_page(folder[-7:], "../../../", f'<p><a href="../../../{_MAIN}">…</a></p>\n<ul>\n{items}</ul>')


def _item(path: str, title: str) -> str:
    return f'<li><a href="{html.escape(path)}" dir="auto">{html.escape(line_of(title) or "Untitled")}</a></li>\n'


def _list_page(title: str, root: str, body: str) -> bytes:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
    style = f'<link rel="stylesheet" href="{root}style.css">'
    page = f"<!doctype html>\n<html><head>{head}{style}</head>\n<body><main>\n<h1>{title}</h1>\n{body}\n</main></body></html>\n"
    return page.encode("utf-8", "replace")


def _illustration() -> bytes:
    """Return a blue square of 48 pixels as PNG, which Kiwix shows in its list."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = (b"\0" + b"\x05\x2a\x63" * 48) * 48
    header = struct.pack(">IIBBBBB", 48, 48, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
