"""The shape of api.dw.com's JSON, made into an Article; nothing else knows these keys.

Source: section 2 of what is known of DW's data. Keys marked [assumed] there are optional here: a reply that lacks one, or
has it in another shape, still becomes an article.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from crawler import normalise, urls
from crawler.exceptions import UnreadableReply
from crawler.items import Article, Block, Gallery, Paragraph, Picture, Slide, Video, YouTube
from crawler.urls import PictureName

Json = dict[str, Any]

_KINDS = {"article": "article", "video": "video", "audio": "audio", "gallery": "gallery", "imagegallery": "gallery",
          "liveblog": "liveblog"}  # fmt: skip
_KNOWN_KEYS = frozenset(
    "type id languageId name title teaser teaserText categoryName text displayDate permaLink body mainContent persons "
    "authors author referenceGroups referenceGroup teaserGroups teaserGroup trackingInfo mediaTrackingInfo commentsEnabled "
    "items images posts url duration sources previewImage programId reference image description sizes kicker".split()
)
_NEAREST_WIDTH = 700
# a heading holds no heading: so an unclosed one is not read to the end again and again
_HEADING = re.compile(r"<h[1-6][^<>]*>((?:(?!<h[1-6]).)*?)</h[1-6]>", re.IGNORECASE | re.DOTALL)
_YOUTUBE_HOST = re.compile(r"https?://(?:www\.|m\.)?(?:youtube(?:-nocookie)?\.com|youtu\.be)/")
_YOUTUBE_KEY = re.compile(r"(?:embed/|v=|youtu\.be/|^)([\w-]{11})(?:$|[?&#/])")


def parse(body: bytes, number: int, kind: str = "article") -> Article:
    """The article of a reply of `/api/detail/{kind}/{number}`.

    body: the reply's bytes. number, kind: what was asked for, used where the reply does not name its own.
    Raises UnreadableReply where there is no JSON object, no usable title or no usable body.
    """
    reply = _object(body)
    content = reply.get("content")
    if isinstance(content, dict) and not reply.get("name"):
        reply = content
    own = reply.get("id")
    found_kind = _KINDS.get(str(reply.get("type", "")).lower(), kind)
    refused: list[str] = []
    skipped: list[str] = []
    blocks = _blocks(_elements(reply), skipped, refused)
    article = Article(
        number=own if isinstance(own, int) and not isinstance(own, bool) and 0 < own < 10**15 else number,
        kind=found_kind,
        title=normalise.title(_text(reply.get("name")) or _text(reply.get("title"))),
        language=urls.LANGUAGE_IDS.get(language) if type(language := reply.get("languageId")) is int else None,
        author=_author(reply),
        display_date=normalise.time(_text(reply.get("displayDate"))),
        teaser=normalise.safe_markup(_text(reply.get("teaser")) or _text(reply.get("teaserText"))),
        blocks=blocks,
        unknown_keys=tuple(sorted(set(reply) - _KNOWN_KEYS)),
    )
    _add_main_content(article, reply, refused)
    article.skipped, article.refused = tuple(skipped), tuple(refused)
    _check_usable(article)
    return article


def _object(body: bytes) -> Json:
    try:
        reply = json.loads(body, parse_constant=lambda name: None)
        if b"\\ud" in body.lower():  # half a character (a lone surrogate) can stand in JSON, but in no file
            reply = json.loads(json.dumps(reply, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise UnreadableReply(f"no JSON: {error}") from error
    if not isinstance(reply, dict):
        raise UnreadableReply(f"JSON, but no object: {type(reply).__name__}")
    return reply


def _check_usable(article: Article) -> None:
    if not article.title:
        raise UnreadableReply(f"{article.kind} {article.number}: no usable title")
    usable = {
        "article": article.blocks,
        "liveblog": article.blocks or article.teaser,
        "gallery": article.slides or article.blocks,
        "video": article.video or article.teaser,
        "audio": article.video or article.teaser,
    }
    if not usable[article.kind]:
        raise UnreadableReply(f"{article.kind} {article.number}: no usable body")


def _add_main_content(article: Article, reply: Json, refused: list[str]) -> None:
    main = reply.get("mainContent")
    main = main if isinstance(main, dict) else {}
    if article.kind in ("video", "audio"):
        media = main if main.get("sources") else reply
        article.video = _media(media, refused)
        article.preview = _picture(media.get("previewImage") or reply.get("image"), refused)
    elif article.kind == "gallery":
        article.slides = _slides(reply if _slide_items(reply) else main, refused)
    elif str(main.get("type", "Image")).lower() == "image":
        article.main_picture = _picture(main, refused)
    elif isinstance(main.get("previewImage"), dict):
        article.main_picture = _picture(main["previewImage"], refused)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _author(reply: Json) -> str:
    for key in ("persons", "authors", "author"):
        value = reply.get(key)
        names = list(_names(value if isinstance(value, list) else [value]))
        if author := normalise.author(*names):
            return html.escape(author, quote=False) if re.search(r"<\s*[a-zA-Z/!?]", author) else author
    return ""


def _names(persons: Iterable[object]) -> Iterator[str]:
    for person in persons:
        if isinstance(person, str):
            yield person
        elif isinstance(person, dict):
            parts = [_text(person.get("firstName")), _text(person.get("lastName"))]
            yield " ".join(parts).strip() or _text(person.get("name")) or _text(person.get("fullName"))


def _elements(reply: Json) -> list[Json]:
    """The body's elements; without a body those of the text, without both the posts of a liveblog."""
    body = reply.get("body")
    if not isinstance(body, list):
        body = []
    elements = [element.get("content", element) for element in body if isinstance(element, dict)]
    posts = reply.get("posts")
    for post in posts if isinstance(posts, list) else ():
        if isinstance(post, dict):
            elements.extend(_post_elements(post))
    if not elements and (text := _text(reply.get("text")).strip()):
        elements = [{"type": "Paragraph", "text": part} for part in paragraphs(text)]
    return [element for element in elements if isinstance(element, dict)]


def _post_elements(post: Json) -> Iterator[Json]:
    """A liveblog's post [assumed]: a headline and a body like an article's, or a text."""
    if headline := _text(post.get("name")) or _text(post.get("title")):
        yield {"type": "Paragraph", "text": f"<strong>{headline}</strong>"}
    yield from _elements({"body": post.get("body"), "text": post.get("text")})


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a body that came as one text: HTML (what stands in `<p>` and headings) or plain."""
    if re.search(r"<(p|h[1-6]|div|br)\b", text, re.IGNORECASE):
        text = _HEADING.sub(r"<p><strong>\1</strong></p>", text)
        parts = re.split(r"</?(?:p|div)\b[^<>]*>|(?:<br\s*/?>\s*){2,}", text, flags=re.IGNORECASE)
    else:
        parts = [html.escape(part, quote=False) if "<" in part else part for part in re.split(r"\n+", text)]
    return [part.strip() for part in parts if part.strip()]


def _blocks(elements: list[Json], skipped: list[str], refused: list[str]) -> tuple[Block, ...]:
    """The blocks of a body, in order. Galleries too: in 11 of 19 recorded documents text follows the gallery."""
    blocks: list[Block] = []
    for element in elements:
        kind = _text(element.get("type")) or "(no type)"
        block = _block(kind, element, refused)
        if block is not None:
            blocks.append(block)
        elif kind.lower() not in _EMPTY_WITHOUT_LOSS:
            skipped.append(kind[:60])
    return tuple(blocks)


# An image without an address or a placeholder shows nothing: there is nothing to skip.
_EMPTY_WITHOUT_LOSS = frozenset({"image", "paragraph"})


def _block(kind: str, element: Json, refused: list[str]) -> Block | None:
    match kind.lower():
        case "paragraph":
            text = element.get("text")
            return Paragraph(normalise.safe_markup(text)) if isinstance(text, str) else None
        case "image":
            return _picture(element, refused)
        case "video":
            return _media(element, refused) or _youtube(element)
        case "gallery" | "imagegallery":
            slides = _slides(element, refused)
            name = _markup(element.get("name") or element.get("title"))
            return Gallery(name, slides) if slides else None
        case "youtube" | "externalvideo" | "embed" | "socialmedia":
            return _youtube(element)
    return None


def _markup(value: object) -> str:
    return normalise.safe_markup(_text(value))


def _youtube(element: Json) -> YouTube | None:
    for key in ("key", "videoId", "youtubeId", "externalId", "url", "src", "id"):
        value = _text(element.get(key))
        if value.startswith("http") and not _YOUTUBE_HOST.match(value):
            continue
        if found := _YOUTUBE_KEY.search(value):
            return YouTube(found[1])
    return None


def _media(media: Json, refused: list[str]) -> Video | None:
    """The best progressive file of a video or audio: mp4 before mp3, the highest bitrate first."""
    sources = media.get("sources")
    candidates = [source for source in sources if isinstance(source, dict)] if isinstance(sources, list) else []
    playable = [s for s in candidates if _text(s.get("format")).lower() in ("mp4", "mp3") and _text(s.get("url"))]
    for source in sorted(playable, key=_bitrate, reverse=True):
        url = _text(source.get("url")).strip()
        if re.fullmatch(r"https?://[^\s\"'<>]+", url):
            return Video(url)
        refused.append(url[:200])
    return None


def _bitrate(source: Json) -> tuple[bool, float]:
    bitrate = source.get("bitrate")
    return _text(source.get("format")).lower() == "mp4", bitrate if isinstance(bitrate, (int, float)) else 0


def _slide_items(element: Json) -> list[Json]:
    for key in ("items", "images", "slides"):
        items = element.get(key)
        if isinstance(items, list):
            found = [item.get("content", item) for item in items if isinstance(item, dict)]
            return [item for item in found if isinstance(item, dict)]
    return []


def _slides(element: Json, refused: list[str]) -> tuple[Slide, ...]:
    slides = []
    for item in _slide_items(element):
        image = item.get("image")
        if address := _address(image if isinstance(image, dict) else item, refused):
            name, shown = address
            text = _text(item.get("description")) or _text(item.get("text"))
            slides.append(Slide(name, shown, _markup(item.get("name") or item.get("title")), normalise.safe_markup(text)))
    return tuple(slides)


def _picture(image: object, refused: list[str]) -> Picture | None:
    if not isinstance(image, dict) or (address := _address(image, refused)) is None:
        return None
    name, shown = address
    return Picture(name, shown, _markup(image.get("description")))


def _address(image: Json, refused: list[str]) -> tuple[PictureName, str] | None:
    """Identity and shown address of an image: its `_303` size, else the size nearest to 700 wide.

    A placeholder (id -1) and an image without a size show nothing. What is not DW's goes into refused.
    """
    if image.get("id") == -1:
        return None
    sizes = image.get("sizes")
    candidates = [size for size in sizes if isinstance(size, dict)] if isinstance(sizes, list) else []
    if not candidates and _text(image.get("url")):
        candidates = [image]
    found: list[tuple[float, PictureName, str]] = []
    for size in candidates:
        url = _text(size.get("url")).strip()
        name = urls.parse_picture(url)
        if name is None:
            if url:
                refused.append(url[:200])
            continue
        width = size.get("width")
        distance = abs(width - _NEAREST_WIDTH) if isinstance(width, (int, float)) else float("inf")
        found.append((-1 if name.format == "303" else distance, name, re.sub(r"^(?:https?:)?//", "", url)))
    if not found:
        return None
    _, name, address = min(found, key=lambda candidate: candidate[0])
    return name, html.escape(address)
