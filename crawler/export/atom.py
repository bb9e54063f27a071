"""Atom (RFC 4287): a feed for each language with its newest documents in full, and an OPML list of the feeds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape, quoteattr

from crawler import times
from crawler.dw.passages import line_of
from crawler.export.output import ExportError, writing
from crawler.export.pages import Pages
from crawler.export.source import Source
from crawler.files import is_file
from crawler.library import Document

NEWEST = 100
"""The number of documents in a feed."""

OPML = "feeds.opml"
_TAG = "tag:dw.com,2000:"  # RFC 4151: an id that stays if the title, address or kind changes
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'


def write(source: Source, folder: Path, name: str, base_url: str, pages: Pages) -> None:
    """Write `zh.atom`, `en.atom` ... and `feeds.opml`.

    base_url: the address of the site of `scrapy site`, for links to pages and pictures. name: the final name of the folder.
    """
    base = require_base(base_url)
    languages = []
    for language in source.languages():
        entries = [(document.stamp_ms, _entry(document, base, pages)) for document in source.of_language(language, NEWEST)]
        if entries:
            languages.append(language)
            with writing(folder / f"{language}.atom") as file:
                for part in _feed(language, entries, base, name):
                    file.write(part.encode())
    with writing(folder / OPML) as file:
        file.write(_opml(languages, base, name).encode())


def is_ours(folder: Path) -> bool:
    """Whether a folder holds feeds and nothing else."""
    return is_file(folder / OPML) and all(one.suffix == ".atom" or one.name == OPML for one in folder.iterdir())


def require_base(base_url: str) -> str:
    """Return an address that ends with `/`. Raises ExportError if it is not absolute."""
    try:
        parts = urlsplit(base_url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)
    except ValueError:
        is_good = False
    if not is_good or not base_url.isprintable() or " " in base_url:
        raise ExportError(f"atom needs --base-url, where the site will be, as in https://mirror.example/dw/, not {base_url!r}")
    return base_url if base_url.endswith("/") else f"{base_url}/"


def _feed(language: str, entries: list[tuple[int, str]], base: str, name: str) -> Iterator[str]:
    own, site = _feed_address(language, base, name), f"{base}{language}/index.html"
    yield _HEAD
    yield f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang={_attribute(language)}>\n'
    yield f"<id>{_TAG}feed/{language}</id>\n<title>Deutsche Welle: {language}</title>\n"
    yield f"<updated>{_moment(max(stamp_ms for stamp_ms, _ in entries))}</updated>\n"
    yield "<author><name>Deutsche Welle</name><uri>https://www.dw.com/</uri></author>\n<generator>dw-archiver</generator>\n"
    yield f'<link rel="self" type="application/atom+xml" href={_attribute(own)}/>\n'
    yield f'<link rel="alternate" type="text/html" href={_attribute(site)}/>\n'
    yield from (entry for _, entry in entries)
    yield "</feed>\n"


def _entry(document: Document, base: str, pages: Pages) -> str:
    """Return a document as an entry. Its authors are the names in its byline; without any, the feed's author counts."""
    page = f"{base}{document.path.removesuffix('.txt')}.html"
    original = f"https://www.dw.com/{document.language}/a-{document.id}"
    names = filter(None, (_text(name.strip()) for name in document.author.split(", ")))
    lines = [
        f"<entry>\n<id>{_TAG}{document.id}</id>",
        f"<title>{_text(line_of(document.title)) or 'Untitled'}</title>",
        f'<link rel="alternate" type="text/html" href={_attribute(page)}/>',
        f'<link rel="via" href={_attribute(original)}/>',
        *(f"<author><name>{name}</name></author>" for name in names),
        f"<published>{times.iso_ms(document.published)}</published>" if document.published else "",
        f"<updated>{_moment(document.stamp_ms)}</updated>",
        f"<category term={_attribute(document.kind)}/>",
        f'<content type="html">{_text(pages.body(document, lambda path: base + path))}</content>\n</entry>\n',
    ]
    return "\n".join(filter(None, lines))


def _opml(languages: list[str], base: str, name: str) -> str:
    outlines = "".join(
        f'<outline type="rss" text="Deutsche Welle: {language}" language="{language}" '
        f"xmlUrl={_attribute(_feed_address(language, base, name))} htmlUrl={_attribute(f'{base}{language}/index.html')}/>\n"
        for language in languages
    )
    head = "<head><title>Deutsche Welle</title></head>"
    return f'{_HEAD}<opml version="2.0">\n{head}\n<body>\n{outlines}</body>\n</opml>\n'


def _feed_address(language: str, base: str, name: str) -> str:
    return f"{base}{quote(name, errors='surrogateescape')}/{language}.atom"


def _moment(moment_ms: int) -> str:
    return times.iso_ms(times.moment(moment_ms))


def _text(text: str) -> str:
    return escape(_NO_XML.sub("\ufffd", text))


def _attribute(text: str) -> str:
    return quoteattr(_NO_XML.sub("\ufffd", text))
