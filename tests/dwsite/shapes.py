"""The contents of the stand-in, and the JSON that api.dw.com makes of them.

Source: the shapes in DW's known data (video and list replies recorded by others; the article reply partly assumed).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

Json = dict[str, Any]

API = "https://api.dw.com"
STATIC = "https://static.dw.com"
WWW = "https://www.dw.com"
MEDIA = "https://tvdownloaddw-a.akamaihd.net"

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

# REST languageId by path; those from am on are inventions of the stand-in, DW's numbers for them are unknown.
LANGUAGE_IDS = {
    "de": 1, "en": 2, "ru": 3, "zh": 4, "pt-br": 5, "sq": 6, "ar": 8, "bn": 9, "sr": 10, "bg": 11, "fa-ir": 12,
    "fr": 13, "el": 14, "ha": 15, "es": 28, "am": 917, "hi": 926, "tr": 930,
}  # fmt: skip
UNKNOWN_LANGUAGE_ID = 999

STANDARD = ((301, 220, 124), (302, 460, 259), (303, 700, 394), (304, 940, 529))


@dataclass(frozen=True)
class Content:
    """An article, video, audio, gallery or liveblog.

    kind: the word in /api/detail/{kind}/; a liveblog is requested as an article.
    body: the `content` objects, in reading order. keys: reply keys that go in last, over the others.
    without: reply keys that are left out. display_date: as DW writes it, UTC; None: the key is absent.
    """

    id: int
    language: str
    name: str
    body: tuple[Json, ...] = ()
    kind: str = "article"
    type: str = "Article"
    teaser: str = ""
    category: str = ""
    display_date: str | None = "2026-02-01T08:00:00.000Z"
    main: Json | None = None
    keys: Json = field(default_factory=dict)
    without: tuple[str, ...] = ()
    posts: tuple[Json, ...] = ()


def permalink(dw_id: int) -> str:
    """The short address of a content: its id in base 62."""
    digits = ""
    while dw_id:
        dw_id, rest = divmod(dw_id, 62)
        digits = DIGITS[rest] + digits
    return f"https://p.dw.com/p/{digits}"


def id_of(code: str) -> int:
    """Return the id of a permalink's code; -1 if it is not one."""
    dw_id = 0
    for digit in code:
        if digit not in DIGITS:
            return -1
        dw_id = dw_id * 62 + DIGITS.index(digit)
    return dw_id


def slug(name: str) -> str:
    """Return a slug as DW makes it: lower case, letters and digits of any script, `-` between words."""
    words = "".join(c.lower() if c.isalnum() else " " for c in name).split()
    return "-".join(words)


def page_path(content: Content) -> str:
    """The address of the content's page on www, percent-encoded, without host."""
    letter = {"article": "a", "gallery": "g"}.get(content.kind, content.kind)
    letter = "live" if content.type == "Liveblog" else letter
    name = slug(content.name)
    return f"/{content.language}/{quote(name) + '/' if name else ''}{letter}-{content.id}"


# ---- parts of a body ------------------------------------------------------------------------------------------------


def p(text: str) -> Json:
    """A paragraph; text is inline HTML."""
    return {"type": "Paragraph", "text": text}


def heading(text: str) -> Json:
    """A sub-heading: a paragraph that is strong throughout."""
    return p(f"<strong>{text}</strong>")


def ref(dw_id: int, words: str) -> str:
    """A link to another article."""
    return f'<a href="{API}/api/detail/article/{dw_id}" rel="ArticleRef">{words}</a>'


def span(dw_id: int, words: str, kind: str = "ARTICLE") -> str:
    """A mention of an article or topic by id, without an address."""
    return f'<span data-id="{dw_id}" data-type="{kind}">{words}</span>'


def external(url: str, words: str) -> str:
    """A link out of DW."""
    return f'<a href="{url}" rel="ExternalRef">{words}</a>'


def image(
    dw_id: int,
    caption: str | None = None,
    *,
    ending: str = "jpg",
    renditions: Iterable[tuple[int, int, int]] = STANDARD,
    name: str = "Symbolbild",
) -> Json:
    """A picture as replies show it. caption None: no `description` key. renditions: (rendition, width, height)."""
    picture: Json = {"id": dw_id, "type": "Image", "name": name}
    if caption is not None:
        picture["description"] = caption
    picture["sizes"] = [
        {"width": width, "height": height, "url": f"{STATIC}/image/{dw_id}_{rendition}.{ending}"}
        for rendition, width, height in renditions
    ]
    return picture


def gallery(dw_id: int, name: str, slides: list[Json], key: str = "images") -> Json:
    """A gallery inside a body; key: the word under which the slides stand."""
    return {"id": dw_id, "type": "Gallery", "name": name, key: slides}


def video(dw_id: int, name: str, preview: Json, *, mp4: bool = True, duration: int = 93) -> Json:
    """A video as mainContent or inside a body."""
    stem = f"{MEDIA}/dwtv_video/flv/xx/xx{dw_id}_invented"
    hls = {"protocol": "https", "format": "HLS", "bitrate": 2467, "url": f"{stem}_,sd,.mp4.csmil/master.m3u8"}
    sources: list[Json] = [{**hls, "quality": "HLS"}]
    if mp4:
        sources[:0] = [
            {"protocol": "https", "format": "mp4", "bitrate": rate, "url": f"{stem}_{size}.mp4", "quality": quality}
            for rate, size, quality in ((531, "sd_sor", "medium"), (2467, "sd_avc", "high"), (656, "sd", "medium"))
        ]
    return {
        "id": dw_id,
        "type": "Video",
        "name": name,
        "permaLink": permalink(dw_id),
        "url": f"{API}/api/detail/video/{dw_id}",
        "duration": duration,
        "sources": sources,
        "previewImage": preview,
    }


def audio(dw_id: int, name: str, preview: Json, *, duration: int = 611) -> Json:
    """An audio as mainContent."""
    url = f"{MEDIA}/dwaudio/xx{dw_id}_invented.mp3"
    source = {"protocol": "https", "format": "mp3", "bitrate": 128, "url": url, "quality": "medium"}
    return {"id": dw_id, "type": "Audio", "name": name, "duration": duration, "sources": [source], "image": preview}


# ---- replies --------------------------------------------------------------------------------------------------------


def reply(content: Content) -> Json:
    """Return the answer of /api/detail/{kind}/{id}, as an object to be written as JSON."""
    date = content.display_date
    answer: Json = {
        "type": content.type,
        "id": content.id,
        "languageId": LANGUAGE_IDS.get(content.language, UNKNOWN_LANGUAGE_ID),
        "trackingInfo": {"level2": "4", "page": f"<prefix>::{content.name}", "customCriteria": {"x8": "", "x1": "1"}},
        "name": content.name,
        "teaser": content.teaser,
        "categoryName": content.category,
        "text": plain_text(content.body),
        "permaLink": permalink(content.id),
        "referenceGroups": [],
        "commentsEnabled": False,
    }
    if content.body:
        answer["body"] = [{"content": part} for part in content.body]
    if content.posts:
        answer["posts"] = list(content.posts)
    if content.main is not None:
        answer["mainContent"] = content.main
    if date is not None:
        answer["displayDate"] = date
    answer.update(content.keys)
    for key in content.without:
        answer.pop(key, None)
    return answer


def teaser(content: Content) -> Json:
    """The content as an item of a list."""
    word = {"article": "Article", "video": "Video", "audio": "Audio", "gallery": "Gallery"}[content.kind]
    item: Json = {
        "type": "BasicTeaser" if word == "Article" else f"{word}Teaser",
        "name": content.name,
        "teaserText": content.teaser,
        "displayDate": content.display_date,
        "reference": {
            "id": content.id,
            "type": f"{word}Ref",
            "name": content.name,
            "url": f"{API}/api/detail/{content.kind}/{content.id}",
        },
        "columnCount": 1,
        "allowedColumnCounts": [1, 2],
        "commentsEnabled": False,
    }
    if content.main and content.main.get("type") == "Image":
        item["image"] = content.main
    return {key: value for key, value in item.items() if value is not None}


def plain_text(body: Iterable[Json]) -> str:
    """The words of the paragraphs, tags dropped."""
    words = []
    for part in body:
        if isinstance(part.get("text"), str):
            inside, text = False, []
            for char in part["text"]:
                if char in "<>":
                    inside = char == "<"
                elif not inside:
                    text.append(char)
            words.append("".join(text))
    return " ".join(words)
