"""What a page needs to know of a document."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crawler.reader.facts import UNTITLED, facts, target_of, title_of
from crawler.storage.index.objects import MEDIA
from tests.helpers_commands import document


@pytest.mark.parametrize(
    ("href", "dw_id"),
    [
        ("https://api.dw.com/api/detail/article/8", 8), ("https://www.dw.com/zh/x/a-8", 8), ("/en/x/video-8", 8),
        ("//www.dw.com/en/x/a-8", None),
        ("https://www.dw.com/en/", None), ("https://evil.example/en/x/a-8", None), ("mailto:a@dw.com", None),
        ("#a-8", None), ("", None),
    ],
)  # fmt: skip
def test_a_link_leads_to_a_document_or_nowhere(href: str, dw_id: int | None) -> None:
    assert target_of(href) == dw_id


def test_a_document_links_once_to_each_other_one_references_first() -> None:
    body = (
        '<p><a href="https://www.dw.com/en/x/a-9">x</a> <A class="y" HREF=\'/en/x/a-8?a=1&amp;b\'>x</A></p>'
        '<a href="https://api.dw.com/api/detail/article/8" rel="ArticleRef">x</a> <b data-href="/en/x/a-10">x</b>'
    )
    assert facts(document(7, body=body)).targets == [8, 9]


def test_a_document_shows_its_pictures() -> None:
    body = '<img src="https://static.dw.com/image/63_303.jpg"><img src="https://static.dw.com/image/64_303.webp">'
    assert facts(document(7, body=body)).shown == [(63, "303"), (64, "303.webp")]


def test_a_video_shows_its_file() -> None:
    video = replace(document(7), html='<p>Words.</small></p><video src="https://static.dw.com/x.mp4"></video>')
    assert facts(video).shown == [(7, MEDIA)]


@pytest.mark.parametrize(("title", "shown"), [("A title", "A title"), ("  ", UNTITLED), ("A\u2028title", "A title")])
def test_a_title_is_one_line_and_never_empty(title: str, shown: str) -> None:
    assert title_of(document(7, title=title)) == shown
