"""Canonical text and times. Words are invented."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import normalise

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@pytest.mark.parametrize(
    ("text", "folded"),
    [("", ""), ("  a \t b\n\nc ", "a b c"), ("a\u00a0b\u3000c", "a b c"), ("e\u0301", "\u00e9"), ("\u200b", "\u200b")],
)
def test_fold_leaves_single_spaces(text: str, folded: str) -> None:
    assert normalise.fold(text) == folded


@pytest.mark.parametrize("marks", ["\u0301\u0316" * 500_000, "\u0344" * 200_000, "\u09bc\u09cd" * 200_000])
def test_many_marks_stay_and_cost_little(marks: str) -> None:
    start = time.process_time()
    assert normalise.fold(f"e\u0301 e{marks} e\u0301") == f"\u00e9 e{marks} \u00e9"
    assert time.process_time() - start < 10  # a tenth of a second; it was minutes


PIECES = ["e", "\u0301", "\u0316", "\u0344" * 60, "\u0301\u0316" * 60, " ", "\u0b47", "\u0b3e" * 120]


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_text_with_many_marks_has_one_form(text: str) -> None:
    once = normalise.nfc(text)
    assert normalise.nfc(once) == once
    assert unicodedata.normalize("NFC", once) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("  Trailing space ", "Trailing space"),
        ("Two  spaces stay", "Two  spaces stay"),
        ("A break\r\nbecomes a space", "A break becomes a space"),
        ("One\u2028line\x85only", "One line only"),
        ("No-break space at the end\u00a0", "No-break space at the end"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("[a](b)?", "[a](b)?"),
    ],
)
def test_title_is_one_clean_line(text: str, title: str) -> None:
    assert normalise.title(text) == title


@pytest.mark.parametrize(
    ("names", "author"),
    [
        ([], ""),
        ([""], ""),
        (["null"], ""),
        (["null Lee"], "Lee"),
        (["Ann  Example"], "Ann Example"),
        (["     Ann（desk）"], "Ann（desk）"),
        (["Nullmeier"], "Nullmeier"),
        (["Ann", "Bob"], "Ann, Bob"),
        (["Ann", "", "null", "Ann"], "Ann"),
    ],
)
def test_author_is_cleaned(names: list[str], author: str) -> None:
    assert normalise.author(*names) == author


@given(TEXT)
def test_normalising_twice_changes_nothing(text: str) -> None:
    for function in (normalise.fold, normalise.title, normalise.author):
        once = function(text)
        assert function(once) == once
        assert unicodedata.is_normalized("NFC", once)
        assert "\n" not in once


@pytest.mark.parametrize(
    ("markup", "text"),
    [("<p>a <b>b</b>\n&amp; c</p>", "a b & c"), ("&nbsp;", ""), ("1 < 2", "1 < 2"), ("<br>", ""), ("e\u0301", "\u00e9")],
)
def test_text_of_removes_markup(markup: str, text: str) -> None:
    assert normalise.text_of(markup) == text
