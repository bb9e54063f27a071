"""Which articles can be shown."""

from __future__ import annotations

import re

import pytest

from crawler.dw.article import Article, Gallery, Paragraph, Slide, Video, check_usable
from crawler.exceptions import UnreadableReply
from crawler.sanitise import Markup
from crawler.urls import DwAddress, PictureName

WORDS = Paragraph(Markup("Some words."))
SLIDE = Slide(PictureName(63, "303", "jpg"), DwAddress("static.dw.com/image/63_303.jpg"))
FILE = Video(DwAddress("https://static.dw.com/1.mp4"))
KINDS = ("article", "liveblog", "gallery", "video", "audio")


@pytest.mark.parametrize(
    "article",
    [
        *(Article(7, kind, "t", blocks=(WORDS,)) for kind in ("article", "liveblog", "gallery")),
        *(Article(7, kind, "t", galleries=(Gallery(Markup(""), (SLIDE,)),)) for kind in ("article", "liveblog")),
        *(Article(7, kind, "t", teaser=Markup("x")) for kind in ("liveblog", "video", "audio")),
        *(Article(7, kind, "t", video=FILE) for kind in ("video", "audio")),
        Article(7, "gallery", "t", slides=(SLIDE,)),
    ],
    ids=lambda article: article.kind,
)
def test_article_with_something_to_show_is_usable(article: Article) -> None:
    check_usable(article)
    article.title = ""
    with pytest.raises(UnreadableReply, match=re.escape(f"{article.kind} 7: no usable title")):
        check_usable(article)


@pytest.mark.parametrize("kind", KINDS)
def test_article_without_a_body_is_not_usable(kind: str) -> None:
    with pytest.raises(UnreadableReply, match=re.escape(f"{kind} 7: no usable body")):
        check_usable(Article(7, kind, "t"))


@pytest.mark.parametrize("kind", ["article", "gallery"])
def test_teaser_alone_is_not_a_body(kind: str) -> None:
    with pytest.raises(UnreadableReply, match="no usable body"):
        check_usable(Article(7, kind, "t", teaser=Markup("x")))
