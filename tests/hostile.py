"""Make replies of every kind and place with a chosen text in every field, and the documents made from them.

In a template, `¤` is replaced by the text itself, and `§` by the escaped text (words or an address in a page's markup).
"""

from __future__ import annotations

import html
import itertools
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from crawler.dw import api, pages, render
from crawler.dw.article import Article
from crawler.exceptions import UnreadableReply

Json = dict[str, Any]
Words = Iterator[str]
ID = 7
DATE = "2024-01-30T10:11:12.131Z"

# --- api.dw.com -------------------------------------------------------------------------------------------------------


def _image(dw_id: int = 61) -> Json:
    sizes = [{"width": 700, "height": 394, "url": f"https://static.dw.com/image/{dw_id}_303.jpg?¤#¤"}]
    return {"id": dw_id, "type": "Image", "name": "¤", "description": "¤", "sizes": sizes}


_ELEMENTS: list[object] = [
    {"type": "Paragraph", "text": "¤"}, _image(), {"type": "Quote", "text": "¤"}, {"type": "¤", "text": "¤"}, "¤",
    {"type": "Gallery", "id": 5, "name": "¤", "items": [_image(62), {"name": "¤", "text": "¤", "image": _image(63)}]},
    {"type": "Gallery", "id": 6, "title": "¤", "images": [_image(64)]},
    {"type": "Embed", "key": "¤"}, {"type": "YouTube", "url": "https://www.youtube.com/watch?v=¤"},
    {"type": "Video", "sources": [{"format": "mp4", "url": "¤"}, {"format": "mp4", "url": "javascript:¤"}]},
    {"type": "Video", "sources": [{"format": "mp4", "url": "https://evil.example/x.mp4?¤"}, {"format": "mp4", "url": "//x/¤"}]},
]  # fmt: skip
_HEAD: Json = {"id": ID, "languageId": 2, "name": "A ¤", "teaser": "¤", "displayDate": DATE, "permaLink": "¤", "¤": "¤",
               "persons": [{"firstName": "¤", "lastName": "¤"}, {"name": "¤"}, "¤"], "mainContent": _image()}  # fmt: skip
_MEDIA = {"sources": [{"format": "mp4", "url": "https://static.dw.com/a.mp4?¤"}, {"format": "mp4", "url": "¤"}]}
_MP3 = {"sources": [{"format": "mp3", "url": "https://static.dw.com/a.mp3?¤"}]}

API: dict[str, Json] = {
    "article": {**_HEAD, "type": "Article", "body": [{"content": element} for element in _ELEMENTS]},
    "article/text": {"type": "Article", "name": "A ¤", "author": "¤", "text": "<p>¤</p><h2>¤</h2><div>¤<br><br>¤</div>"},
    "article/lines": {"type": "Article", "name": "A ¤", "displayDate": "¤", "authors": ["¤"], "text": "¤\n¤"},
    "gallery": {**_HEAD, "type": "Gallery", "items": [_image(62), {"title": "¤", "text": "¤", "image": _image(63)}]},
    "video": {**_HEAD, "type": "Video", "mainContent": {**_MEDIA, "previewImage": _image()}},
    "audio": {**_HEAD, "type": "Audio", "teaserText": "¤", **_MP3},
    "liveblog": {**_HEAD, "type": "Liveblog",
                 "posts": [{"name": "¤", "body": _ELEMENTS[:3]}, {"title": "¤", "text": "<p>¤</p>"}]},
}  # fmt: skip

# --- graph API, __APP_STATE__, __APOLLO_STATE__ -----------------------------------------------------------------------


def _entity(dw_id: int = 61) -> Json:
    return {"__typename": "Image", "id": dw_id, "staticUrl": f"https://static.dw.com/image/{dw_id}_${{formatId}}.jpg?¤"}


_TEXT = (
    '<p>¤</p><h2>¤</h2><ul><li>¤</li></ul>¤<p><a href="§">§</a> <a href="https://x/§">x</a> '
    '<span class="§" data-id="9" data-type="§" title="§">§</span></p>'
    '<figure class="placeholder-image"><img data-id="65" data-url="https://static.dw.com/image/65_${formatId}.jpg?§" alt="§">'
    '<figcaption class="img-caption">¤<small>§</small></figcaption></figure><figure><img src="§" data-id="66"></figure>'
    '<div class="image-gallery embed" data-id="5"></div><div class="embed"><iframe src="https://www.youtube.com/embed/§"></iframe>'
    '</div><video><source src="§"></video><video src="https://evil.example/x.mp4?§"></video><div><div>§</div>§</div>'
)
_SLIDES = [{"name": "¤", "description": "¤", "assignedImage": _entity(62)}, {"name": "¤", "description": "", "targetId": 63}]
_CONTENT: Json = {
    "id": ID, "title": "A ¤", "name": "¤", "teaser": "¤", "contentDate": DATE, "kicker": "¤", "¤": "¤",
    "persons": [{"fullName": "¤"}, {"firstName": "¤", "lastName": "¤"}], "legacyAuthor": "¤", "text": _TEXT,
    "mainContentImageLink": {"targetId": 61, "description": "¤", "target": _entity()},
    "imageGalleries": [{"__typename": "ImageGallery", "id": 5, "name": "¤", "extendedGalleryImages": _SLIDES}],
    "contentLinks": [{"targetId": 65, "description": "¤"}, {"targetId": 66, "description": "¤"}],
}  # fmt: skip
GRAPH: dict[str, Json] = {
    "article": {**_CONTENT, "__typename": "Article"},
    "article/legacy": {**_CONTENT, "__typename": "Article", "persons": [], "contentDate": "¤"},
    "gallery": {**_CONTENT, "__typename": "ImageGallery", "text": "", "extendedGalleryImages": _SLIDES},
    "video": {**_CONTENT, "__typename": "Video", "text": "", "mp4Src": "https://static.dw.com/a.mp4?¤", "hlsVideoSrc":
              "https://hlsvod.dw.com/i/a¤/b_,c,d¤,.mp4.csmil/master.m3u8", "posterImageUrl": "¤"},
    "audio": {**_CONTENT, "__typename": "Audio", "text": "", "teaser": "", "shortTeaser": "¤", "mp3Src": "https://static.dw.com/¤.mp3"},
    "liveblog": {**_CONTENT, "__typename": "Liveblog", "text": "<p>¤</p>",
                 "posts": [{"title": "¤", "text": _TEXT, "contentDate": "¤"}, {"name": "¤", "text": "¤"}]},
}  # fmt: skip

# --- markup of pages --------------------------------------------------------------------------------------------------

_FACTS = "<ul class='smallList'><li><strong>Date</strong> 30.01.2024</li><li><strong>Author</strong> ¤</li></ul>"
_GALLERY = (
    '<div class="gallery"><div class="slideshow" data-id="5" {title}><ul class="slides"><li><img src="/image/62_303.jpg?§">'
    '<h4>§</h4><h2>¤</h2><p>¤</p></li><li><img src="/image/63_303.jpg"><h2>§</h2><p>§</p><p>§</p></li></ul></div></div>'
)
_PICTURE = '<div class="picBox"><img src="/image/{}_403.jpg?§"><p>¤</p></div>'


def _classic(kind: str, inside: str) -> str:
    return (
        f'<link rel="canonical" href="https://www.dw.com/en/x/{kind}-{ID}"><meta property="og:description" content="§">'
        f'<div id="bodyContent"><div class="col3"><h1>A ¤</h1><p class="intro">¤</p>{inside}{_FACTS}</div></div>'
    )


CLASSIC = {
    "article": _classic("a", f'{_PICTURE.format(61)}<div class="longText">{_TEXT}{_PICTURE.format(67)}'
                        f'{_GALLERY.format(title="data-title=§")}{_GALLERY.format(title="")}<p>Author: §</p></div>'),
    "gallery": _classic("g", _GALLERY.format(title='data-title="§"')),
    "video": _classic("av", '<div class="mediaItem"><input name="file_name" value="https://static.dw.com/§.mp4"><input '
                      'name="preview_image" value="/image/61_403.jpg?§"></div>'),
    "audio": _classic("audio", '<audio><source src="https://static.dw.com/a.mp3?§"></audio>'),
}  # fmt: skip
REACT = {
    "article": '<meta name="description" content="§"><meta property="og:title" content="§"><article><header><h1>A ¤</h1>'
    '<p class="teaser-text">¤</p></header><div class="author-details"><a class="author-link">¤</a></div><figure><img src="'
    'https://static.dw.com/image/61_600.jpg?§"><figcaption>¤</figcaption></figure>'
    f'<div class="rich-text">{_TEXT}</div></article>',
}
_LD: Json = {
    "@type": "NewsArticle", "headline": "A ¤", "description": "¤", "datePublished": DATE, "author": [{"name": "¤"}, "¤"],
    "image": {"url": "https://static.dw.com/image/61_600.jpg?¤", "caption": "¤"}, "articleBody": "¤", "url": "¤",
}  # fmt: skip
JSON_LD: dict[str, Json] = {
    "article": {**_LD, "articleBody": _TEXT}, "article/lines": {**_LD, "datePublished": "¤"},
    "article/teaser": {**_LD, "articleBody": ""},
}  # fmt: skip


# --- documents --------------------------------------------------------------------------------------------------------


def _filled(value: Any, words: Words) -> Any:
    """Return a reply with a text in all places for one, keys included."""
    if isinstance(value, str):
        value = re.sub("¤", lambda _: next(words), value)
        return re.sub("§", lambda _: html.escape(next(words)), value)
    if isinstance(value, list):
        return [_filled(each, words) for each in value]
    return {_filled(key, words): _filled(each, words) for key, each in value.items()} if isinstance(value, dict) else value


def _script(variable: str, state: object) -> bytes:
    written = json.dumps(state).replace("<", "\\u003c")
    return f'<meta charset="utf-8"><script>window.{variable}={written}</script>'.encode()


def _ld(described: object) -> bytes:
    written = json.dumps(described).replace("<", "\\u003c")
    return f'<meta charset="utf-8"><script type="application/ld+json">{written}</script>'.encode()


def _page(markup: str) -> bytes:
    return f'<!doctype html><html><head><meta charset="utf-8"></head><body>{markup}'.encode()


def _app_state(content: Json) -> bytes:
    return _script("__APP_STATE__", {f"/graph-api/en/content/article/{ID}": {"data": {"content": content}}})


_PLACES: dict[str, tuple[dict[str, Any], Callable[[Any], Article]]] = {
    "api": (API, lambda reply: api.parse(json.dumps(reply).encode(), ID)),
    "graph-api": (GRAPH, lambda content: pages.parse_graph(json.dumps({"data": {"content": content}}).encode(), ID, "en")),
    "app-state": (GRAPH, lambda content: pages.parse(_app_state(content), ID)),
    "apollo": (GRAPH, lambda content: pages.parse(_script("__APOLLO_STATE__", {f"Article:{ID}": content}), ID)),
    "classic": (CLASSIC, lambda markup: pages.parse(_page(markup), ID)),
    "react": (REACT, lambda markup: pages.parse(_page(markup), ID)),
    "json-ld": (JSON_LD, lambda described: pages.parse(_ld(described), ID)),
}
KINDS = [f"{place} {kind}" for place, (replies, _) in _PLACES.items() for kind in replies]
"""Every place and kind there are documents of."""


def document(name: str, words: Words) -> str | None:
    """Return the body of the document of a place and kind with words in all its fields; None if they make it unreadable."""
    place, _, kind = name.partition(" ")
    replies, read = _PLACES[place]
    try:
        article = read(_filled(replies[kind], words))
    except UnreadableReply:
        return None
    return render.document_of(article, 0, "en").html


def documents(texts: Sequence[str], often: int | None = None) -> Iterator[tuple[str, str]]:
    """Yield (place and kind, body) of documents so that each text is once in each field; with `often`, only in that many fields
    of each place and kind."""
    for name in KINDS:
        step = max(1, _fields(name) // often) if often else 1
        for start in range(0, len(texts), step):
            if body := document(name, itertools.cycle((*texts[start:], *texts[:start]))):
                yield name, body


def _fields(name: str) -> int:
    """Return how many texts the reply of a place and kind holds."""
    texts = itertools.count()
    document(name, map(str, texts))
    return next(texts)
