"""The quick and the thorough method give the same text of a document."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from crawler import normalise
from crawler.dw import passages

PIECES = [
    "<p>", "</p>", "<br>", "<b>", "</b>", " ", "  ", "\t", "\xa0", "\u3000", "a", "灯笼", "é", "&amp;", "&#10;", "<", "\x85",
    "\x1b",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
@example("<p> one two </p><p>three</p>")
def test_quick_method_gives_the_same_lines(markup: str) -> None:
    found = passages.body_passages(markup)
    blocks = passages._TAG.sub("", passages._BLOCK.sub("\n", markup)).split("\n")
    assert found == [line for block in blocks if (line := passages.line_of(normalise.unescape(block)))]
