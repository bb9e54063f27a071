"""/api/search/global and /api/list/mediacenter: pages of teasers. Source: recorded pages of both."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import parse_qs, urlencode

from tests.dwsite.articles import CONTENTS
from tests.dwsite.ids import FIRST_MEDIA, FIRST_SYNTHETIC
from tests.dwsite.shapes import API, LANGUAGE_IDS, Content, Json, teaser
from tests.dwsite.state import State
from tests.dwsite.synthetic import synthetic_date, synthetic_kind, synthetic_language

SEARCH_PAGE, MEDIA_PAGE = 20, 30
_TYPES = {"Article": "article", "Video": "video", "Audio": "audio", "Gallery": "gallery", "ImageGallery": "gallery"}
_ENDLESS = 1_000_000


def newest(state: State, language: str, kinds: Sequence[str], start: str = "", end: str = "~") -> list[int]:
    """Return the ids of the contents of a language with start <= displayDate < end (as text), newest first.

    Contents without a date and deleted ones are left out.
    """
    found: list[tuple[str, int]] = []
    for dw_id in CONTENTS:
        content = state.content(dw_id)
        if content and content.language == language and content.kind in kinds and content.display_date:
            found.append((content.display_date, dw_id))
    found += [each for each in _synthetic(language, "article", state.options.articles) if "article" in kinds]
    for kind in set(kinds) - {"article"}:
        found += _synthetic(language, kind, state.options.media)
    found = [(date, dw_id) for date, dw_id in found if start <= date < end and not state.deleted(dw_id)]
    return [dw_id for _, dw_id in sorted(found, reverse=True)]


@lru_cache
def _synthetic(language: str, kind: str, count: int) -> list[tuple[str, int]]:
    first = FIRST_SYNTHETIC if kind == "article" else FIRST_MEDIA
    return [
        (synthetic_date(place), first + place)
        for place in range(count)
        if synthetic_language(place) == language and (kind == "article" or synthetic_kind(place) == kind)
    ]


def search(state: State, query: str) -> Json:
    """/api/search/global. startDate and endDate are days or instants; the end's own day counts only by option."""
    given = {key: values[0] for key, values in parse_qs(query).items()}
    language = int(given.get("languageId", 0))
    kinds = [_TYPES[word] for word in given.get("contentTypes", "Article").split(",") if word in _TYPES]
    end = given.get("endDate", "~")
    if state.options.search_end_inclusive and "T" not in end:
        end += "~"
    ids = newest(state, language_path(language), kinds, given.get("startDate", ""), end)
    url = f"{API}/api/search/global?{urlencode({k: v for k, v in given.items() if k != 'pageIndex'})}&pageIndex="
    return {
        "languageId": language,
        **_page(state, ids, given, SEARCH_PAGE, url, endless=state.options.endless_search),
    }


def mediacenter(state: State, language: int, query: str) -> Json:
    """/api/list/mediacenter/{languageId}."""
    given = {key: values[0] for key, values in parse_qs(query).items()}
    ids = newest(state, language_path(language), ("video", "audio", "gallery"))
    url = f"{API}/api/list/mediacenter/{language}?pageIndex="
    page = _page(state, ids, given, MEDIA_PAGE, url, endless=state.options.endless_mediacenter)
    return {
        "languageId": language,
        "type": "MediaCenter",
        **page,
        "resultCount": page["paginationInfo"]["availableItems"],
        "filterParameters": {"terms": "", "sortByDate": True, "contentTypes": ["Audio", "Video", "ImageGallery"]},
    }


def language_path(number: int) -> str:
    """The path of a REST languageId, empty for an unknown one."""
    return next((path for path, known in LANGUAGE_IDS.items() if known == number), "")


def _page(state: State, ids: list[int], given: dict[str, str], size: int, url: str, *, endless: bool) -> Json:
    index = max(int(given.get("pageIndex", 1)), 1)
    first = 0 if endless else (index - 1) * size
    contents: list[Content] = [c for c in (state.content(n) for n in ids[first : first + size]) if c]
    pages = _ENDLESS if endless else -(-len(ids) // size)
    info: Json = {
        "availableItems": _ENDLESS * size if endless else len(ids),
        "availablePages": pages,
        "pageSize": size,
        "currentPage": index,
        "itemsOnPage": len(contents),
        "firstItem": (index - 1) * size,
        "lastItem": (index - 1) * size + len(contents) - 1,
    }
    if index > 1:
        info["previousPageUrl"] = f"{url}{index - 1}"
    if index < pages:
        info["nextPageUrl"] = f"{url}{index + 1}"
    items = [teaser(content) for content in contents]
    if index == 1:
        items += [{}] * state.options.empty_items
    return {"paginationInfo": info, "items": items}
