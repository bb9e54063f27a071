"""Names for people."""

from __future__ import annotations

import pytest

from crawler.reader import names
from crawler.urls import DOCUMENT_KINDS, LANGUAGES


@pytest.mark.parametrize("path", sorted(LANGUAGES))
def test_every_edition_of_dw_has_a_name_in_its_own_language_and_in_english(path: str) -> None:
    found = names.language(path)
    assert found.path == path
    assert path not in (found.name, found.english)


def test_an_unknown_language_is_named_by_its_path() -> None:
    assert names.language("xx") == ("xx", "xx", "xx", "xx", "ltr")


TAGS = [("fa-af", "fa-AF", "rtl"), ("zh-hant", "zh-Hant", "ltr"), ("ur", "ur", "rtl")]


@pytest.mark.parametrize(("path", "tag", "direction"), TAGS)
def test_a_browser_is_told_language_and_direction(path: str, tag: str, direction: str) -> None:
    assert names.language(path)[3:] == (tag, direction)


def test_every_kind_of_document_has_a_word() -> None:
    assert all(names.kind(kind) != kind for kind in DOCUMENT_KINDS)


@pytest.mark.parametrize(("number", "name"), [("01", "January"), ("12", "December"), ("13", "13"), ("00", "00")])
def test_a_month_that_does_not_exist_keeps_its_number(number: str, name: str) -> None:
    assert names.month_name(number) == name
