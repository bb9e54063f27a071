"""Extract the text of a document, as it is searched and shown: author, paragraphs, captions, without markup."""

from __future__ import annotations

import re

from crawler import normalise
from crawler.seedfile import SeedDocument

_HEAD = re.compile(r"<div><i>(.*?)<br>[^<>]*</i></div>")
_FOOTER, _GALLERY = "<br><hr><div>获取更多RSS：", "<h3>相关图集："  # words that the document format adds
_BLOCK = re.compile(
    r"</?(?:p|div|h[1-6]|br|hr|li|ul|ol|dl|dt|dd|blockquote|table|tr|td|th|img|iframe|video|audio|figure|figcaption|pre)\b[^<>]*>",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[^<>]*>")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def passages(document: SeedDocument) -> list[str]:
    """Return the passages of a document in reading order, each one line: the author, if any, then `body_passages`."""
    head = _HEAD.match(document.html)
    return [*(_lines(head[1]) if head else []), *body_passages(document.html)]


def body_passages(markup: str) -> list[str]:
    """Return the passages of a body in reading order, each one line: paragraphs, captions, slides; not author and date."""
    head = _HEAD.match(markup)
    body = markup[head.end() if head else 0 :].partition(_FOOTER)[0]
    return _lines(body.replace(_GALLERY, "<h3>"))


def _lines(markup: str) -> list[str]:
    plain = _TAG.sub("", _BLOCK.sub("\n", markup))
    blocks = plain.split("\n")
    if "&" not in plain and "  " not in plain and "".join(blocks).isprintable():  # the usual case, in half the time
        return [text for block in blocks if (text := block.strip(" "))]
    return [text for block in blocks if (text := line_of(normalise.unescape(block)))]


def line_of(text: str) -> str:
    """Return a text on one line, without control characters for a terminal."""
    text = " ".join(text.split())
    return text if text.isprintable() else _CONTROL.sub("", text)
