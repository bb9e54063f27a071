"""Parse the options of a search as a person writes them: languages, kinds, days."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime

from crawler.exceptions import NOT_UNDERSTOOD, ArchiverError
from crawler.library.search.catalogue import DAY_MS
from crawler.library.search.search import Selection
from crawler.urls import DOCUMENT_KINDS, LANGUAGES, UNKNOWN_LANGUAGE

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class BadOption(ArchiverError):
    """An option cannot be understood. Raised here; ends the command with status 2, or is shown beside the form."""

    exit_status = NOT_UNDERSTOOD


def selection_of(
    names: dict[str, str], language: str, kind: str, since: str | None, until: str | None, *, with_revisions: bool
) -> Selection:
    """Return what the options select.

    names: what the person calls `language`, `kind`, `since` and `until`. language, kind: separated by commas, empty for all.
    since, until: days, both included. Raises BadOption.
    """
    last = day_ms(names["until"], until)
    return Selection(
        languages=languages_of(names["language"], language),
        kinds=names_of(names["kind"], kind, DOCUMENT_KINDS),
        since_ms=day_ms(names["since"], since),
        until_ms=None if last is None else last + DAY_MS,
        with_revisions=with_revisions,
    )


def languages_of(option: str, text: str) -> frozenset[str]:
    """Return the language paths of a text. Raises BadOption."""
    return names_of(option, text, (*LANGUAGES, UNKNOWN_LANGUAGE))


def names_of(option: str, text: str, known: Sequence[str]) -> frozenset[str]:
    """Return the names in a text, separated by commas. Raises BadOption for one that is not known."""
    names = frozenset(filter(None, map(str.strip, text.split(","))))
    if unknown := sorted(names - set(known)):
        raise BadOption(f"{option}: not one of {', '.join(sorted(known))}: {unknown[0]}")
    return names


def day_ms(option: str, text: str | None) -> int | None:
    """Return the first millisecond of a day like 2026-11-22, UTC; None for no text. Raises BadOption."""
    if text is None:
        return None
    try:
        if not _DAY.fullmatch(text):
            raise ValueError(text)
        found = date.fromisoformat(text)
    except ValueError as error:
        raise BadOption(f"{option}: not a day like 2026-11-22: {text}") from error
    return int(datetime(found.year, found.month, found.day, tzinfo=UTC).timestamp()) * 1000
