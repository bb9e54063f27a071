"""The text of a document; the quick and the thorough method give the same."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler import normalise
from crawler.dw import passages
from tests.helpers_commands import document

PIECES = [
    "<p>", "</p>", "<br>", "<b>", "</b>", " ", "  ", "\t", "\xa0", "\u3000", "a", "灯笼", "é", "&amp;", "&#10;", "<", "\x85",
    "\x1b",
]  # fmt: skip


def test_author_paragraphs_and_captions_come_in_reading_order_without_markup() -> None:
    body = '<p>One <b>word</b>.</p><img src="x"><small>A &amp; caption</small><h2>Head</h2><ul><li>a</li><li>b</li></ul>'
    one = document(body=body)
    assert passages.passages(one) == ["Somebody", "One word.", "A & caption", "Head", "a", "b"]
    assert passages.body_passages(one.html) == passages.passages(one)[1:]


@pytest.mark.parametrize("markup", ["", "<p> </p>", "<br><br>", "<div><i><br></i></div>"])
def test_a_body_without_words_has_no_passage(markup: str) -> None:
    assert passages.body_passages(markup) == []


def test_inline_markup_separates_no_words() -> None:
    assert passages.body_passages("<p>Donau<i>dampf</i>schiff</p>") == ["Donaudampfschiff"]


@pytest.mark.parametrize(("text", "line"), [("a\n b\t c", "a b c"), ("a\x1b[2Jb", "a[2Jb"), ("é\u2028x", "é x"), ("", "")])
def test_a_line_holds_nothing_that_a_terminal_would_obey(text: str, line: str) -> None:
    assert passages.line_of(text) == line


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
@example("<p> one two </p><p>three</p>")
def test_quick_method_gives_the_same_lines(markup: str) -> None:
    found = passages.body_passages(markup)
    blocks = passages._TAG.sub("", passages._BLOCK.sub("\n", markup)).split("\n")
    assert found == [line for block in blocks if (line := passages.line_of(normalise.unescape(block)))]
