"""Pages of www.dw.com: the layouts of a content's page, sections and topics, graph-api, short addresses.

Source: a recorded page of 2023-03 (classic) and one of 2023-06 (React with Apollo state). All words are invented.
"""

from __future__ import annotations

import json
import re
from html import escape
from urllib.parse import quote

from tests.dwsite import ids
from tests.dwsite.graph import apollo, entity, internal_link, links_html, person_names
from tests.dwsite.lists import newest
from tests.dwsite.shapes import WWW, Content, Json, id_of, page_path, permalink, plain_text
from tests.dwsite.state import State

_NAME = re.compile(r"(a|av|video|audio|g|live|s|t)-(\d+)")
_KINDS = {"a": "article", "live": "article", "av": "video", "video": "video", "audio": "audio", "g": "gallery"}
SECTIONS = (ids.SECTION, ids.TOPIC, 9058)
_SECTION_ITEMS = 40


def answer(state: State, segments: list[str]) -> tuple[int, str, str | None]:
    """Status, text (HTML, or JSON of graph-api), and where a redirect leads."""
    match segments:
        case ["graph-api", _, "content", kind, digits] if digits.isascii() and digits.isdigit():
            return _graph_api(state, kind, int(digits))
        case ["p", code]:
            return _moved_to(state, id_of(code))
    found = _NAME.fullmatch(segments[-1])
    if not found or len(segments) > 3:
        return _not_found()
    dw_id = int(found[2])
    if found[1] in "st":
        language = segments[0] if len(segments) > 1 else "en"
        return (200, _section(state, language, dw_id), None) if dw_id in SECTIONS else _not_found()
    dw_id = {ids.ALIAS_DIRECT: ids.ALIAS_DIRECT_TO, ids.ALIAS_REDIRECT: ids.ALIAS_REDIRECT_TO}.get(dw_id, dw_id)
    content = state.content(dw_id)
    if dw_id == ids.GONE:
        return 410, "<h1>Gone</h1>", None
    if content is None or state.options.layout == "none":
        return _not_found()
    if status := state.deleted(dw_id):
        return status, "<h1>deleted</h1>", None
    if dw_id != int(found[2]) or content.kind != _KINDS[found[1]]:
        return 301, "", page_path(content)
    layouts = {"app_state": _app_state, "apollo": _apollo, "classic": _classic, "json_ld": _json_ld}
    return 200, layouts[state.options.layout](state, content), None


def _not_found() -> tuple[int, str, None]:
    return 404, "<!doctype html><html><body><h1>404</h1></body></html>", None


def _moved_to(state: State, dw_id: int) -> tuple[int, str, str | None]:
    content = state.content(dw_id)
    return (301, "", page_path(content)) if content else _not_found()


def _graph_api(state: State, kind: str, dw_id: int) -> tuple[int, str, None]:
    content = state.content(dw_id)
    deleted = state.deleted(dw_id)
    kinds = {content.kind, content.type.lower(), "image-gallery" if content.kind == "gallery" else ""} if content else set()
    if content is None or deleted or not state.options.graph_api or kind not in kinds:
        return deleted or 404, '{"errors":[{"message":"not found"}]}', None
    return 200, json.dumps({"data": {"content": entity(state, content)}}, ensure_ascii=False), None


# ---- layouts --------------------------------------------------------------------------------------------------------


def script_json(value: Json) -> str:
    """JSON for the inside of a script element, `/` of an end tag escaped as JSON allows it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")


def _page(content: Content, head: str, body: str) -> str:
    url = f"{WWW}{page_path(content)}"
    rtl = ' dir="rtl"' if content.language in ("ar", "fa-ir") else ""
    return (
        f'<!doctype html><html lang="{content.language}"{rtl}><head><meta charset="utf-8">'
        f'<link data-rh="true" rel="canonical" href="{url}"/>'
        f'<meta data-rh="true" property="og:title" content="{escape(content.name)} – DW"/>'
        f'<meta data-rh="true" name="description" content="{escape(content.teaser)}"/>'
        f"{head}</head><body>{body}</body></html>"
    )


def _ld_json(content: Content, *, whole: bool) -> str:
    """whole: with the text as articleBody, which the recorded pages do not have."""
    found: Json = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "mainEntityOfPage": {"@type": "WebPage", "@id": f"{WWW}{page_path(content)}"},
        "publisher": {"@type": "Organization", "name": "Deutsche Welle"},
        "author": [{"@type": "Person", "name": name} for name in person_names(content)],
        "headline": content.name,
        "datePublished": content.display_date,
        "dateModified": content.display_date,
    }
    if content.main and isinstance(content.main.get("id"), int) and content.main.get("type") == "Image":
        ending = content.main["sizes"][0]["url"].rpartition(".")[2]
        found["image"] = [f"https://static.dw.com/image/{content.main['id']}_{rendition}.{ending}" for rendition in (804, 604)]
    if whole:
        found["description"] = content.teaser
        found["articleBody"] = "\n\n".join(plain_text([part]) for part in content.body if "text" in part)
    return f'<script data-rh="true" type="application/ld+json"> {script_json(found)}</script>'


def _react_body(found: Json) -> str:
    """Return what the server renders before scripts run; the readable text is in the state."""
    return (
        f'<div id="root"><h1 class="sc-x">{escape(found["title"])}</h1>'
        f'<p class="sc-y teaser-text">{escape(found["teaser"])}</p>'
        f'<div class="sc-z rich-text">{found["text"]}</div></div>'
    )


def _app_state(state: State, content: Content) -> str:
    found = entity(state, content)
    key = f"/graph-api/{content.language}/content/{content.kind}/{content.id}"
    navigation = f"/graph-api/{content.language}/content/navigation/9077"
    whole = {
        navigation: {"data": {"content": {"__typename": "Navigation", "id": 9077, "name": "Topics; {not} this"}}},
        key: {"data": {"content": found}},
    }
    script = f"<script>  window.__APP_STATE__={script_json(whole)}; window.__other = {{}};</script>"
    return _page(content, _ld_json(content, whole=False), _react_body(found) + script)


def _apollo(state: State, content: Content) -> str:
    found = entity(state, content)
    script = f"<script>  window.__APOLLO_STATE__={script_json(apollo(found))}; </script>"
    return _page(content, _ld_json(content, whole=False), _react_body(found) + script)


def _json_ld(state: State, content: Content) -> str:
    return _page(content, _ld_json(content, whole=True), '<div id="root"></div>')


def _classic(state: State, content: Content) -> str:
    day = ".".join(reversed((content.display_date or "2026-01-01")[:10].split("-")))
    authors = ", ".join(person_names(content)) or content.keys.get("author", "")
    blocks = []
    for part in content.body:
        match part:
            case {"type": "Paragraph", "text": str(text)}:
                strong = re.fullmatch(r"<strong>(.*)</strong>", text)
                plain = links_html(state, text).replace(' class="internal-link"', "")
                blocks.append(f"<h2>{strong[1]}</h2>" if strong else f"<p>{plain}</p>")
            case {"type": "Image", "sizes": [*sizes]} if sizes:
                blocks.append(_pic_box(content.id, part, "full\nrechts\n", 401))
    main = content.main or {}
    main_box = _pic_box(content.id, main, "full", 303) if main.get("type") == "Image" and main.get("sizes") else ""
    name_row = f"<li><strong>Autorin/Autor</strong>\n{escape(authors)}\n</li>" if authors else ""
    return f"""<!DOCTYPE html>
<!--[if (gt IE 9)|!(IE)]><!-->
<html lang="{content.language}"> <!--<![endif]-->
<head>
<link rel="canonical" href="{WWW}{page_path(content)}">
<meta http-equiv="content-type" content="text/html; charset=utf-8">
<meta name="description" content="{escape(content.teaser)}">
<title>{escape(content.name)} | DW | {day}</title>
</head>
<body>
<div id="bodyContent">
<div class="col3">
<h4 class="artikel">{escape(content.category)}</h4>
<h1>{escape(content.name)}</h1>
<p class="intro">{escape(content.teaser)}</p>
<div id="sharing-bar" class="min"><p class="sharing-item toggler"></p></div> {main_box}
<div class="group">
<div class="longText">
{" ".join(blocks)}
</div>
</div>
<h4>More</h4>
<div class="group"><div class="linkList intern"><a href="/en/a-{ids.ENGLISH}"><h2>A teaser</h2>\
<p>Not of this text.</p></a></div></div>
<div class="group">
<ul class="smallList">
<li><strong>Datum</strong>
{day}
</li>
{name_row}
<li>
<strong>Permalink</strong>
{permalink(content.id)}
</li>
</ul>
</div>
</div>
</div>
</body></html>
"""


def _pic_box(article: int, picture: Json, classes: str, rendition: int) -> str:
    ending = picture["sizes"][0]["url"].rpartition(".")[2]
    dw_id, name = picture["id"], escape(picture["name"])
    return (
        f'<div class="picBox {classes}">\n<a class="overlayLink" href="#"\nlink="/overlay/image/article/{article}/{dw_id}" '
        f'rel="nofollow"\nstyle="cursor: pointer;">\n<img loading="lazy" itemprop="image" '
        f'src="https://static.dw.com/image/{dw_id}_{rendition}.{ending}" width="700" height="394" title="{name}" '
        f'alt="{name}" /> </a>\n<p>{picture.get("description") or ""}</p>\n</div>'
    )


def _section(state: State, language: str, dw_id: int) -> str:
    """Return a section page: half of the articles are links, all of them are in the state."""
    contents = [c for c in map(state.content, newest(state, language, ("article",))[:_SECTION_ITEMS]) if c]
    links = "".join(f"<li>{internal_link(state, c.id, escape(c.name))}</li>" for c in contents[::2])
    items = [
        {"__typename": "Article", "id": c.id, "namedUrl": page_path(c), "title": c.name, "teaser": c.teaser} for c in contents
    ]
    found = {
        "__typename": "Navigation",
        "id": dw_id,
        "contentComposition": {"informationSpaces": [{"compositionComponents": [{"contents": items}]}]},
    }
    key = f"/graph-api/{quote(language)}/content/navigation/{dw_id}"
    script = f"<script>window.__APP_STATE__={script_json({key: {'data': {'content': found}}})};</script>"
    other = f'<a href="/{language}/elsewhere/s-{ids.SECTION}">another section</a>'
    return (
        f'<!doctype html><html lang="{language}"><body><h1>Section {dw_id}</h1><ul>{links}</ul>{other}{script}</body></html>'
    )
