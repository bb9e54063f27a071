"""The entries of a feed or sitemap out of an XML stream, in constant memory, whatever state the XML is in.

No tree is built: lxml's parser reports tags and text, and only the wanted fields of one entry are held. It runs in
recovering mode, so that broken XML still gives what can be read. Why not the ready-made readers, as tried in 2026-11:
feedparser 6.0.14 gathers all there is of a feed (5,000 items: 1 s, here 0.2 s); Scrapy 2.19's `Sitemap` and `xmliter_lxml`
end at an entity bomb or a stray `<`, `Sitemap` without a word, and it takes a number that was cut off for a whole one; all
want the whole body unpacked in memory.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from lxml import etree  # type: ignore[import-untyped]

from crawler.feeds.listing import shorten

_HEAD = 65_536
"""Bytes within which the first element must begin."""
_MAX_DEPTH = 1_000
_MAX_FIELD = 10_000
_MAX_WITHOUT_TAG = 1_000_000

_PROLOG = re.compile(r"\ufeff?(?>\s+|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_DOCTYPE = re.compile(
    r"""<!DOCTYPE(?>[^\[>"']++|"[^"]*+"|'[^']*+')*+"""
    r"""(\[(?>[^\]"'<]++|"[^"]*+"|'[^']*+'|<!--.*?-->|<(?!!--))*+\])?\s*+>""",
    re.DOTALL | re.IGNORECASE,
)
_ELEMENT = re.compile(r"<[A-Za-z_:\x80-\U0010ffff]")
_STRAY = re.compile(r"<(?![A-Za-z_:/!?\x80-\U0010ffff])|&(?!(?:#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6}|amp|lt|gt|quot|apos);)")
_UNDECIDED = re.compile(r"(?:<|&[#A-Za-z0-9]{0,8})\Z")
_DECLARED = re.compile(rb"""<\?xml[^>]{0,100}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._-]{1,40})""", re.IGNORECASE)
# Encodings a claim is believed for: of one or few bytes a character, with `<` in its ASCII place.
_BELIEVED = re.compile(r"iso8859-\d+|cp125\d|koi8-[ru]|gb2312|gbk|gb18030|big5\w*|euc_\w+|shift_jis\w*")


@dataclass
class Entry:
    """tag: local name of its element. fields: local name of a wanted element in it to its text, stripped, never
    empty; the first one counts."""

    tag: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass
class Around:
    """What stands around the entries, filled while they are read. root: local name of the root element, empty when
    there is none. fields: the wanted fields outside of entries. problems: sentences. is_damaged: entries
    may be missing."""

    root: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    is_damaged: bool = False

    def damage(self, problem: str) -> None:
        """Name a problem that may have cost entries."""
        self.problems.append(problem)
        self.is_damaged = True


def iter_entries(
    chunks: Iterable[bytes], tags: Collection[str], wanted: Collection[str], around: Around, content_type: str = ""
) -> Iterator[Entry]:
    """The entries, one by one, as their end tags come.

    chunks: the document; its encoding is judged by the first 64 KiB, or by the first chunk if that is longer. tags:
    local names of entry elements. wanted: local names of fields. around: is filled on the way. content_type: of the
    reply, for its charset.
    A field counts when it was closed before the document ended: half a number is never taken for one. Entities are
    never expanded and nothing is loaded: what stands before the first element is cut off, and references mean nothing.
    """
    reader = _Reader(tags, wanted, around)
    parser = etree.XMLParser(
        target=reader, recover=True, resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False
    )
    try:
        without_tag = 0
        for text in _mended(_decoded(chunks, content_type, around), around):
            tags_before = reader.tags
            parser.feed(text)
            yield from reader.take()
            without_tag = 0 if reader.tags > tags_before else without_tag + len(text)
            if without_tag > _MAX_WITHOUT_TAG:  # a tag, comment or text without end: the parser would hold it all
                around.damage(f"more than {_MAX_WITHOUT_TAG} characters without a tag: the rest was not read")
                break
        reader.ended = True
        parser.close()
    except etree.LxmlError:
        pass  # it is in the log
    except _TooDeep:
        around.damage(f"elements nested more than {_MAX_DEPTH} deep: the rest was not read")
    reader.finish()
    yield from reader.take()
    for problem in _broken(parser, around.root):
        around.damage(problem)


def _broken(parser: etree.XMLParser, root: str) -> Iterator[str]:
    errors = [error for error in parser.feed_error_log if error.level >= etree.ErrorLevels.FATAL]
    if not root:
        yield "no XML in it"
    elif errors:
        yield f"broken XML, first in line {errors[0].line}: {shorten(errors[0].message or '')}"


class _TooDeep(Exception):
    """Raised to the parser's caller, in this module only."""


class _Reader:
    """What lxml calls for every tag and piece of text."""

    def __init__(self, tags: Collection[str], wanted: Collection[str], around: Around) -> None:
        self.ended = False
        self.tags = 0
        self._entry_tags, self._wanted, self._around = tags, wanted, around
        self._path: list[str] = []
        self._entry: Entry | None = None
        self._finished: list[Entry] = []
        self._text = ""
        self._is_leaf = False

    def start(self, tag: str, _attributes: object) -> None:
        if self.ended:
            return
        self.tags += 1
        name = tag.rpartition("}")[2]
        self._path.append(name)
        if len(self._path) > _MAX_DEPTH:
            raise _TooDeep
        self._around.root = self._around.root or name
        if name in self._entry_tags:
            self.finish()  # an entry within an entry: the outer one lost its end tag
            self._entry = Entry(name)
        self._text, self._is_leaf = "", True

    def data(self, text: str) -> None:
        if not self.ended and self._path and self._path[-1] in self._wanted and len(self._text) <= _MAX_FIELD:
            self._text += text

    def end(self, _tag: str) -> None:
        # After the last byte the parser closes what was left open: that is no end tag.
        if self.ended or not self._path:
            return
        name = self._path.pop()
        inside = self._path[-1] if self._path else ""
        text = self._text.strip()
        # A sitemap's image:loc and an RSS channel's image/link are no addresses of ours.
        if self._is_leaf and name in self._wanted and inside not in ("image", "video") and 0 < len(text) <= _MAX_FIELD:
            fields = self._entry.fields if self._entry else self._around.fields
            fields.setdefault(name, text)
        self._is_leaf = False
        if name in self._entry_tags:
            self.finish()

    def comment(self, _text: str) -> None:
        """Comments are nothing to us."""

    def pi(self, _target: str, _data: str | None = None) -> None:
        """Processing instructions neither."""

    def close(self) -> None:
        """Nothing is built, so nothing is given back."""

    def finish(self) -> None:
        if self._entry:
            self._finished.append(self._entry)
            self._entry = None

    def take(self) -> list[Entry]:
        finished, self._finished = self._finished, []
        return finished


def _mended(pieces: Iterator[str], around: Around) -> Iterator[str]:
    """The text as the parser shall see it: from the first element on, without stray `<`, `&` and references."""
    text = next(pieces, "")
    start = _first_element(text, around)
    if not _ELEMENT.match(text, start):
        return  # no element where one should begin; a DOCTYPE hidden behind a long comment is not parsed either
    first = "\n" * text.count("\n", 0, start) + text[start:]  # errors are told with their line
    waiting = ""
    for piece in _chain(first, pieces):
        text = waiting + piece
        undecided = _UNDECIDED.search(text)
        waiting = undecided[0] if undecided else ""
        # libxml2 gives up at `<` before a space, waits for a `;` after `&`, and drops unknown references from numbers;
        # over `&;` it logs an error and reads on, with the `;` left as a mark in the text.
        yield _STRAY.sub("&;", text.removesuffix(waiting))


def _first_element(text: str, around: Around) -> int:
    """Where the comments, declarations and DOCTYPEs before the first element end; nothing of them is used."""
    position, declares = 0, False
    while True:
        prolog = _PROLOG.match(text, position)
        position = prolog.end() if prolog else position
        doctype = _DOCTYPE.match(text, position)
        if doctype is None:
            break
        position, declares = doctype.end(), declares or bool(doctype[1])
    if declares:
        around.problems.append("a DOCTYPE with declarations of its own, such as entities: none was used")
    return position


def _chain(first: str, others: Iterator[str]) -> Iterator[str]:
    yield first
    yield from others


def _decoded(chunks: Iterable[bytes], content_type: str, around: Around) -> Iterator[str]:
    chunks = iter(chunks)
    first = b""
    for chunk in chunks:
        first += chunk
        if len(first) >= _HEAD:
            break
    codec = _codec(first, content_type, around)
    decoder = codecs.getincrementaldecoder(codec)(errors="replace")
    yield decoder.decode(first)
    for chunk in chunks:
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def _codec(head: bytes, content_type: str, around: Around) -> str:
    """The name of the codec the bytes are read with; claims that turn out wrong become a problem.

    What reads as UTF-8 is UTF-8, whoever says otherwise: no other text does by chance.
    """
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head[:2] in (b"<\0", b"\0<"):
        return "utf-16-le" if head.startswith(b"<") else "utf-16-be"
    claims = [found[1] for found in [_CHARSET.search(content_type)] if found]
    claims += [found[1].decode("ascii") for found in [_DECLARED.search(head[:400])] if found]
    if _reads_as(head, "utf-8"):
        lies = [claim for claim in claims if _codec_name(claim) not in ("utf-8", "utf-8-sig")]
        if lies and not head.isascii():
            around.problems.append(f"it says that it is {lies[0]}, but it is UTF-8")
        return "utf-8"
    for claim in claims:
        name = _codec_name(claim)
        if _BELIEVED.fullmatch(name) and _reads_as(head, name):
            return name
    said = f"it says that it is {claims[0]}" if claims else "it names no encoding"
    around.problems.append(f"{said}, but it is neither that nor UTF-8: letters were lost")
    return "utf-8"


def _reads_as(head: bytes, codec: str) -> bool:
    """Whether the bytes are text in that encoding, apart from a last character cut in two."""
    try:
        codecs.getincrementaldecoder(codec)().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _codec_name(claim: str) -> str:
    try:
        return codecs.lookup(claim).name
    except (LookupError, ValueError):
        return ""
