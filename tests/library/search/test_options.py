"""The options of a search, as a person writes them."""

from __future__ import annotations

import pytest

from crawler.exceptions import NOT_UNDERSTOOD
from crawler.library.search.options import BadOption, day_ms, languages_of, selection_of

NAMES = {"language": "--language", "kind": "--kind", "since": "--since", "until": "--until"}
DAY_MS = 86_400_000


def test_without_options_everything_is_searched() -> None:
    found = selection_of(NAMES, "", "", None, None, with_revisions=False)
    assert (found.languages, found.kinds, found.since_ms, found.until_ms) == (frozenset(), frozenset(), None, None)


def test_both_days_are_included() -> None:
    found = selection_of(NAMES, "", "", "2026-06-01", "2026-06-01", with_revisions=True)
    assert (found.since_ms, found.until_ms) == (1_780_272_000_000, 1_780_272_000_000 + DAY_MS)


def test_names_are_separated_by_commas() -> None:
    assert languages_of("--language", " en, zh-hant,,und") == {"en", "zh-hant", "und"}


@pytest.mark.parametrize(
    ("language", "kind", "since", "until", "said"),
    [
        ("xx", "", None, None, r"--language: not one of am, .*: xx$"), ("", "articles", None, None, "--kind: not one of"),
        ("", "", "yesterday", None, "--since: not a day like"), ("", "", None, "2026-02-30", "--until: not a day like"),
        ("", "", "20260601", None, "--since: not a day"), ("", "", "٢٠٢٦-٠٦-٠١", None, "--since: not a day"),
    ],
)  # fmt: skip
def test_an_option_that_cannot_be_understood_is_named(
    language: str, kind: str, since: str | None, until: str | None, said: str
) -> None:
    with pytest.raises(BadOption, match=said) as caught:
        selection_of(NAMES, language, kind, since, until, with_revisions=False)
    assert caught.value.exit_status == NOT_UNDERSTOOD


def test_no_text_is_no_day() -> None:
    assert day_ms("--since", None) is None
