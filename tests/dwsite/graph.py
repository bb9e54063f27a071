"""Contents in the form of the web site's own interface: graph-api, __APP_STATE__ and __APOLLO_STATE__.

Source: the state of a page of 2023-06; for 2024 only the names of the keys are known.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from tests.dwsite.articles import CONTENTS, images_in
from tests.dwsite.shapes import WWW, Content, Json, page_path, permalink
from tests.dwsite.state import State

LANGUAGE_NAMES = {
    "de": "GERMAN", "en": "ENGLISH", "ru": "RUSSIAN", "zh": "CHINESE", "pt-br": "PORTUGUESE_BRAZIL", "ar": "ARABIC",
    "bn": "BENGALI", "fa-ir": "PERSIAN", "es": "SPANISH", "am": "AMHARIC", "hi": "HINDI", "tr": "TURKISH",
}  # fmt: skip

_SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20" viewBox="0 0 20 20"><path d="M1 1z" /></svg>'
_ARTICLE_LINK = re.compile(r'<a href="https://api\.dw\.com/api/detail/article/(\d+)" rel="ArticleRef">(.*?)</a>')
_EXTERNAL_LINK = re.compile(r'<a href="([^"]*)" rel="ExternalRef">(.*?)</a>')
_SPAN = re.compile(r'<span data-id="(\d+)" data-type="(\w+)">(.*?)</span>')


def entity(state: State, content: Content) -> Json:
    """The content's object, other objects inside it (no __ref)."""
    path = unquote(page_path(content))
    date = content.display_date
    picture = next(images_in(content.main), None)
    found: Json = {
        "__typename": {"article": "Article", "video": "Video", "audio": "Audio", "gallery": "ImageGallery"}[content.kind],
        "id": content.id,
        "namedUrl": path,
        "canonicalUrl": f"{WWW}{path}",
        "language": LANGUAGE_NAMES.get(content.language, content.language.upper()),
        "isRtl": content.language in ("ar", "fa-ir"),
        "title": content.name,
        "name": content.name,
        "teaser": content.teaser,
        "kicker": content.category,
        "text": text_html(state, content),
        "contentDate": date,
        "firstPublicationDate": date,
        "lastPublicationDate": date,
        "persons": [
            {"__typename": "Person", "id": 70300000 + i, "fullName": name} for i, name in enumerate(person_names(content))
        ],
        "legacyAuthor": content.keys.get("author", ""),
        "mainContentImageLink": image_link(picture) if picture else None,
        "contentLinks": [image_link(each) for part in content.body for each in images_in(part)],
        "permaLinkUrl": permalink(content.id),
    }
    if content.kind == "gallery":
        found["extendedGalleryImages"] = [
            {
                "__typename": "GalleryImage",
                "name": each["name"],
                "description": each.get("description", ""),
                "assignedImage": image_link(each)["target"],
            }
            for each in images_in([content.main, content.keys.get("items")])
        ]
    if content.kind == "video":
        sources = [source["url"] for source in (content.main or {}).get("sources", []) if source["format"] == "mp4"]
        found["mp4Sources"] = sources
        found["duration"] = (content.main or {}).get("duration")
    if content.type == "Liveblog":
        found |= {"__typename": "Liveblog", "posts": [post_entity(state, post) for post in content.posts]}
    return found


def post_entity(state: State, post: Json) -> Json:
    """A liveblog's post, as client code of 2026 reads it."""
    names = [" ".join(person.values()) for person in post.get("persons", [])]
    return {
        "__typename": "Post",
        "id": post["id"],
        "title": post["name"],
        "contentDate": post.get("displayDate"),
        "persons": [{"fullName": name} for name in names],
        "text": "".join(part_html(state, each["content"]) for each in post["body"]),
    }


def person_names(content: Content) -> list[str]:
    """Return the full names of the persons that the reply names one by one."""
    people = content.keys.get("persons") or content.keys.get("authors") or []
    names = []
    for each in people:
        if isinstance(each, dict):
            each = each.get("name") or " ".join(filter(None, (each.get("firstName"), each.get("lastName"))))
        if each:
            names.append(each)
    return names


def image_link(picture: Json) -> Json:
    """A picture as a ContentLink with its target."""
    ending = picture["sizes"][0]["url"].rpartition(".")[2]
    dw_id = picture["id"]
    return {
        "__typename": "ContentLink",
        "targetId": dw_id,
        "target": {
            "__typename": "Image",
            "id": dw_id,
            "name": picture["name"],
            "staticUrl": f"https://static.dw.com/image/{dw_id}_${{formatId}}.{ending}",
            "imageType": "STANDARD",
        },
        "additionalInformation": picture["name"],
        "description": picture.get("description", ""),
        "isInText": True,
        "targetType": "IMAGE",
        "name": "",
    }


def text_html(state: State, content: Content) -> str:
    """The body as the web site's HTML."""
    parts = [part for part in (part_html(state, each) for each in content.body) if part]
    if not content.body and "text" in content.keys:
        parts.append(links_html(state, content.keys["text"]))
    return "".join(parts)


def part_html(state: State, part: Json) -> str:
    """Return one part of a body; empty for parts that the web site's text does not have."""
    match part:
        case {"type": "Paragraph", "text": str(text)}:
            strong = re.fullmatch(r"<strong>(.*)</strong>", text)
            return f"<h2>{strong[1]}</h2>" if strong else f"<p>{links_html(state, text)}</p>"
        case {"type": "Image", "id": int(dw_id), "sizes": [{"url": str(url)}, *_]}:
            ending = url.rpartition(".")[2]
            address = f"https://static.dw.com/image/{dw_id}_${{formatId}}.{ending}"
            return (
                f'<figure class="placeholder-image master_landscape big"><img data-format="MASTER_LANDSCAPE" '
                f'data-id="{dw_id}" data-url="{address}" data-aspect-ratio="16/9" alt="{part["name"]}" />'
                f'<figcaption class="img-caption">{part.get("description") or ""}'
                f'<small class="copyright">Image: Invented</small></figcaption></figure>'
            )
        case {"type": "Video", "id": int(dw_id), "name": str(name)}:
            source = part["sources"][0]["url"]
            return (
                f'<div class="vjs-wrapper embed big"><h2 aria-label="Embedded video — {name}" class="headline">{_SVG}'
                f'{name}</h2><video id="video-{dw_id}" controls><source src="{source}" type="video/mp4" /></video></div>'
            )
        case {"type": "YouTube" | "Youtube"}:
            key = part.get("youtubeId") or part["url"].rpartition("=")[2]
            return f'<div class="embed"><iframe src="https://www.youtube.com/embed/{key}"></iframe></div>'
    return ""


def links_html(state: State, text: str) -> str:
    """Turn the API's links and spans in a text into those of the web site."""
    text = _ARTICLE_LINK.sub(lambda m: internal_link(state, int(m[1]), m[2]), text)
    text = _SPAN.sub(lambda m: internal_link(state, int(m[1]), m[3], "t" if m[2] == "AUTO_TOPIC" else "a"), text)
    return _EXTERNAL_LINK.sub(
        r'<a rel="noopener nofollow" target="_blank" class="external-link" href="\1" title="External link — \2">'
        rf"\2{_SVG}</a>",
        text,
    )


def internal_link(state: State, dw_id: int, words: str, letter: str = "a") -> str:
    """A link to a content's page, by its path where it is known."""
    content = CONTENTS.get(dw_id) or state.content(dw_id)
    path = unquote(page_path(content)) if content else f"/en/{letter}-{dw_id}"
    return f'<a class="internal-link" href="{path}">{words}</a>'


def apollo(found: Json) -> Json:
    """Return an object and its contents as a cache of entities joined by __ref."""
    cache: Json = {}

    def place(value: object) -> object:
        if isinstance(value, list):
            return [place(each) for each in value]
        if not isinstance(value, dict):
            return value
        flat = {key: place(each) for key, each in value.items()}
        if "targetId" in flat:
            name = f'ContentLink:{{"targetId":{flat["targetId"]}}}'
        elif "__typename" in flat and "id" in flat:
            name = f"{flat['__typename']}:{flat['id']}"
        else:
            return flat
        cache[name] = {**cache.get(name, {}), **flat}
        return {"__ref": name}

    top = place(found)
    query = f'content({{"id":{found["id"]},"lang":"{found["language"]}"}})'
    config = {"__typename": "FrontendConfig", "staticBaseHost": "https://static.dw.com"}
    cache["ROOT_QUERY"] = {"__typename": "Query", query: top, "config": config}
    return cache
