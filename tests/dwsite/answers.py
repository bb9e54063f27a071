"""Answer requests to each host, without faults."""

from __future__ import annotations

import email.utils
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.dwsite import ids, lists, media, pages
from tests.dwsite.articles import PICTURES
from tests.dwsite.feeds import feed
from tests.dwsite.pictures import CONTENT_TYPES, picture
from tests.dwsite.shapes import Json
from tests.dwsite.sitemaps import is_packed, sitemap
from tests.dwsite.state import State, detail_reply, special_reply

_PICTURE = re.compile(r"(-?\d+)_(\d+)\.(\w+)")
_FIRST_MEDIA = 1_767_225_600  # 2026-01-01 UTC; a minute later for each version


@dataclass
class Answer:
    """A reply before it is sent. pieces: used instead of body if given, and sent without a length."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    pieces: AsyncIterator[bytes] | None = None

    @staticmethod
    def text(text: str, content_type: str, status: int = 200) -> Answer:
        """Return text in UTF-8, with the charset in its type."""
        return Answer(status, text.encode(), f"{content_type}; charset=utf-8")

    @staticmethod
    def of_json(value: Any, status: int = 200) -> Answer:
        """Return JSON as DW writes it: not escaped, indented."""
        text = json.dumps(value, ensure_ascii=False, indent=1)
        return Answer(status, text.encode(), "application/json;charset=UTF-8")

    @staticmethod
    def moved(to: str, status: int = 302) -> Answer:
        """Return a redirect."""
        return Answer(status, b"", "text/html", {"Location": to})


def not_found() -> Answer:
    """Return a 404. DW's body for it was never recorded; this one is invented."""
    return Answer.of_json({"status": 404, "error": "Not Found"}, 404)


def answer_for(state: State, host: str, segments: list[str], query: str) -> Answer:
    """Return the answer of a host to a path, given as its decoded parts."""
    match host, segments:
        case "api", ["api", "detail", kind, dw_id]:
            return detail(state, kind, dw_id)
        case "api", ["api", "search", "global"]:
            return _list(lambda: lists.search(state, query))
        case "api", ["api", "list", "mediacenter", number]:
            return _list(lambda: lists.mediacenter(state, int(number), query))
        case "rss", [form, channel]:
            made = feed(state, form, channel)
            return Answer(200, *made) if made else not_found()
        case "www", [*_, name] if "sitemap" in name and (pieces := sitemap(state, segments)):
            packed = is_packed(state, segments)
            return Answer(content_type="application/gzip" if packed else "application/xml", pieces=pieces)
        case "www", _:
            return www(state, segments)
        case "static", ["image", name]:
            return image_file(state, name)
        case "static", ["moved", "image", name]:
            return image_file(state, name, moved=True)
        case "media", [*_, name]:
            return media_file(state, name)
    return not_found()


def _list(make: Callable[[], Json]) -> Answer:
    """Return a page of a list; 400 for parameters that are not numbers."""
    try:
        return Answer.of_json(make())
    except ValueError:
        return Answer.of_json({"status": 400, "error": "Bad Request"}, 400)


def www(state: State, segments: list[str]) -> Answer:
    """Answer for www.dw.com, except sitemaps: pages, graph-api, short addresses."""
    status, text, location = pages.answer(state, segments)
    if location:
        return Answer.moved(location, status)
    return Answer.text(text, "application/json" if text.startswith("{") else "text/html", status)


def detail(state: State, kind: str, dw_id: str) -> Answer:
    """/api/detail/{kind}/{id}."""
    if not (dw_id.isascii() and dw_id.isdigit()):
        return Answer.of_json({"status": 400, "error": "Bad Request"}, 400)
    wanted = int(dw_id)
    if kind == "article":
        if wanted == ids.GONE:
            return Answer.of_json({"status": 410, "error": "Gone"}, 410)
        if wanted == ids.ALIAS_REDIRECT:
            return Answer.moved(f"/api/detail/article/{ids.ALIAS_REDIRECT_TO}")
        if wanted == ids.ALIAS_DIRECT:
            wanted = ids.ALIAS_DIRECT_TO
        if (special := special_reply(wanted)) is not None:
            return Answer.of_json(special)
    content = state.content(wanted)
    if content is None:
        return not_found()
    if status := state.deleted(wanted):
        return Answer.of_json({"status": status, "error": "deleted"}, status)
    same = content.kind == kind or (kind == "article" and wanted == ids.GALLERY_BY_REFERENCE)
    return Answer.of_json(detail_reply(state, content)) if same else not_found()


def image_file(state: State, name: str, *, moved: bool = False) -> Answer:
    """/image/{id}_{rendition}.{ending}; the bytes depend on id, rendition and version."""
    match = _PICTURE.fullmatch(name)
    if not match or match[3] not in CONTENT_TYPES:
        return not_found()
    dw_id = int(match[1])
    names = PICTURES.get(dw_id)
    known = dw_id in PICTURES or state.synthetic.has_picture(dw_id) or dw_id in _edited_pictures(state)
    if not known or (names is not None and name not in names) or dw_id == ids.LOST_PICTURE:
        return not_found()
    if dw_id == ids.MOVED_PICTURE and not moved:
        return Answer.moved(f"/moved/image/{name}")
    version = state.picture_versions.get(dw_id, 1)
    size = state.options.picture_bytes + dw_id % 97
    data = picture(f"{dw_id}_{match[2]} v{version}", match[3], size)
    return Answer(200, data, CONTENT_TYPES[match[3]])


def media_file(state: State, name: str) -> Answer:
    """Return the whole file of a video or audio by the last part of its address; the validators tell its version."""
    found = media.parse(name)
    content = state.content(found[0]) if found else None
    if found is None or content is None or content.kind not in ("video", "audio"):
        return not_found()
    version = state.media_versions.get(found[0], 1)
    headers = {}
    if state.options.media_validators:
        changed = email.utils.formatdate(_FIRST_MEDIA + version * 60, usegmt=True)
        headers = {"ETag": f'"{found[0]}-{version}"', "Last-Modified": changed}
    return Answer(200, media.media(name, version, state.options.media_bytes), media.CONTENT_TYPES[found[1]], headers)


def ranged(answer: Answer, wanted: str, if_range: str) -> Answer:
    """Return the part of an answer that a Range header (one range, with a start) requests; the whole if If-Range names another
    version; 416 beyond the end. Source: RFC 9110, 13.1.5 and 14."""
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted)
    if found is None or answer.status != 200 or (if_range and if_range not in answer.headers.values()):
        return answer
    size, first = len(answer.body), int(found[1])
    if first >= size:
        return Answer(416, b"", "text/plain", {"Content-Range": f"bytes */{size}"})
    last = min(int(found[2] or size), size - 1)
    headers = {**answer.headers, "Content-Range": f"bytes {first}-{last}/{size}"}
    return Answer(206, answer.body[first : last + 1], answer.content_type, headers)


def _edited_pictures(state: State) -> set[int]:
    return {int(edit["picture"]) for edit in state.edits.values() if "picture" in edit}
