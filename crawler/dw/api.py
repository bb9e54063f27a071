"""Parse api.dw.com's JSON. No other module knows its keys.

Source: section 2 of our notes on DW's data. Keys marked [assumed] there are optional here: a reply that lacks one, or
has another shape under it, still becomes an article.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from crawler import normalise, sanitise, times, urls
from crawler.dw import decoding, embeds, liveblog, renditions
from crawler.dw.article import CAPTION_KEPT, Article, Block, Gallery, Paragraph, Picture, Slide, Video, YouTube, check_usable
from crawler.dw.renditions import Shown
from crawler.dw.values import Json, first_object, number, objects, text
from crawler.exceptions import UnreadableReply
from crawler.sanitise import NOTHING, Markup
from crawler.urls import DW, DwAddress, PictureName, Sites

_KINDS = {"article": "article", "video": "video", "audio": "audio", "gallery": "gallery", "imagegallery": "gallery",
          "liveblog": "liveblog"}  # fmt: skip
_KNOWN_KEYS = frozenset(
    "type id languageId name title teaser teaserText categoryName text displayDate permaLink body mainContent persons "
    "authors author referenceGroups referenceGroup teaserGroups teaserGroup trackingInfo mediaTrackingInfo commentsEnabled "
    "items images slides posts url duration sources previewImage programId reference image description sizes kicker content "
    "contentDate width height protocol format bitrate quality key videoId youtubeId externalId src firstName lastName "
    "fullName".split()
)
_UNREAD = frozenset("trackingInfo mediaTrackingInfo referenceGroups referenceGroup teaserGroups teaserGroup".split())
# a heading holds no other heading, so that an unclosed one is not read to the end again and again
_HEADING = re.compile(r"<h[1-6][^<>]*>((?:(?!<h[1-6]).)*?)</h[1-6]>", re.IGNORECASE | re.DOTALL)
_YOUTUBE_HOST = re.compile(r"https?://(?:www\.|m\.)?(?:youtube(?:-nocookie)?\.com|youtu\.be)/")
_YOUTUBE_KEY = re.compile(r"(?:embed/|v=|youtu\.be/|^)([\w-]{11})(?:$|[?&#/])")


@dataclass
class _Met:
    """Collects what a reply holds beside an article. sites: whose media it may name, and how wide pictures are wanted."""

    sites: Sites
    skipped: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def parse(body: bytes, dw_id: int, kind: str = "article", charset: str = "", sites: Sites = DW) -> Article:
    """Return the article of a reply of `/api/detail/{kind}/{id}`.

    body: the reply's bytes. dw_id, kind: as requested, used if the reply does not name its own. charset: as in
    `decoding.json_reply`. sites: whose media it may name.
    Raises UnreadableReply if there is no JSON object, no usable title or no usable body.
    """
    reply = _object(body, charset)
    content = reply.get("content")
    if isinstance(content, dict) and not reply.get("name"):
        reply = content
    own = reply.get("id")
    found_kind = _KINDS.get(str(reply.get("type", "")).lower(), kind)
    met = _Met(sites)
    blocks = _blocks(_elements(reply), met)
    if not any(isinstance(block, Paragraph) and not block.is_caption for block in blocks):  # no readable text in the body
        blocks += _blocks(_text_elements(reply), met)
    article = Article(
        id=own if isinstance(own, int) and not isinstance(own, bool) and own in urls.IDS else dw_id,
        kind=found_kind,
        title=normalise.title(text(reply.get("name")) or text(reply.get("title"))),
        language=urls.LANGUAGE_IDS.get(language) if type(language := reply.get("languageId")) is int else None,
        author=_author(reply),
        display_date=times.canonical(text(reply.get("displayDate"))),
        teaser=sanitise.safe_markup(text(reply.get("teaser")) or text(reply.get("teaserText"))),
        blocks=blocks,
        unknown_keys=tuple(sorted({key[:80] for key in _keys(reply)} - _KNOWN_KEYS)),
    )
    _add_main_content(article, reply, met)
    article.skipped, article.refused = tuple(met.skipped), tuple(met.refused)
    check_usable(article)
    return article


def _keys(reply: Json) -> Iterator[str]:
    """Yield every key of a reply, but not those inside values that are not read."""
    waiting: list[object] = [reply]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield from value
            waiting.extend(part for key, part in value.items() if key in _KNOWN_KEYS and key not in _UNREAD)
        elif isinstance(value, list):
            waiting.extend(value)


def _object(body: bytes, charset: str) -> Json:
    try:
        reply = decoding.json_reply(body, charset)
    except ValueError as error:
        raise UnreadableReply(f"not JSON: {error}") from error
    if not isinstance(reply, dict):
        raise UnreadableReply(f"JSON, but not an object: {type(reply).__name__}")
    return reply


def _add_main_content(article: Article, reply: Json, met: _Met) -> None:
    main = first_object(reply.get("mainContent"))
    if article.kind in ("video", "audio"):
        media = main if main.get("sources") else reply
        article.video = _media(media, met)
        previews = (main.get("previewImage"), reply.get("previewImage"), reply.get("image"))
        article.preview = _picture(next(filter(None, map(first_object, previews)), {}), met)
    elif article.kind == "gallery":
        article.slides = _slides(reply if _slide_items(reply) else main, met)
    elif preview := first_object(main.get("previewImage")):
        article.main_picture = _picture(preview, met)
    elif "sizes" in main or text(main.get("type")).lower() == "image":
        article.main_picture = _picture(main, met)
        if not article.main_picture and (caption := _caption(main, met)):
            article.blocks = (caption, *article.blocks)


def _size(value: object) -> float | None:
    """Return a number of pixels or kilobits, also if it is given as text."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value.strip()):
        return int(value)
    return value if isinstance(value, (int, float)) else None


def _author(reply: Json) -> Markup:
    for key in ("persons", "authors", "author"):
        value = reply.get(key)
        names = list(_names(value if isinstance(value, list) else [value]))
        if author := normalise.author(*names):
            return sanitise.words(author)
    return NOTHING


def _names(persons: Iterable[object]) -> Iterator[str]:
    for person in persons:
        if isinstance(person, str):
            yield person
        elif isinstance(person, dict):
            parts = [text(person.get("firstName")), text(person.get("lastName"))]
            yield " ".join(parts).strip() or text(person.get("name")) or text(person.get("fullName"))


def _elements(reply: Json) -> list[Json]:
    """Return the body's elements, and those of a liveblog's posts."""
    body = reply.get("body")
    elements = [_element(element) for element in (body if isinstance(body, list) else objects(body))]
    posts = objects(reply.get("posts"))
    for n, above in liveblog.newest_first([_head(post) for post in posts]):
        elements += [{"type": "Paragraph", "text": paragraph.html} for paragraph in above]
        elements += _elements({"body": posts[n].get("body")}) or _text_elements(posts[n])
    return elements


def _element(element: object) -> Json:
    """Return an entry of a body: its content if it has one, else the entry itself. A string is a paragraph."""
    if not isinstance(element, dict):
        return {"type": "Paragraph", "text": element} if isinstance(element, str) else {}
    content = element.get("content")
    return {"type": "Paragraph", "text": content} if isinstance(content, str) else first_object(content) or element


def _text_elements(reply: Json) -> list[Json]:
    """Return the paragraphs of `text`, which repeats the body."""
    body = reply.get("body")
    return [{"type": "Paragraph", "text": part} for part in paragraphs(text(reply.get("text")) or text(body))]


def _head(post: Json) -> liveblog.PostHead:
    """Return the head of a liveblog's post [assumed]: a headline, a time and an author like those of an article."""
    dates = (times.canonical(text(post.get(key))) for key in ("displayDate", "contentDate"))
    return liveblog.PostHead(next(filter(None, dates), ""), _markup(post.get("name") or post.get("title")), _author(post))


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a body that came as one text: HTML (`<p>` and headings) or plain text."""
    if re.search(r"<(p|h[1-6]|div|br)\b", text, re.IGNORECASE):
        text = _HEADING.sub(r"<p><strong>\1</strong></p>", text)
        parts = re.split(r"</?(?:p|div)\b[^<>]*>|(?:<br\s*/?>\s*){2,}", text, flags=re.IGNORECASE)
    else:
        parts = [html.escape(part, quote=False) if "<" in part else part for part in re.split(r"\n+", text)]
    return [part.strip() for part in parts if part.strip()]


def _blocks(elements: list[Json], met: _Met) -> tuple[Block, ...]:
    """Return the blocks of a body, in order. Galleries too: in 11 of 19 recorded documents text follows the gallery."""
    blocks: list[Block] = []
    for element in elements:
        kind = _kind(element)
        block = _block(kind, element, met)
        if block is not None:
            blocks.append(block)
        elif kind.lower() not in _EMPTY_WITHOUT_LOSS or element.get("text"):
            met.skipped.append(kind[:60])
    return tuple(blocks)


def _kind(element: Json) -> str:
    """Return the type of a body's element; without one it is judged by the other keys."""
    if kind := text(element.get("type")):
        return kind
    signs = {"text": "Paragraph", "sizes": "Image", "sources": "Video", "items": "Gallery", "images": "Gallery"}
    return next((kind for key, kind in signs.items() if element.get(key)), "(no type)")


# Types of a body's elements that were never recorded. [assumed]
_SERVICES = {**embeds.CLASSES, "twitter": "X", "widget": "DW widget"}
_LINKED = {"articleref": "article", "commentref": "article", "comment": "article", "videoref": "video", "audioref": "audio",
           "galleryref": "gallery", "imagegalleryref": "gallery", "liveblogref": "liveblog"}  # fmt: skip

# An image without an address, or a placeholder, shows nothing, so nothing is lost.
_EMPTY_WITHOUT_LOSS = frozenset({"image", "paragraph"})


def _block(kind: str, element: Json, met: _Met) -> Block | None:
    match kind.lower():
        case "paragraph":
            own = element.get("text")
            return Paragraph(sanitise.safe_markup(own)) if isinstance(own, str) else None
        case "image":
            return _picture(element, met) or _caption(element, met)
        case "video":
            return _media(element, met) or _youtube(element)
        case "gallery" | "imagegallery":
            slides = _slides(element, met)
            name = _markup(element.get("name") or element.get("title"))
            return Gallery(name, slides) if slides else _link(element, "gallery")
        case "youtube" | "externalvideo" | "embed" | "socialmedia":
            return _youtube(element) or _embed(element)
        case "audio":
            audio = _media(element, met)
            return _embed(element, audio.source if audio else "", "Audio")
    if service := _SERVICES.get(kind.lower()):
        return _embed(element, service=service)
    words = _markup(element.get("text"))  # of an unknown type: its text is better than nothing
    named = {"name": element.get("name"), **(first_object(element.get("reference")) or element)}
    return Paragraph(words) if words.strip() else _link(named, _LINKED.get(text(named.get("type")).lower(), ""))


def _link(element: Json, kind: str) -> Paragraph | None:
    """Return a link to the document that an element names by its id; None if kind is empty. [assumed]

    kind: of the document. So it is a reference, and is archived too.
    """
    dw_id = number(element.get("id"))
    if not kind or dw_id is None:
        return None
    label = _markup(element.get("name") or element.get("title"))
    label = label if normalise.text_of(label) else sanitise.words(f"{kind.capitalize()} {dw_id}")
    return Paragraph(sanitise.fill('<a href="{}" rel="ArticleRef">{}</a>', sanitise.attribute(DW.detail(kind, dw_id)), label))


def _embed(element: Json, address: str = "", service: str = "") -> Paragraph | None:
    """Return what can be kept of an embed. [assumed: no reply with one was recorded]"""
    written = (_markup(element.get(key)) for key in ("text", "description", "title", "name"))
    words = next((markup for markup in written if markup.strip()), "")
    named = (text(element.get(key)).strip() for key in ("url", "src"))
    embed_id = element.get("id") if service else ""
    return embeds.paragraph(words, address or next(filter(None, named), ""), str(embed_id or ""), service)


def _caption(image: Json, met: _Met) -> Paragraph | None:
    """Return the caption of a picture without an address. Counted as skipped, since the picture is."""
    words = _markup(image.get("description"))
    if not normalise.text_of(words):
        return None
    met.skipped.append(CAPTION_KEPT)
    return Paragraph(words, is_caption=True)


def _markup(value: object) -> Markup:
    return sanitise.safe_markup(text(value))


def _youtube(element: Json) -> YouTube | None:
    for key in ("key", "videoId", "youtubeId", "externalId", "url", "src", "id"):
        value = text(element.get(key))
        if value.startswith("http") and not _YOUTUBE_HOST.match(value):
            continue
        if found := _YOUTUBE_KEY.search(value):
            return YouTube(found[1])
    return None


def _media(media: Json, met: _Met) -> Video | None:
    """Return the best progressive file of a video or audio: mp4 before mp3, the highest bitrate first."""
    candidates = objects(media.get("sources"))
    playable = [s for s in candidates if text(s.get("format")).lower() in ("mp4", "mp3") and text(s.get("url"))]
    for source in sorted(playable, key=_bitrate, reverse=True):
        url = text(source.get("url")).strip()
        if address := met.sites.media_address(url):
            return Video(address)
        met.refused.append(url[:200])
    return None


def _bitrate(source: Json) -> tuple[bool, float]:
    return text(source.get("format")).lower() == "mp4", _size(source.get("bitrate")) or 0


def _slide_items(element: Json) -> list[Json]:
    for key in ("items", "images", "slides"):
        if items := objects(element.get(key)):
            return [first_object(item.get("content")) or item for item in items]
    return []


def _slides(element: Json, met: _Met) -> tuple[Slide, ...]:
    slides = []
    for item in _slide_items(element):
        name, shown, others = _shown(first_object(item.get("image")) or item, met) or (None, None, ())
        title = _markup(item.get("name") or item.get("title"))
        words = sanitise.safe_markup(text(item.get("description")) or text(item.get("text")))
        if shown is None and normalise.text_of(words):
            met.skipped.append(CAPTION_KEPT)
        if shown or normalise.text_of(words):
            slides.append(Slide(name, shown, title, words, others))
    return tuple(slides)


def _picture(image: Json, met: _Met) -> Picture | None:
    found = _shown(image, met)
    return Picture(found.name, found.address, _markup(image.get("description")), found.others) if found else None


def _shown(image: Json, met: _Met) -> Shown | None:
    """Return the picture of an image: its rendition of the wanted width, else the one whose width is nearest.

    A placeholder (id -1) and an image without a size show nothing. Addresses that are not DW's are added to `refused`.
    """
    if image.get("id") in (-1, "-1"):
        return None
    candidates = objects(image.get("sizes"))
    if not candidates and text(image.get("url")):
        candidates = [image]
    wanted = renditions.of_width(met.sites.picture_width)
    found: list[tuple[float, float, PictureName, DwAddress]] = []
    for size in candidates:
        url = text(size.get("url")).strip()
        shown = urls.shown_picture(url)
        if shown is None:
            if url:
                met.refused.append(url[:200])
            continue
        width = _size(size.get("width"))
        distance = abs(width - met.sites.picture_width) if width is not None else float("inf")
        found.append((-1 if shown[0].rendition == wanted else distance, -(width or 0), *shown))
    if not found:
        return None
    found.sort(key=lambda candidate: candidate[:2])
    names = [name for _, _, name, _ in found]
    return renditions.shown(renditions.candidates(names[0], names), found[0][3])
