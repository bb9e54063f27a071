r"""Read, write and compare seed documents, the archive's file format. Public API; it does not import Scrapy.

    <!--{stamp_ms}-->
    [{title}]({url})
    ------

    {html, one line}

UTF-8, `\n` line ends, one at the end of the file. Source: section 1 of our notes on DW's data, checked on every recorded
document.

>>> text = "<!--1700000000000-->\n[A title](https://www.dw.com/en/A%20title/a-7)\n------\n\n<p>Some words.</p>\n"
>>> document = loads(text)
>>> document.id, document.language, document.kind, document.title
(7, 'en', 'article', 'A title')
>>> dumps(document) == text
True
>>> loads("no document")
Traceback (most recent call last):
    ...
crawler.exceptions.SeedFormatError: line 1: not a stamp like <!--1696558622000-->: 'no document'
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import islice
from urllib.parse import unquote

from crawler import normalise, urls
from crawler.exceptions import SeedFormatError
from crawler.urls import DW, PictureName, Sites

__all__ = [
    "MOST_PICTURES",
    "MOST_REFERENCES",
    "SeedDocument",
    "SeedFormatError",
    "content_key",
    "dumps",
    "loads",
    "picture_addresses",
    "references",
    "references_left_out",
    "refused_references",
    "says_the_same",
    "with_renditions",
]

MOST_PICTURES = 1_000  # in a document; the largest number in a hundred recorded ones is 18
MOST_REFERENCES = 2_000  # in a document; the largest number in a hundred recorded ones is 9
_SEARCHED = 4_000_000  # characters searched for the end of a title, over all candidates; a real link has about a thousand

_STAMP = re.compile(r"<!--(0|[1-9][0-9]{0,16})-->")
_LAST_MS = 253_402_300_799_000  # the end of the year 9999
_HEAD = re.compile(r"<div><i>(.*?)<br>([^<>]*)</i></div>")
_ADDRESS_BEGIN = re.compile(r"\]\(https?://")
_NAMED = re.compile(r"https?://[^/]+/[^/]+/(.*)/a-\d+", re.DOTALL)  # a title may hold line breaks
_FOOTER = re.compile(r"<br><hr><div>获取更多RSS：.*$")
_EMPTY_PICTURE = re.compile(r'<img src="" width="100%">(?:<div><small style="color: #999;">(.*?)</small></div>)?')
# `[^<>]`, not `[^>]`: an unclosed tag must not be read to the end again and again
_LINK = re.compile(r"<(a|span)\b([^<>]*)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\s([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_REFERENCES = frozenset({"articleref", "commentref"})  # words of `rel`, in any case
_REL = re.compile(r"""(<a\b[^<>]*?)\srel=(?:"[^"<>]*"|'[^'<>]*')""", re.IGNORECASE)
_PROXY = "https://images.weserv.nl/?url="
_IMAGE = re.compile(r"""<img\b[^<>]*?\ssrc=["']([^"'<>]*)["']""", re.IGNORECASE)
_MEDIA = re.compile(r"""<(?:video|audio) src=["']([^"']*)["']""")
_VIDEO_BODY = re.compile(r"<p>.*?</small></p><(?:video|audio) ")
_SLIDES_BODY = re.compile(r'<div>(?:<img src="[^"]*" width="100%"><br>)?<b>')


@dataclass(frozen=True)
class SeedDocument:
    """The four parts of a seed document.

    stamp_ms: when the article was taken, milliseconds since 1970-01-01 UTC. title: the headline in plain text; one line,
    except in some documents of an older tool. url: its address on www.dw.com. html: the body, one line of HTML.
    """

    stamp_ms: int
    title: str
    url: str
    html: str = field(repr=False)

    @property
    def id(self) -> int | None:
        """DW's id in the address, also behind an unencoded `?`; None if the address has none."""
        return urls.document_id(self.url)

    @property
    def language(self) -> str:
        """The language path of the address, such as `pt-br`; `und` if it names none."""
        return urls.document_language(self.url)

    @property
    def references(self) -> list[int]:
        """The ids of the articles the body refers to; see the function `references`."""
        return references(self.html)

    @property
    def pictures(self) -> list[PictureName]:
        """The pictures of DW's that the document shows, in order, without repeats; MOST_PICTURES at most."""
        found = (urls.parse_picture(address) for address in picture_addresses(self.html))
        return list(islice(dict.fromkeys(name for name in found if name), MOST_PICTURES))

    @property
    def media(self) -> str:
        """The address of the file that a video or audio plays; empty for other kinds, and if the body names none."""
        found = _MEDIA.search(self.html) if _VIDEO_BODY.match(self.html) else None
        return normalise.unescape(found[1]) if found else ""

    @property
    def kind(self) -> str:
        """`article`, `video`, `audio` or `gallery`, judged by the form of the body."""
        if _VIDEO_BODY.match(self.html):
            return "audio" if "</small></p><audio " in self.html else "video"
        return "gallery" if _SLIDES_BODY.match(self.html) else "article"

    @property
    def author(self) -> str:
        """The author as written, not cleaned; empty if there is none."""
        found = _HEAD.match(self.html)
        return found[1] if found else ""

    @property
    def display_date(self) -> str:
        """The time DW shows (displayDate), as written; empty if there is none, as in videos and galleries."""
        found = _HEAD.match(self.html)
        return found[2] if found else ""


def loads(data: bytes | str) -> SeedDocument:
    """Split a seed document into its four parts.

    data: a whole file, as UTF-8 or decoded. A title may hold line breaks; the link then ends on the line before the rule.
    Nothing is normalised: `dumps(loads(text)) == text`.
    Raises SeedFormatError, which names the line at fault, for anything that is not a seed document.
    """
    text = _decode(data) if isinstance(data, bytes) else data
    lines = text.split("\n")
    stamp = _STAMP.fullmatch(lines[0])
    if stamp is None or int(stamp[1]) > _LAST_MS:
        raise SeedFormatError(1, f"not a stamp like <!--1696558622000-->: {_shown(lines[0])}")
    if len(lines) < 2:
        raise SeedFormatError(2, "no [title](address); the file ends here")
    end = _end_of_link(lines)  # a title with line breaks moves everything that follows
    title, url = _split_link("\n".join(lines[1:end]))
    for place, expected in ((end, "------"), (end + 1, "")):
        if len(lines) <= place:
            raise SeedFormatError(place + 1, "the file ends here")
        if lines[place] != expected:
            raise SeedFormatError(place + 1, f"{expected or 'an empty line'!r} expected: {_shown(lines[place])}")
    body = end + 2
    if len(lines) <= body:
        raise SeedFormatError(body + 1, "no body; the file ends here")
    if len(lines) == body + 1:
        raise SeedFormatError(body + 1, "no line end after the body; the file may be cut")
    if len(lines) > body + 2 or lines[body + 1]:
        raise SeedFormatError(body + 2, f"text after the body: {_shown(lines[body + 1])}")
    return SeedDocument(int(stamp[1]), title, url, lines[body])


def _end_of_link(lines: list[str]) -> int:
    """Return the line after the link: that of the rule if an address ends the line before it, else the third."""
    for place in range(2, len(lines) - 1):
        if lines[place : place + 2] == ["------", ""]:
            last = lines[place - 1]
            if last.endswith(")") and _ADDRESS_BEGIN.search(last):
                return place
    return 2


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SeedFormatError(data.count(b"\n", 0, error.start) + 1, f"not UTF-8: {error.reason}") from error


def _split_link(line: str) -> tuple[str, str]:
    """Return title and address of `[title](address)`. Both may hold `](`: the cut where the address repeats the title wins."""
    if not (line.startswith("[") and line.endswith(")")):
        raise SeedFormatError(2, f"not [title](address): {_shown(line)}")
    inner = line[1:-1]
    cuts = [found.start() for found in re.finditer(r"\]\((?=https?://)", inner)]
    if not cuts:
        raise SeedFormatError(2, f"no http address: {_shown(line)}")
    if len(cuts) == 1:  # as in nearly every document
        return inner[: cuts[0]], inner[cuts[0] + 2 :]
    for cut in cuts[: _SEARCHED // len(inner)]:
        named = _NAMED.fullmatch(unquote(inner[cut + 2 :]))
        if named and named[1].strip() == inner[:cut].strip():
            return inner[:cut], inner[cut + 2 :]
    return inner[: cuts[-1]], inner[cuts[-1] + 2 :]


def _shown(line: str) -> str:
    return repr(line if len(line) <= 60 else line[:57] + "...")


def dumps(document: SeedDocument) -> str:
    """Return the text of a seed document; the inverse of `loads`. Encode it as UTF-8 to write a file."""
    return f"<!--{document.stamp_ms}-->\n[{document.title}]({document.url})\n------\n\n{document.html}\n"


def references(markup: str, sites: Sites = DW) -> list[int]:
    """Return the ids of the articles a body refers to, in order, without repeats; MOST_REFERENCES at most.

    References are ArticleRefs and CommentRefs, other links to a detail address of api.dw.com, and `data-type="ARTICLE"` spans.
    An ArticleRef may lead to the id of a video or a gallery; a CommentRef leads to a commentary, which is an article.
    markup: the HTML of the body. sites: whose addresses count.

    >>> references('<a href="https://api.dw.com/api/detail/article/42" rel="ArticleRef">A title</a>')
    [42]
    """
    return _links(markup, sites)[0][:MOST_REFERENCES]


def references_left_out(markup: str, sites: Sites = DW) -> int:
    """Return how many articles a body refers to beyond the first MOST_REFERENCES."""
    return max(0, len(_links(markup, sites)[0]) - MOST_REFERENCES)


def refused_references(markup: str, sites: Sites = DW) -> list[str]:
    """Return the addresses of ArticleRefs and CommentRefs that do not lead to a document of DW's, in order, without repeats."""
    return _links(markup, sites)[1]


def _links(markup: str, sites: Sites) -> tuple[list[int], list[str]]:
    if not any(sign in markup for sign in ("<a", "<A", "data-type")):
        return [], []
    ids: dict[int, None] = {}
    refused: dict[str, None] = {}
    for tag, inside in _LINK.findall(markup):
        attributes = {name.lower(): a or b or c for name, a, b, c in _ATTRIBUTE.findall(inside)}
        if tag.lower() == "span":
            dw_id = attributes.get("data-id", "")
            if attributes.get("data-type") == "ARTICLE" and re.fullmatch(r"[0-9]{1,15}", dw_id) and int(dw_id):
                ids[int(dw_id)] = None
            continue
        url = normalise.unescape(attributes.get("href", ""))
        is_reference = not _REFERENCES.isdisjoint(attributes.get("rel", "").lower().split())
        if not is_reference and "/api/detail/" not in url:
            continue
        is_relative = url.startswith("/") and not url.startswith("//")
        target = urls.parse_target(f"{DW.www}{url}" if is_relative else url, sites)
        if target and target.id and target.kind in urls.DOCUMENT_KINDS:
            ids[target.id] = None
        elif is_reference:
            refused[url] = None
    return list(ids), list(refused)


def picture_addresses(markup: str) -> list[str]:
    """Return the address of every `<img>` of a body, in order; empty ones are left out."""
    return [normalise.unescape(address) for address in _IMAGE.findall(markup) if address]


def with_renditions(document: SeedDocument, choose: Callable[[PictureName], PictureName]) -> SeedDocument:
    """Return a document that shows other renditions of its pictures. choose: gives the one to show for the one that is
    shown."""

    def shown(found: re.Match[str]) -> str:
        name = urls.parse_picture(normalise.unescape(found[1]))
        chosen = choose(name) if name else None
        return found[0] if chosen in (name, None) else found[0].replace(found[1], _PROXY + urls.picture_address(chosen))

    return replace(document, html=_IMAGE.sub(shown, document.html))


# --- sameness --------------------------------------------------------------------------------------------------------


def content_key(document: SeedDocument) -> tuple[str, str]:
    """Return the title and body of a document in the form that `says_the_same` compares; the body holds author and displayDate.

    Ignored: the stamp, the address, the footer and empty pictures of an older tool, the host, rendition and ending of a
    picture, the `rel` of a link, `null` and white space in an author, the Unicode form, and white space. The caption of an
    empty picture is a paragraph.
    """
    body = _FOOTER.sub("", document.html)
    body = _EMPTY_PICTURE.sub(lambda found: f"<p>{found[1]}</p>" if found[1] else "", body)
    body = _REL.sub(r"\1", body).replace("/api/detail/comment/", "/api/detail/article/")
    if head := _HEAD.match(body):
        body = f"<div><i>{normalise.author(head[1])}<br>{head[2]}</i></div>{body[head.end() :]}"
    body = _IMAGE.sub(_by_id, body)
    body = normalise.nfc(body).replace("&nbsp;", " ")
    body = re.sub(r"<p>\s*</p>", "", body)
    return normalise.fold(document.title), re.sub(r"\s*(</?(?:p|div|br|h3|small)\b[^<>]*>)\s*", r"\1", normalise.fold(body))


def _by_id(found: re.Match[str]) -> str:
    name = urls.parse_picture(normalise.unescape(found[1]))
    return f'<img src="{name.id}"' if name else found[0]


def says_the_same(first: SeedDocument, second: SeedDocument) -> bool:
    """Whether two documents have the same content, as `content_key` defines it."""
    is_equal = (first.title, first.html) == (second.title, second.html)  # the usual case, and a hundred times faster
    return is_equal or content_key(first) == content_key(second)

