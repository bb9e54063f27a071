"""Starting points that are not addresses: `edition:zh`, `mediacenter:zh`, `search:zh:2023-10-01..2023-10-07`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from crawler.exceptions import ArchiverError
from crawler.urls import LANGUAGE_IDS, LANGUAGES, Sites

CHANNELS = {
    "ar": "rss-ar-all", "bs": "rss-bos-all", "de": "rss-de-all", "en": "rss-en-all", "es": "rss-sp-all",
    "fa-af": "rss-dar-all", "fa-ir": "rss-per-all", "fr": "rss-fre-all", "id": "rss-ind-all", "pl": "rss-pol-all",
    "ps": "rss-pas-all", "pt-br": "rss-br-all", "ro": "rss-rom-all", "ru": "rss-ru-all", "sq": "rss-alb-all",
    "tr": "rss-tur-all", "uk": "rss-ukr-all", "zh": "rss-chi-all",
}  # fmt: skip
"""The feed with everything of an edition, by language path. Source: section 5 of our notes on DW's data."""

COMMENTS = "Comment"
"""The type of commentaries, if the API lists them under a type of their own. [assumed: no search has shown it]"""

# Article: a recorded search; the others: filterParameters of recorded media pages. Liveblogs have no known type.
_CONTENT_TYPES = {"article": "Article", "video": "Video", "audio": "Audio", "gallery": "ImageGallery",
                  "comment": COMMENTS}  # fmt: skip
_WINDOW = re.compile(r"search:([\w-]{1,20}):(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)", re.ASCII)
_FIRST_YEAR = 1953  # when DW began; an earlier year is a typo that would cost a request for each day


class UnreadableSeed(ArchiverError, ValueError):
    """A starting point is invalid, or needs a languageId that is unknown. Raised by this module; caught where seeds are
    read and counted."""


@dataclass(frozen=True)
class Window:
    """A past period of one edition. language_id: of api.dw.com. language: its path, None if it is unknown.
    first, last: days in UTC, both included."""

    language_id: int
    language: str | None
    first: date
    last: date

    def days(self, until: date = date.max) -> Iterator[date]:
        """Yield each day, oldest first. until: the last day that is wanted."""
        for offset in range((min(self.last, until) - self.first).days + 1):
            yield self.first + timedelta(days=offset)


def parse_window(text: str) -> Window:
    """Return the period of `search:zh:2023-10-01..2023-10-07`; a languageId (`search:4:...`) serves as well as a path.

    Raises UnreadableSeed when it is written otherwise, when a day does not exist, when the last day comes before the
    first, or when the languageId of the path is not known.
    """
    found = _WINDOW.fullmatch(text.strip())
    if found is None:
        raise UnreadableSeed(f"not of the form search:zh:2023-10-01..2023-10-07: {text.strip()[:120]!r}")
    number = language_id(found[1])
    first, last = _day(found[2]), _day(found[3])
    if last < first:
        raise UnreadableSeed(f"the last day comes before the first: {first}..{last}")
    return Window(number, LANGUAGE_IDS.get(number), first, last)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise UnreadableSeed(f"no such day: {text}") from error
    if not _FIRST_YEAR <= day.year < 9999:
        raise UnreadableSeed(f"DW published nothing then: {text}")
    return day


def language_id(text: str) -> int:
    """Return the languageId of api.dw.com for a language path, or for itself in digits.

    Raises UnreadableSeed if the path is not an edition of DW, or one whose languageId was never seen.
    """
    text = text.strip()
    if re.fullmatch(r"[1-9][0-9]{0,3}", text):
        return int(text)
    _check_edition(text)
    for number, language in LANGUAGE_IDS.items():
        if language == text:
            return number
    raise UnreadableSeed(f"the languageId of {text} is not known: if you know it, write the number instead")


def search_url(sites: Sites, language_id: int, day: date, page: int = 1, kinds: Sequence[str] = ("article",)) -> str:
    """Return the address of a page of all that was published in an edition on a day.

    day: in UTC. page: from 1. kinds: of `urls.DOCUMENT_KINDS`, or `comment`; search knows no liveblogs, they are left out. More
    than one kind is joined with a comma [assumed]. Raises ValueError when no kind is left.
    """
    types = ",".join(_CONTENT_TYPES[kind] for kind in kinds if kind in _CONTENT_TYPES)
    if not types:
        raise ValueError(f"not a kind that can be searched: {', '.join(kinds)}")
    return (
        f"{sites.api}/api/search/global?terms=*&contentTypes={types}&languageId={language_id}&sortByDate=true"
        f"&startDate={day}&endDate={day + timedelta(days=1)}&pageIndex={page}"
    )


def mediacenter_url(sites: Sites, language_id: int, page: int = 1) -> str:
    """Return the address of a page of an edition's videos, audio and galleries of the last 12 months. page: from 1."""
    return f"{sites.api}/api/list/mediacenter/{language_id}?pageIndex={page}"


def edition_urls(sites: Sites, language: str) -> list[str]:
    """Return the addresses of the lists of new documents in an edition: its feed, if it is known, and its news-sitemap.

    language: a language path. Raises UnreadableSeed when it is none.
    """
    language = language.strip()
    _check_edition(language)
    feeds = [f"{sites.rss}/rdf/{CHANNELS[language]}"] if language in CHANNELS else []
    return [*feeds, f"{sites.www}/{language}/news-sitemap.xml"]


def _check_edition(language: str) -> None:
    if language not in LANGUAGES:
        raise UnreadableSeed(f"not an edition of DW: {language[:40]!r}; there are {' '.join(sorted(LANGUAGES))}")
